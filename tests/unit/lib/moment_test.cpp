#include "lib/moment.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <ctime>
#include <string>

using namespace meshprobe;

namespace {

class Zone {
  public:
    explicit Zone(const char* name) {
        if (const char* before = ::getenv("TZ"); before != nullptr) before_ = before;
        ::setenv("TZ", name, 1);
        ::tzset();
    }
    Zone(const Zone&) = delete;
    Zone& operator=(const Zone&) = delete;
    ~Zone() {
        if (before_.empty()) {
            ::unsetenv("TZ");
        } else {
            ::setenv("TZ", before_.c_str(), 1);
        }
        ::tzset();
    }

  private:
    std::string before_;
};

constexpr std::int64_t now = 1'793'541'600; // 2026-11-01T14:00:00Z, a Sunday

std::int64_t begin_of(std::string_view text) {
    return parse_moment(text, now, RangeEdge::begin).value();
}
std::int64_t end_of(std::string_view text) {
    return parse_moment(text, now, RangeEdge::end).value();
}

} // namespace

TEST_CASE("moments with a zone are the same everywhere") {
    const Zone zone("Asia/Kolkata");
    CHECK(begin_of("2026-11-01T14:00:00Z") == now);
    CHECK(begin_of("2026-11-01 14:00 UTC") == now);
    CHECK(begin_of("2026-11-01T14:00:00.999Z") == now);
    CHECK(begin_of("2026-11-01T15:00:00+01:00") == now);
    CHECK(begin_of("2026-11-01T09:00:00-0500") == now);
    CHECK(begin_of("2026-11-01 UTC") == now - 14 * 3600);
    CHECK(begin_of("@1793541600") == now);
    CHECK(begin_of("1793541600") == now);
    CHECK(begin_of("now") == now);
    CHECK(begin_of("3 days ago") == now - 3 * 86400);
    CHECK(begin_of("-2h30min") == now - 9000);
    CHECK(begin_of("+1h") == now + 3600);
}

TEST_CASE("without a zone it is local time") {
    const Zone zone("Asia/Kolkata"); // UTC+5:30
    CHECK(begin_of("2026-11-01 19:30") == now);
    CHECK(begin_of("2026-11-01T19:30:00") == now);
    CHECK(begin_of("19:30:00") == now);
    CHECK(begin_of("2026-11-01") == now - (19 * 60 + 30) * 60);
    CHECK(begin_of("today") == begin_of("2026-11-01"));
    CHECK(begin_of("yesterday") == begin_of("2026-10-31"));
    CHECK(begin_of("tomorrow") == begin_of("2026-11-02"));
}

TEST_CASE("the night in which clocks are set back: an hour comes twice, and a range takes in both") {
    const Zone zone("Europe/Berlin"); // 2026-10-25: 03:00 CEST becomes 02:00 CET, at 01:00 UTC
    CHECK(begin_of("2026-10-25 02:30") == begin_of("2026-10-25T00:30:00Z"));
    CHECK(end_of("2026-10-25 02:30") == begin_of("2026-10-25T01:30:00Z"));
    CHECK(begin_of("2026-10-25 01:59:59") == begin_of("2026-10-24T23:59:59Z"));
    CHECK(end_of("2026-10-25 01:59:59") == begin_of("2026-10-24T23:59:59Z"));
    CHECK(end_of("2026-10-25 03:00") == begin_of("2026-10-25T02:00:00Z"));
    CHECK(begin_of("2026-10-26") - begin_of("2026-10-25") == 25 * 3600);
    const Zone west("America/New_York"); // 2026-11-01: 02:00 EDT becomes 01:00 EST, at 06:00 UTC
    CHECK(begin_of("2026-11-01 01:30") == begin_of("2026-11-01T05:30:00Z"));
    CHECK(end_of("2026-11-01 01:30") == begin_of("2026-11-01T06:30:00Z"));
}

TEST_CASE("the night in which clocks are set forward: a time that is skipped is the moment of the jump") {
    const Zone zone("Europe/Berlin"); // 2026-03-29: 02:00 CET becomes 03:00 CEST, at 01:00 UTC
    for (const char* skipped : {"2026-03-29 02:00", "2026-03-29 02:30", "2026-03-29 02:59:59"}) {
        CAPTURE(skipped);
        CHECK(begin_of(skipped) == begin_of("2026-03-29T01:00:00Z"));
        CHECK(end_of(skipped) == begin_of("2026-03-29T01:00:00Z"));
    }
    CHECK(begin_of("2026-03-29 01:59:59") == begin_of("2026-03-29T00:59:59Z"));
    CHECK(begin_of("2026-03-29 03:00") == begin_of("2026-03-29T01:00:00Z"));
    CHECK(begin_of("2026-03-30") - begin_of("2026-03-29") == 23 * 3600);
    const Zone midnight("America/Santiago"); // 2026-09-06: 00:00 becomes 01:00, at 04:00 UTC
    CHECK(begin_of("2026-09-06") == begin_of("2026-09-06T04:00:00Z"));
    const Zone half("Australia/Lord_Howe"); // half an hour, 2026-10-04 02:00 at 15:30 UTC of the day before
    CHECK(begin_of("2026-10-04 02:15") == begin_of("2026-10-03T15:30:00Z"));
    CHECK(end_of("2026-04-05 01:45") - begin_of("2026-04-05 01:45") == 1800);
}

TEST_CASE("yesterday is a day of the calendar, in those nights, too") {
    const Zone zone("Europe/Berlin");
    const auto monday = begin_of("2026-10-26T11:00:00Z");
    CHECK(parse_moment("yesterday", monday, RangeEdge::begin).value() == begin_of("2026-10-25"));
    CHECK(parse_moment("1 day ago", monday, RangeEdge::begin).value() == monday - 86400);
}

TEST_CASE("what is no time says what one looks like") {
    for (const char* text : {"",
                             " ",
                             "soon",
                             "2026",
                             "2026-13-01",
                             "2026-02-30",
                             "2026-11-01 25:00",
                             "2026-11-01T14",
                             "2026-11-01T14:00:00Q",
                             "2026-11-01 14:00 CET",
                             "14",
                             "3 days",
                             "-5 parsecs",
                             "@-1",
                             "@1e9",
                             "@",
                             "99999999999999999999",
                             "2026-11-01Z14:00",
                             "2026-11-01T14:00:00+25:00",
                             "2026-11-01 14:00 UTC UTC",
                             "ago",
                             "+"}) {
        CAPTURE(text);
        const auto moment = parse_moment(text, now, RangeEdge::begin);
        REQUIRE_FALSE(moment);
        CHECK(moment.error().kind == ErrorKind::usage);
        CHECK(moment.error().message.find("3 days ago") != std::string::npos);
    }
}
