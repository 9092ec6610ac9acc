#include "lib/units_of_measure.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;
using namespace std::chrono_literals;

TEST_CASE("durations in both notations") {
    const std::pair<const char*, Microseconds> good[] = {
        {"5min", 5min},      {"PT5M", 5min},     {"1h30min", 90min},
        {"1h 30min", 90min}, {"1h30", 1h + 30s}, {"90", 90s},
        {"1.5h", 90min},     {"PT1.5H", 90min},  {"P1D", 24h},
        {"P1DT12H", 36h},    {"P2W", 14 * 24h},  {"500ms", 500ms},
        {"2d", 48h},         {"1w", 7 * 24h},    {"PT0.5S", 500ms},
        {"0", 0s},           {" 5 min ", 5min},  {"PT1H30M5S", 1h + 30min + 5s},
    };
    for (const auto& [text, expected] : good) {
        CAPTURE(text);
        const auto duration = parse_duration(text);
        REQUIRE(duration);
        CHECK(*duration == expected);
        CHECK(*parse_duration(format_duration(*duration)) == expected);
    }
    for (const char* text :
         {"",    " ",    "5 parsecs",        "-5min",  "min",  "5min5x", "P",   "PT",     "P1Y",
          "P1M", "PT5",  "PT5M5H",           "PT1.S",  "1.s",  "P1DT",   "T5M", "1e400h", "inf",
          "nan", "0x10", "999999999999999w", "5,5min", "+5min"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("months and years are refused for what they are") {
    for (const char* text : {"P1M", "P1Y2D", "1M", "2 months", "1y", "3d 1year", "P1MT5M"}) {
        CAPTURE(text);
        const auto duration = parse_duration(text);
        REQUIRE_FALSE(duration);
        CHECK(duration.error().message.find("months and years have no fixed length") != std::string::npos);
    }
    for (const char* text : {"PT", "5 parsecs", "PT5M5H", "mins"}) {
        CAPTURE(text);
        const auto duration = parse_duration(text);
        REQUIRE_FALSE(duration);
        CHECK(duration.error().message.find("months") == std::string::npos);
    }
}

TEST_CASE("one of a kind is not two") {
    CHECK(counted(0, "host") == "0 hosts");
    CHECK(counted(1, "host") == "1 host");
    CHECK(counted(2, "host") == "2 hosts");
}

TEST_CASE("sizes") {
    CHECK(*parse_size("0") == 0);
    CHECK(*parse_size("64K") == 65536);
    CHECK(*parse_size("10M") == 10U << 20);
    CHECK(*parse_size("1.5G") == 3ULL << 29);
    CHECK(*parse_size("4GiB") == 4ULL << 30);
    for (const char* text : {"", "K", "-1", "10m", "1X", "1KK", "1e3", "99999999999T"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
    CHECK(format_size(0) == "0B");
    CHECK(format_size(1536) == "1.5K");
}

TEST_CASE("UTC") {
    CHECK(format_utc(std::chrono::system_clock::from_time_t(1795341600)) == "2026-11-22T10:00:00Z");
    CHECK(format_utc(std::int64_t{99'999'999'998}) == "5138-11-16T09:46:38Z");
}
