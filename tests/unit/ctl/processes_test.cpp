#include "ctl/processes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

using namespace meshprobe;

namespace {

Process shell(const std::string& script, std::vector<int>& statuses) {
    return {"/bin/sh", {"-c", script}, [&statuses](int status) { statuses.push_back(status); }};
}

} // namespace

TEST_CASE("every process is run, and tells what it returned") {
    std::vector<int> statuses;
    ProcessPool pool(3);
    for (int status = 0; status < 10; ++status)
        pool.add(shell("exit " + std::to_string(status), statuses));
    pool.add(shell("kill -KILL $$", statuses));
    REQUIRE(pool.run());
    std::ranges::sort(statuses);
    CHECK(statuses == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 137});
}

TEST_CASE("one at a time means one after the other") {
    std::vector<int> statuses;
    ProcessPool pool(1);
    for (int status = 0; status < 5; ++status)
        pool.add(shell("exit " + std::to_string(status), statuses));
    REQUIRE(pool.run());
    CHECK(statuses == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("a signal is passed on, everything is waited for, and nothing more is started") {
    std::vector<int> statuses;
    ProcessPool pool(2);
    pool.add(shell("exec sleep 60", statuses));
    pool.add(shell("kill -TERM $PPID; exec sleep 60", statuses));
    pool.add(shell("exit 3", statuses));
    const auto status = pool.run();
    REQUIRE_FALSE(status);
    CHECK(status.error().kind == ErrorKind::interrupted);
    CHECK(statuses == std::vector<int>{143, 143});
}

TEST_CASE("a program that is not there is an error, and what runs is waited for") {
    std::vector<int> statuses;
    ProcessPool pool(2);
    pool.add(shell("exit 4", statuses));
    pool.add({"/nonexistent/program", {}, {}});
    const auto status = pool.run();
    REQUIRE_FALSE(status);
    CHECK_THAT(status.error().message, Catch::Matchers::Contains("/nonexistent/program"));
    CHECK(statuses == std::vector<int>{4});
}

TEST_CASE("programs are found beside this one and in PATH") {
    CHECK(find_program("processes_test").value().ends_with("/processes_test"));
    CHECK(find_program("sh"));
    CHECK_FALSE(find_program("no-such-program-anywhere"));
}
