#include "lib/checkpoint/key_owners.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <fstream>

using namespace meshprobe;
using test::TemporaryDirectory;

TEST_CASE("the last claim of a key counts, and tasks know nothing of each other") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    std::vector<std::string> keys;
    for (int i = 0; i < 3000; ++i)
        keys.push_back(fmt::format("{:032x}", i * 7919));
    {
        auto owners = KeyOwners::open(paths, "default").value();
        CHECK(owners.find(keys).value() == std::vector<std::string>(keys.size()));
        REQUIRE(owners.claim(keys, "a.example.org"));
        REQUIRE(owners.claim(std::vector{keys[7]}, "b.example.org"));
    }
    const auto owners = KeyOwners::open(paths, "default").value();
    const auto found = owners.find(keys).value();
    for (std::size_t i = 0; i < keys.size(); ++i)
        CHECK(found[i] == (i == 7 ? "b.example.org" : "a.example.org"));
    CHECK(KeyOwners::open(paths, "slow").value().find(keys).value()[0].empty());
}

TEST_CASE("a key that is part of another one is not taken for it, nor is a torn line") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    auto owners = KeyOwners::open(paths, "default").value();
    const std::vector<std::string> keys{"abc"};
    REQUIRE(owners.claim(keys, "a.example.org"));
    std::filesystem::path file;
    for (const auto& entry : std::filesystem::directory_iterator(paths.aliases() / "keys/default")) {
        if (entry.path().filename() != ".lock") file = entry.path();
    }
    const auto append = [&](std::string_view text) { std::ofstream(file, std::ios::app) << text; };
    append("xabc b.example.org\nabcd c.example.org\nabc d.exam");
    CHECK(owners.find(keys).value()[0] == "a.example.org");
    REQUIRE(owners.claim(keys, "e.example.org"));
    CHECK(owners.find(keys).value()[0] == "e.example.org");
}
