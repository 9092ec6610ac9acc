#include "probe/backoff.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;
using namespace std::chrono_literals;

TEST_CASE("three bad runs are tried on, then the pause doubles up to an hour") {
    const Microseconds interval = 5min;
    CHECK(pause_after(0, interval) == 0min);
    CHECK(pause_after(2, interval) == 0min);
    CHECK(pause_after(3, interval) == 5min);
    CHECK(pause_after(4, interval) == 10min);
    CHECK(pause_after(5, interval) == 20min);
    CHECK(pause_after(6, interval) == 40min);
    CHECK(pause_after(7, interval) == 60min);
    CHECK(pause_after(4'000'000'000, interval) == 60min);
}

TEST_CASE("an interval longer than an hour is its own ceiling") {
    CHECK(pause_after(3, 6h) == 6h);
    CHECK(pause_after(9, 6h) == 6h);
    CHECK(pause_after(9, 1s) == 64s);
}

TEST_CASE("the timer that fires at the end of a pause is let in") {
    constexpr std::int64_t start = 1'000'000'000'000;
    CHECK(not_before(start, 0, 5min, 0) == 0);
    const auto next = not_before(start, 4, 5min, 0);
    CHECK(next > start + Microseconds(9min).count());
    CHECK(next < start + Microseconds(10min).count());
}

TEST_CASE("what the host asked for is kept, even after its first bad run") {
    constexpr std::int64_t start = 1'000'000'000'000;
    CHECK(not_before(start, 0, 5min, start + 1) == start + 1);
    CHECK(not_before(start, 7, 5min, start + 1) > start + 1);
}
