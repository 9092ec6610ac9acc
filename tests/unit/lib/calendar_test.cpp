#include "lib/calendar.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

using namespace meshprobe;
using namespace std::chrono_literals;

namespace {

/// systemd's own judgement.
bool systemd_accepts(const std::string& expression) {
    REQUIRE(expression.find('\'') == std::string::npos);
    const auto command = "systemd-analyze calendar -- '" + expression + "' >/dev/null 2>&1";
    return std::system(command.c_str()) == 0; // NOLINT(concurrency-mt-unsafe,cert-env33-c)
}

/// Seconds from the n-th to the n+1-th time that it elapses.
std::string elapse_twice(const std::string& expression) {
    const auto command = "systemd-analyze calendar --iterations=2 -- '" + expression +
                         "' | sed -n 's/.*(in UTC): //p; s/.*Next elapse: //p; s/.*Iter. #2: //p' | "
                         "while read -r t; do date -u -d \"$t\" +%s; done | sort -nu | xargs";
    std::array<char, 256> line{};
    FILE* const pipe = ::popen(command.c_str(), "r"); // NOLINT(cert-env33-c)
    REQUIRE(pipe != nullptr);
    const bool read = std::fgets(line.data(), line.size(), pipe) != nullptr;
    REQUIRE(::pclose(pipe) == 0);
    REQUIRE(read);
    return line.data();
}

} // namespace

TEST_CASE("an interval is rounded down to what divides a minute, an hour or a day") {
    CHECK(round_interval(5min) == 5min);
    CHECK(round_interval(7min) == 6min);
    CHECK(round_interval(45s) == 30s);
    CHECK(round_interval(90s) == 1min);
    CHECK(round_interval(59min) == 30min);
    CHECK(round_interval(5h) == 4h);
    CHECK(round_interval(240h) == 24h);
    CHECK(round_interval(1us) == 1s);
    CHECK(round_interval(1999ms) == 1s);
}

TEST_CASE("every interval elapses as often as it says") {
    for (const auto& [unit, count] : {std::pair{1s, 60}, std::pair{60s, 60}, std::pair{3600s, 24}}) {
        for (int i = 1; i <= count; ++i) {
            if (count % i != 0) continue;
            const std::chrono::seconds interval = unit * i;
            INFO(on_calendar(interval));
            REQUIRE(check_calendar(on_calendar(interval)));
            long first = 0;
            long second = 0;
            REQUIRE(std::sscanf(elapse_twice(on_calendar(interval)).c_str(), "%ld %ld", &first, &second) ==
                    2);
            CHECK(second - first == interval.count());
            CHECK(first % interval.count() ==
                  0); // the phase is that of the UTC day, wherever the machine stands
        }
    }
}

TEST_CASE("calendar expressions are accepted only if systemd accepts them") {
    const auto [expression, good] = GENERATE(table<std::string, bool>({
        {"Mon", true},
        {"Mon..Fri", true},
        {"Mon,Wed..Fri 10:00", true},
        {"monday 10:00:30.25 UTC", true},
        {"*-*-* *:*:*", true},
        {"*-*-01 06:00 Europe/Paris", true},
        {"2027-03-05", true},
        {"03-05 12:00", true},
        {"*-02~03", true},
        {"*-*~1 00:00", true},
        {"*:0/5", true},
        {"*:2/5:30 UTC", true},
        {"1..5/2:00", true},
        {"8..18:0,15,30,45", true},
        {"00:00:1.5..3/0.5", true},
        {"hourly", true},
        {"Daily UTC", true},
        {"semiannually", true},
        {"10:00 utc", true},
        {"*:0/59", true},
        {"*:30/30", false},
        {"*:29/30", true},
        {"12/12:00", false},
        {"0..23/24:00", true},
        {"*:*:6..6", false},
        {"*-*~28", true},
        {"*-*~29", false},
        {"*-*~7/7", false},
        {"*-*~14,27", false},
        {"*-*~06,20", true},
        {"*-7/6-1", false},
        {"26-*-*", true},
        {"Mon-Fri 10:00", true},
        {"semi-annually", true},
        {"10:00:00.1234567", true},
        {"*:0/60", false},
        {"*:0/0", false},
        {"0/24:00", false},
        {"", false},
        {" ", false},
        {"10", false},
        {"*", false},
        {"UTC", false},
        {"*/5:00", false},
        {"25:00", false},
        {"10:60", false},
        {"24:00", false},
        {"*-13-01", false},
        {"*-*-32", false},
        {"*-*-0", false},
        {"5..3:00", false},
        {"Sat..Mon 05:00", false},
        {"Mon/2", false},
        {"Mon.. 10:00", false},
        {"Monday,,Tue", false},
        {"10:00  UTC", false},
        {"10:00 Nowhere/X", false},
        {"10:00 ../UTC", false},
        {"10:00 /UTC", false},
        {"10:20 UTC UTC", false},
        {"1:2:3:4", false},
        {"1,2,:00", false},
        {"00:00,", false},
        {"-1:00", false},
        {"*:0/1/2", false},
        {"12-31~1", false},
        {"99999-01-01", false},
        {"10:00\nExecStart=/bin/sh", false},
        {"%n", false},
        {"10:00\t UTC", false},
        {"Mon *-*-* 10:00:00.1234567 UTC x", false},
    }));
    INFO(expression);
    CHECK(check_calendar(expression).has_value() == good);
    CHECK(systemd_accepts(expression) == good);
}

TEST_CASE("whether a day of a calendar expression is to come") {
    using std::chrono::sys_days;
    using namespace std::chrono_literals;
    const sys_days today = 2026y / 11 / 27; // a Friday
    const auto [expression, comes] = GENERATE(table<std::string, bool>({
        {"daily", true},
        {"06:00", true},
        {"Mon 06:00", true},
        {"*-02-29", true},
        {"2026-11-27", true},
        {"2026-11-26", false},
        {"2026-11-26..27", true},
        {"2020-01-01", false},
        {"2020..2199-01-01", true},
        {"2020/3-01-01", true},
        {"26-12-01", true},
        {"25-12-01", false},
        {"99-01-01", false},
        {"*-02-30", false},
        {"02-30,31", false},
        {"*-04,06-31", false},
        {"*-02~28", true},
        {"2027-02~28", true},
        {"2026-11~04", true},
        {"2026-11~05", false},
        {"2026-11~01..09", true},
        {"2027-02-29", false},
        {"Mon 2027-03-01", true},
        {"Tue 2027-03-01", false},
        {"Mon..Wed,Fri 2026-11-27", true},
        {"2026-11-01/13", true},
        {"2026-11-01/12", false},
    }));
    INFO(expression);
    REQUIRE(check_calendar(expression));
    CHECK(has_day_from(expression, today) == comes);
}
