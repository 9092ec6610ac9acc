#include "ctl/context_plugin.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;
using namespace std::chrono_literals;

namespace {

/// A plug-in whose data-is-valid is a script.
std::filesystem::path plugin(const std::filesystem::path& directory, const std::string& script) {
    const auto program = directory / "data-is-valid";
    std::ofstream(program) << "#!/bin/sh\n" << script << '\n';
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    return directory / "change";
}

} // namespace

TEST_CASE("a plug-in is told the data and says what it thinks of them") {
    const TemporaryDirectory scratch;
    const auto change = plugin(scratch.path(), R"(grep -q '"vrf": "blue"' && echo '{"valid": true}' ||
        echo '{"valid": false, "error": "vrf is missing"}')");
    CHECK(ask_whether_valid(change, R"({"vrf": "blue"})", 10s));
    const auto refused = ask_whether_valid(change, "", 10s);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::configuration);
    CHECK(refused.error().message.ends_with("data-is-valid refuses it: vrf is missing"));
}

TEST_CASE("a plug-in without data-is-valid has nothing against them") {
    const TemporaryDirectory scratch;
    CHECK(ask_whether_valid(scratch.path() / "change", "{}", 10s));
}

TEST_CASE("what does not answer as it should is told, and ends") {
    const TemporaryDirectory scratch;
    const auto message_of = [&](const std::string& script) {
        const auto asked = ask_whether_valid(plugin(scratch.path(), script), "{}", 300ms);
        REQUIRE_FALSE(asked);
        CHECK(asked.error().kind == ErrorKind::internal);
        return asked.error().message;
    };
    CHECK(message_of("exec sleep 60").find("does not answer within") != std::string::npos);
    CHECK(message_of("exit 3").find("status 3") != std::string::npos);
    CHECK(message_of("kill -KILL $$").find("signal 9") != std::string::npos);
    CHECK(message_of("echo yes").find("its answer is not") != std::string::npos);
    CHECK(message_of("echo '{\"valid\": \"yes\"}'").find("its answer is not") != std::string::npos);
}
