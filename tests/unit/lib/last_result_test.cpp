#include "lib/file.hpp"
#include "lib/host_list.hpp"
#include "lib/last_result.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

TEST_CASE("results survive the way through their file") {
    const test::TemporaryDirectory directory;
    const Paths paths(directory.path());
    const Instance instance{"default", "[2001:db8::1]:8443"};
    CHECK_FALSE(*read_last_result(paths, instance));

    LastResult result;
    result.outcome = "unreachable";
    result.message = "no\xffutf-8";
    result.bad_runs = 3;
    result.clock_skewed = true;
    result.lag_usec = -5;
    REQUIRE(write_last_result(paths, instance, result));
    const auto read = read_last_result(paths, instance);
    REQUIRE(read);
    REQUIRE(*read);
    CHECK((*read)->outcome == "unreachable");
    CHECK((*read)->bad_runs == 3);
    CHECK((*read)->clock_skewed);
    CHECK((*read)->lag_usec == -5);

    REQUIRE(write_file_atomically(paths.results() / instance.name(), "{\"outcome\":7}"));
    CHECK_FALSE(read_last_result(paths, instance));
}

TEST_CASE("the host list is checked line by line") {
    const test::TemporaryDirectory directory;
    const Paths paths(directory.path());
    CHECK_FALSE(*read_host_list(paths));
    REQUIRE(make_directories(paths.mesh()));
    REQUIRE(write_file_atomically(
        paths.hosts(), "b.example.org\na.example.org\n../etc\nA.example.org\nb.example.org\n[::2]\nx;rm\n"));
    const auto list = read_host_list(paths);
    REQUIRE(list);
    REQUIRE(*list);
    CHECK((*list)->hosts == std::vector<std::string>{"[::2]", "a.example.org", "b.example.org"});
    CHECK((*list)->refused.size() == 3);

    std::filesystem::remove(paths.hosts());
    std::filesystem::create_symlink("/etc/hostname", paths.hosts());
    CHECK_FALSE(read_host_list(paths));
}
