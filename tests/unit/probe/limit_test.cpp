// Each type of limit by itself, then what a set of them makes of a result.
#include "probe/limit/limit_set.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

using namespace meshprobe;
using Verdict = LimitDecision::Verdict;

namespace {

constexpr Timestamp now = 1'700'000'000;
constexpr Timestamp day = 86400;

Limit limit(const std::string& name, const std::string& type, LimitAction action = LimitAction::drop) {
    Limit made;
    made.name = name;
    made.type = type;
    made.action = action;
    return made;
}

Limit age(const std::string& name, Microseconds max, LimitAction action = LimitAction::drop) {
    Limit made = limit(name, "age", action);
    made.max = max;
    return made;
}

Result<LimitSet> set_of(const std::vector<Limit>& limits) {
    Config config;
    std::vector<std::string> names;
    for (const auto& one : limits) {
        config.limits[one.name] = one;
        names.push_back(one.name);
    }
    return LimitSet::create(config, names);
}

struct Received final : Earlier {
    std::vector<Timestamp> all;
    [[nodiscard]] std::size_t received(Timestamp from, Timestamp until) const override {
        return static_cast<std::size_t>(
            std::ranges::count_if(all, [&](Timestamp ts) { return ts >= from && ts < until; }));
    }
};

struct Delivered final : Deliveries {
    std::map<std::string, std::vector<Timestamp>> by_series;
    std::uint64_t count = 0;
    [[nodiscard]] std::uint64_t commits() const override { return count; }
    [[nodiscard]] std::vector<Timestamp> of(const std::string& series) const override {
        const auto found = by_series.find(series);
        return found == by_series.end() ? std::vector<Timestamp>{} : found->second;
    }
};

MetadataEntry series(const std::string& key = "0a") {
    MetadataEntry made;
    made.key = key;
    made.meta.source = R"("192.0.2.1")";
    made.meta.destination = R"("2001:db8::2")";
    made.meta.input_source = R"("ps1.Example.org")";
    made.meta.input_destination = R"("ps2.example.net")";
    made.meta.tool_name = R"("pscheduler/iperf3")";
    return made;
}

/// What becomes of one result, or of the series as a whole, under one limit.
struct One {
    LimitSet set;
    MetadataEntry of = series();

    explicit One(const Limit& limit) : set(std::move(*set_of({limit}))) {}
    Verdict whole(std::string_view event_type = "throughput") {
        return SeriesLimits(set, {of, event_type}).whole().verdict;
    }
    Verdict value(std::string_view value, Timestamp ts = now, const Earlier* earlier = nullptr) {
        const auto padded = std::string(value) + std::string(16, ' ');
        return SeriesLimits(set, {of, "throughput"})
            .judge({ts, std::string_view(padded).substr(0, value.size()), now, earlier})
            .verdict;
    }
};

} // namespace

TEST_CASE("age is judged by the server's clock, to the second") {
    One recent(age("recent", std::chrono::days(40)));
    CHECK(recent.value("1", now) == Verdict::pass);
    CHECK(recent.value("1", now - 40 * day) == Verdict::pass);
    CHECK(recent.value("1", now - 40 * day - 1) == Verdict::drop);
    CHECK(recent.value("1", now + day) == Verdict::pass); // the host's clock is not ours to judge here
}

TEST_CASE("size of a value is in bytes as the archive wrote it") {
    Limit small = limit("small", "size");
    small.max_record = 5;
    One one(small);
    CHECK(one.value("12345") == Verdict::pass);
    CHECK(one.value("123456") == Verdict::drop);
    CHECK(one.value(R"("1234")") == Verdict::drop); // with its quotes
    CHECK_FALSE(SeriesLimits(one.set, {one.of, "x"}).is_too_large(1'000'000));
}

TEST_CASE("size of a message concerns messages only") {
    Limit small = limit("small", "size");
    small.max_message = 1000;
    One one(small);
    CHECK(one.value(std::string(2000, '1')) == Verdict::pass);
    SeriesLimits limits(one.set, {one.of, "throughput"});
    CHECK_FALSE(limits.is_too_large(1000));
    CHECK(limits.is_too_large(1001));
    CHECK(limits.judge_message(1001, 1).verdict == Verdict::drop);
    CHECK(one.set.counts().front().dropped == 1);
}

TEST_CASE("rate counts what the same stretch of time had before, from the epoch on") {
    Limit hourly = limit("hourly", "rate");
    hourly.max_results = 2;
    hourly.per = std::chrono::hours(1);
    One one(hourly);
    const Timestamp hour = now - now % 3600;
    Received earlier;
    CHECK(one.value("1", hour + 5, &earlier) == Verdict::pass);
    earlier.all = {hour - 1, hour};
    CHECK(one.value("1", hour + 5, &earlier) == Verdict::pass); // one of them is of the hour before
    earlier.all = {hour, hour + 1};
    CHECK(one.value("1", hour + 3599, &earlier) == Verdict::drop);
    CHECK(one.value("1", hour + 3600, &earlier) == Verdict::pass);
    earlier.all = {hour + 3598, hour + 3599}; // a late one counts in the order of arrival
    CHECK(one.value("1", hour, &earlier) == Verdict::drop);
}

TEST_CASE("a range of values is for numbers and for the buckets of histograms") {
    Limit range = limit("range", "value-range");
    range.min_value = 0;
    range.max_value = 100.5;
    One one(range);
    for (const auto* good :
         {"0", "100.5", "1e2", "-0.0", R"("7")", R"({"0.1": 3, "100": 1})",
          R"({"-3": 0, "5": 1})", // nothing was counted there
          "{}", R"("text")", "true", "[-5]", R"({"error": -5})", R"({"-5": 1, "note": "x"})"}) {
        INFO(good);
        CHECK(one.value(good) == Verdict::pass);
    }
    for (const auto* bad :
         {"-0.1", "100.6", "1e300", R"("-7")", R"({"5": 1, "-0.25": 2})", R"({"101": 1})"}) {
        INFO(bad);
        CHECK(one.value(bad) == Verdict::drop);
    }
    Limit open = limit("open", "value-range");
    open.min_value = 1;
    CHECK(One(open).value("1e12") == Verdict::pass);
    CHECK(One(open).value("0.5") == Verdict::drop);
}

TEST_CASE("event types are allowed or denied by globs, as a whole series") {
    Limit types = limit("types", "event-type");
    types.allow = {"packet-*", "throughput"};
    types.deny = {"*-bidir"};
    One one(types);
    CHECK(one.whole("packet-trace") == Verdict::pass);
    CHECK(one.whole("throughput") == Verdict::pass);
    CHECK(one.whole("throughput-subintervals") == Verdict::drop);
    CHECK(one.whole("packet-loss-rate-bidir") == Verdict::drop);
    types.allow = {};
    CHECK(One(types).whole("failures") == Verdict::pass);
}

TEST_CASE("pairs are told by networks and names, of what was measured and what the test was told") {
    const auto denied = [](const std::string& pattern) {
        Limit pairs = limit("pairs", "pair");
        pairs.deny = {pattern};
        return One(pairs).whole() == Verdict::drop;
    };
    for (const auto* hit : {"192.0.2.0/24", "192.0.2.1", "2001:db8::/32", "*.example.net", "PS1.example.ORG",
                            "192.0.2.0/24 -> 2001:db8::/32", "ps1.* -> *", "* -> *.example.net",
                            "192.0.2.*->2001:db8::2", "*"}) {
        INFO(hit);
        CHECK(denied(hit));
    }
    for (const auto* miss : {"192.0.3.0/24", "0.0.0.0/0 -> 0.0.0.0/0", "*.example.net -> *",
                             "* -> 192.0.2.0/24", "*.example.com", "ps1.example.org -> ps1.example.org"}) {
        INFO(miss);
        CHECK_FALSE(denied(miss));
    }
    Limit ours = limit("ours", "pair");
    ours.allow = {"*.example.com", "192.0.2.0/24 -> *"};
    CHECK(One(ours).whole() == Verdict::pass);
    ours.allow = {"*.example.com"};
    CHECK(One(ours).whole() == Verdict::drop);
}

TEST_CASE("what another entry of the same subject delivered, or is about to, is a duplicate") {
    auto set = std::move(*set_of({limit("once", "duplicate")}));
    Delivered delivered;
    set.use(delivered);
    const auto a = series("aa");
    const auto b = series("bb");
    auto other = series("cc");
    other.meta.time_duration = "30";
    set.note(a);
    set.note(b);
    set.note(other);
    SeriesLimits first(set, {a, "throughput"});
    SeriesLimits second(set, {b, "throughput"});
    SeriesLimits third(set, {other, "throughput"});
    SeriesLimits traces(set, {b, "packet-trace"});
    const auto judge = [](SeriesLimits& limits, Timestamp ts) {
        return limits.judge_delivery({ts, "1", now, nullptr}).verdict;
    };
    CHECK(first.judge({100, "1", now, nullptr}).verdict == Verdict::pass); // read is not delivered
    CHECK(judge(second, 100) == Verdict::pass);
    CHECK(judge(first, 100) == Verdict::drop);
    CHECK(judge(second, 100) == Verdict::pass); // its own
    CHECK(judge(third, 100) == Verdict::pass);  // another subject
    CHECK(judge(traces, 100) == Verdict::pass); // another event type
    CHECK(judge(first, 101) == Verdict::pass);

    SECTION("a commit tells what came of it") {
        delivered.count = 1;
        delivered.by_series["bb throughput"] = {100};
        CHECK(judge(first, 100) == Verdict::drop);
        CHECK(judge(second, 101) == Verdict::pass); // what is not in the checkpoint was not delivered
        CHECK(judge(first, 101) == Verdict::drop);
    }
    CHECK(set.counts().front().limit == "once");
    CHECK(set.dropped() >= 1);
}

TEST_CASE("every drop is counted under the limit that decided it") {
    auto set =
        std::move(*set_of({age("a-recent", std::chrono::days(40)), age("b-today", std::chrono::days(1))}));
    const auto of = series();
    SeriesLimits limits(set, {of, "throughput"});
    for (const Timestamp days : {2, 50, 60, 0})
        static_cast<void>(limits.judge({now - days * day, "1", now, nullptr}));
    REQUIRE(set.counts().size() == 2);
    CHECK(set.counts()[0].limit == "a-recent");
    CHECK(set.counts()[0].dropped == 2);
    CHECK(set.counts()[0].reason == "older than " + format_duration(std::chrono::days(40)));
    CHECK(set.counts()[1].dropped == 1);
    CHECK(set.dropped() == 3);
}

TEST_CASE("flags add up, until one drops or fails") {
    auto set = std::move(*set_of({age("a", std::chrono::days(1), LimitAction::flag),
                                  age("b", std::chrono::days(2), LimitAction::flag),
                                  age("c", std::chrono::days(3), LimitAction::fail)}));
    const auto of = series();
    SeriesLimits limits(set, {of, "throughput"});
    const auto judge = [&](Timestamp age) { return limits.judge({now - age, "1", now, nullptr}); };
    CHECK(judge(0).flags == 0);
    CHECK(set.names_of(judge(0).flags).empty());
    CHECK(set.names_of(judge(day + 1).flags) == R"(["a"])");
    CHECK(set.names_of(judge(2 * day + 1).flags) == R"(["a","b"])");
    const auto failed = judge(3 * day + 1);
    CHECK(failed.verdict == Verdict::fail);
    CHECK(set.counts()[2].failed == 1);
    CHECK(set.flagged() == 0); // judged, but not delivered yet
    limits.count_flagged(0b11, 5);
    CHECK(set.counts()[1].flagged == 5);
    const auto error = set.failure(failed, now - 4 * day);
    CHECK(error.message == "limit \"c\": older than 3d (2023-11-10T22:13:20Z)");
}

TEST_CASE("a series that is left out is counted as one, and nobody asks the limits behind") {
    Limit types = limit("a", "event-type");
    types.deny = {"*"};
    auto failing = types;
    failing.name = "b";
    failing.action = LimitAction::fail;
    auto set = std::move(*set_of({types, failing}));
    const auto of = series();
    CHECK(SeriesLimits(set, {of, "throughput"}).whole().verdict == Verdict::drop);
    CHECK(set.counts()[0].left_out == 1);
    CHECK(set.counts()[1].failed == 0);
    CHECK(set.dropped() == 0);
}

TEST_CASE("a flag on a whole series is one on each of its results") {
    Limit types = limit("odd", "event-type", LimitAction::flag);
    types.deny = {"throughput"};
    auto set = std::move(*set_of({types}));
    const auto of = series();
    SeriesLimits limits(set, {of, "throughput"});
    CHECK(limits.whole().verdict == Verdict::pass);
    CHECK(limits.judge({now, "1", now, nullptr}).flags == 1);
}

namespace {

/// Cannot judge the series, or not its results.
struct Helpless final : LimitRule {
    struct Judge final : ResultJudge {
        Error error{ErrorKind::internal, "nobody to ask"};
        std::size_t asked = 0;
        bool is_exceeded(const Judged& /*result*/) override { return ++asked > 1; }
        [[nodiscard]] const Error* fault() const override { return asked > 1 ? &error : nullptr; }
    };
    bool knows_series = true;

    [[nodiscard]] std::string reason() const override { return "never"; }
    [[nodiscard]] Result<bool> is_series_exceeded(const JudgedSeries& /*series*/) override {
        return knows_series ? Result<bool>(false) : fail(ErrorKind::internal, "nobody to ask");
    }
    [[nodiscard]] std::shared_ptr<ResultJudge> judge_of_results(const JudgedSeries& /*series*/) override {
        return std::make_shared<Judge>();
    }
};

} // namespace

TEST_CASE("what cannot be judged fails its series, whatever the action") {
    for (const auto action : {LimitAction::drop, LimitAction::flag, LimitAction::fail}) {
        for (const bool knows_series : {false, true}) {
            Config config;
            config.limits["policy"] = limit("policy", "pscheduler", action);
            auto set = std::move(*LimitSet::create(config, {"policy"},
                                                   [&](const Limit&) -> Result<std::unique_ptr<LimitRule>> {
                                                       auto rule = std::make_unique<Helpless>();
                                                       rule->knows_series = knows_series;
                                                       return rule;
                                                   }));
            const auto of = series();
            SeriesLimits limits(set, {of, "throughput"});
            auto decision = limits.whole();
            if (knows_series) {
                CHECK(decision.verdict == Verdict::pass);
                CHECK(limits.judge({now, "1", now, nullptr}).verdict == Verdict::pass);
                decision = limits.judge({now, "1", now, nullptr});
            }
            CHECK(decision.verdict == Verdict::fail);
            CHECK(set.failure(decision, now).message == "limit \"policy\": nobody to ask");
            CHECK(set.counts()[0].failed == 1);
            CHECK(set.dropped() == 0);
        }
    }
}

TEST_CASE("a series that several messages fail is counted once") {
    Limit size = limit("size", "size", LimitAction::fail);
    size.max_message = 1000;
    auto set = std::move(*set_of({size}));
    const auto of = series();
    SeriesLimits limits(set, {of, "throughput"});
    for (int message = 0; message < 3; ++message)
        CHECK(limits.judge_message(1001, 1).verdict == Verdict::fail);
    CHECK(set.counts()[0].failed == 1);
    CHECK(SeriesLimits(set, {of, "packet-trace"}).judge_message(1001, 1).verdict == Verdict::fail);
    CHECK(set.counts()[0].failed == 2);
}

TEST_CASE("numbers in texts are judged as numbers are") {
    Limit range = limit("range", "value-range");
    range.min_value = -10;
    range.max_value = 10;
    One one(range);
    for (const auto* outside : {"70", R"("70")", R"(" 70")", R"("70 ")", R"("+70")", R"("7e1")", "1e400",
                                R"("1e400")", R"("-1e400")", "-1e400", R"({"1e400":1})"})
        CHECK(one.value(outside) == Verdict::drop);
    for (const auto* inside : {"7", R"(" 7 ")", R"("+7")", "1e-400", R"("-1e-400")", R"("70,5")", R"("+-70")",
                               R"("seventy")", R"("")", R"(" ")", R"("+")"})
        CHECK(one.value(inside) == Verdict::pass);
}

TEST_CASE("durations that are written differently are the same subject") {
    auto set = std::move(*set_of({limit("once", "duplicate")}));
    Delivered delivered;
    auto a = series("0a");
    auto b = series("0b");
    a.meta.time_duration = "60";
    b.meta.time_duration = R"("60.0")";
    delivered.by_series["0a throughput"] = {now};
    set.use(delivered);
    set.note(a);
    set.note(b);
    SeriesLimits limits(set, {b, "throughput"});
    CHECK(limits.judge_delivery({now, "1", now, nullptr}).verdict == Verdict::drop);
    CHECK(limits.judge_delivery({now + 1, "1", now, nullptr}).verdict == Verdict::pass);
}

TEST_CASE("no limits pass everything") {
    LimitSet set;
    const auto of = series();
    SeriesLimits limits(set, {of, "throughput"});
    CHECK(limits.whole().verdict == Verdict::pass);
    CHECK(limits.judge({1, "1", now, nullptr}).verdict == Verdict::pass);
    CHECK_FALSE(limits.judges_deliveries());
    CHECK(set.dropped() == 0);
}

TEST_CASE("limits that cannot be are errors that say where") {
    const auto message = [](const Limit& one) { return set_of({one}).error().message; };
    CHECK_THAT(LimitSet::create({}, {"absent"}).error().message, Catch::Contains("limits.absent"));
    CHECK_THAT(message(limit("odd", "colour")),
               Catch::Contains("limits.odd.type") && Catch::Contains("colour"));
    CHECK_THAT(message(limit("x", "age")), Catch::Contains("limits.x.max"));
    CHECK_THAT(message(limit("x", "size")), Catch::Contains("limits.x.max-record"));
    CHECK_THAT(message(limit("x", "rate")), Catch::Contains("limits.x.max-results"));
    CHECK_THAT(message(limit("x", "value-range")), Catch::Contains("limits.x.min-value"));
    auto pair = limit("x", "pair");
    pair.deny = {"a b"};
    CHECK_THAT(message(pair), Catch::Contains("limits.x") && Catch::Contains("a b"));
    CHECK(set_of({limit("odd", "colour")}).error().kind == ErrorKind::configuration);
}
