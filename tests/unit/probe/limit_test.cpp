#include "probe/limit/limit.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

namespace {

Config config() {
    Config made;
    const auto add = [&](const std::string& name, const std::string& type, Microseconds max) {
        auto& limit = made.limits[name];
        limit.name = name;
        limit.type = type;
        limit.max = max;
    };
    add("recent", "age", std::chrono::days(40));
    add("today", "age", std::chrono::days(1));
    add("odd", "colour", Microseconds(0));
    add("nothing", "age", Microseconds(0));
    return made;
}

constexpr Timestamp now = 1'700'000'000;
constexpr Timestamp day = 86400;

} // namespace

TEST_CASE("age is judged by the server's clock, to the second") {
    auto limits = LimitSet::create(config(), {"recent"});
    REQUIRE(limits);
    const auto verdict = [&](Timestamp ts) { return limits->judge({"throughput", ts, "1", now}).verdict; };
    CHECK(verdict(now) == Verdict::pass);
    CHECK(verdict(now - 40 * day) == Verdict::pass);
    CHECK(verdict(now - 40 * day - 1) == Verdict::drop);
    CHECK(verdict(now + day) == Verdict::pass); // the host's clock is not ours to judge here
}

TEST_CASE("every drop is counted under the limit that decided it") {
    auto limits = LimitSet::create(config(), {"recent", "today"});
    REQUIRE(limits);
    CHECK(limits->judge({"throughput", now - 2 * day, "1", now}).limit == "today");
    CHECK(limits->judge({"throughput", now - 50 * day, "1", now}).limit == "recent");
    CHECK(limits->judge({"throughput", now - 60 * day, "1", now}).limit == "recent");
    CHECK(limits->judge({"throughput", now, "1", now}).limit.empty());
    REQUIRE(limits->counts().size() == 2);
    CHECK(limits->counts()[0].limit == "recent");
    CHECK(limits->counts()[0].dropped == 2);
    CHECK(limits->counts()[0].reason == "older than " + format_duration(std::chrono::days(40)));
    CHECK(limits->counts()[1].dropped == 1);
    CHECK(limits->dropped() == 3);
}

TEST_CASE("no limits pass everything") {
    LimitSet limits;
    CHECK(limits.judge({"throughput", 1, "1", now}).verdict == Verdict::pass);
    CHECK(limits.dropped() == 0);
}

TEST_CASE("limits that cannot be are errors that say where") {
    const auto message = [](const std::string& name) {
        return LimitSet::create(config(), {name}).error().message;
    };
    CHECK_THAT(message("absent"), Catch::Contains("limits.absent"));
    CHECK_THAT(message("odd"), Catch::Contains("limits.odd.type") && Catch::Contains("colour"));
    CHECK_THAT(message("nothing"), Catch::Contains("limits.nothing.max"));
    CHECK(LimitSet::create(config(), {"odd"}).error().kind == ErrorKind::configuration);
}
