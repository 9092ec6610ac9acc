// What is made of questions and of facts. The facts themselves, gathered from real files:
// tests/peers/explain_test.py.
#include "ctl/explain/question.hpp"
#include "ctl/explain/show.hpp"
#include "ctl/explain/verdict.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <ctime>
#include <functional>

using namespace meshprobe;
using namespace meshprobe::explain;
using Catch::Matchers::Contains;

namespace {

constexpr Timestamp now = 1'790'000'000;
constexpr std::int64_t second = 1'000'000;

/// A result that arrives.
ChainFacts good() {
    ChainFacts facts;
    facts.wanted = {.meshes = {"m"},
                    .test = {.task = "often", .type = "rtt", .every = 300, .slack = 0, .ip_version = 4},
                    .source = "192.0.2.1",
                    .destination = "192.0.2.2",
                    .archive = "ps1"};
    facts.now = now;
    facts.from = now - 1500;
    facts.until = now;
    facts.host = "ps1";
    facts.instance = "meshprobe@ps1";
    facts.interval = 300;
    facts.last = LastResult{};
    facts.last->outcome = "success";
    facts.last->last_success_usec = facts.last->finished_usec = (now - 60) * second;
    facts.is_known = true;
    facts.newest = facts.latest = now - 200;
    ArchiveFacts local;
    local.name = "local";
    local.can_be_asked = true;
    local.newest = now - 200;
    facts.archives = {local};
    return facts;
}

Verdict judge(const ChainFacts& facts) {
    return verdict_of(steps_of(facts), facts, Scope::system);
}

Mark mark_of(const ChainFacts& facts, Station station) {
    for (const Step& step : steps_of(facts)) {
        if (step.station == station) return step.mark;
    }
    return Mark::unknown;
}

/// Nothing came: the archive was asked a minute ago.
ChainFacts missing() {
    auto facts = good();
    facts.newest = 0;
    facts.latest = now - 5000;
    facts.archives.front().newest = 0;
    return facts;
}

Result<Question> ask(std::vector<std::string> words) {
    return read_question(words, now);
}

ExpectedResults expected() {
    ExpectedResults results;
    results.addresses = {{"192.0.2.1", "ps1"}, {"192.0.2.2", "ps2"}, {"2001:db8::2", "ps2"}};
    results.archives = {{"ps1", "central"}};
    results.tests = {{"often", "rtt", 300, 0, 0}, {"fast", "throughput", 3600, 0, 0}};
    results.pairs = {{0, 0, 0, {{1, 2}}}, {1, 0, 0, {{1, 1}}}, {1, 0, 1, {}}};
    return results;
}

std::size_t count(const std::vector<std::string>& words) {
    const auto question = ask(words);
    REQUIRE(question);
    const std::string mesh = "m";
    return Match(*question, mesh, expected()).find().size();
}

} // namespace

TEST_CASE("a result that arrives has a tick at every station") {
    for (const Step& step : steps_of(good()))
        CHECK(step.mark == Mark::yes);
    const auto verdict = judge(good());
    CHECK(verdict.kind == Verdict::Kind::arrived);
    CHECK(verdict.advice.empty());
}

TEST_CASE("the verdict is the first station that went wrong") {
    struct Case {
        Cause cause;
        std::string says;
        std::function<void(ChainFacts&)> spoil;
    };
    const std::vector<Case> cases{
        {Cause::not_expected, "no mesh",
         [](ChainFacts& facts) {
             facts = {};
             facts.now = now;
         }},
        {Cause::not_collected, "masked",
         [](ChainFacts& facts) { facts.uncollected = "its timer is masked"; }},
        {Cause::host_down, "no route",
         [](ChainFacts& facts) {
             facts.last->last_success_usec = (now - 90'000) * second;
             facts.last->outcome = "unreachable";
             facts.last->message = "no route";
             facts.last->bad_runs = 7;
         }},
        {Cause::run_failed, "disk full",
         [](ChainFacts& facts) {
             facts.last->last_success_usec = 0;
             facts.last->outcome = "failed";
             facts.last->message = "disk full";
         }},
        {Cause::not_asked, "asked with success",
         [](ChainFacts& facts) { facts.last->last_success_usec = (now - 90'000) * second; }},
        {Cause::failures, "ping: unknown host",
         [](ChainFacts& facts) {
             facts.failed = now - 100;
             facts.failure = "ping: unknown host";
         }},
        {Cause::silent, "ps1 has none since", [](ChainFacts&) {}},
        {Cause::never_seen, "never listed",
         [](ChainFacts& facts) {
             facts.latest = 0;
             facts.is_known = false;
         }},
        {Cause::gap, "catch-up, missing in local",
         [](ChainFacts& facts) {
             facts.gap = Gap{"", now - 4000, now - 100, "catch-up", "local"};
         }},
        {Cause::limit, "here leaves it out",
         [](ChainFacts& facts) { facts.excluding_limit = "here leaves it out"; }},
    };
    for (const auto& [cause, says, spoil] : cases) {
        auto facts = missing();
        spoil(facts);
        const auto verdict = judge(facts);
        INFO(name_of(cause));
        CHECK(name_of(verdict.cause) == name_of(cause));
        CHECK(verdict.kind == Verdict::Kind::missing);
        CHECK_THAT(verdict.text, Contains(says));
        CHECK_FALSE(verdict.advice.empty());
    }
}

TEST_CASE("behind the probe it may wait, be refused, be lost, or have nowhere to go") {
    auto facts = good();
    ArchiveFacts& archive = facts.archives.front();
    archive.newest = 0;
    CHECK(judge(facts).cause == Cause::undelivered);
    facts.judging = {"sane"};
    facts.last->limits = "sane: 3 dropped";
    CHECK(judge(facts).cause == Cause::limit);
    CHECK_THAT(judge(facts).text, Contains("sane: 3 dropped"));
    archive.queued = "1-2-3";
    archive.queued_usec = (now - 30) * second;
    archive.trouble = "connection refused";
    CHECK(judge(facts).cause == Cause::waiting);
    CHECK_THAT(judge(facts).text, Contains("connection refused"));
    CHECK_THAT(judge(facts).advice, Contains("meshprobe-archive@local"));
    archive.refused = "1-2-4";
    archive.reason = "too large";
    CHECK(judge(facts).cause == Cause::refused);
    CHECK_THAT(judge(facts).text, Contains("too large"));
    archive.fault = "it is disabled";
    CHECK(judge(facts).cause == Cause::archive_off);
    facts.archives.clear();
    CHECK(judge(facts).cause == Cause::archive_off);
}

TEST_CASE("what was skipped for one archive, or is too old for it, is not lost") {
    auto facts = good();
    facts.archives.front().newest = 0;
    facts.archives.front().skipped = "quota";
    facts.judging = {"sane"};
    CHECK(judge(facts).cause == Cause::gap);
    CHECK_THAT(judge(facts).text, Contains("skipped for local: quota"));
    facts.archives.front().skipped.clear();
    facts.archives.front().is_outdated = true;
    CHECK(judge(facts).kind == Verdict::Kind::unclear);
}

TEST_CASE("an archive that cannot be asked has confirmed what left the spool") {
    auto facts = good();
    ArchiveFacts& archive = facts.archives.front();
    archive.can_be_asked = false;
    archive.newest = 0;
    CHECK(judge(facts).kind == Verdict::Kind::arrived);
    archive.queued = "1-2-3";
    archive.queued_usec = (now - 30) * second;
    CHECK(judge(facts).cause == Cause::waiting); // nothing was ever delivered there
    archive.has_delivered = true;
    CHECK(judge(facts).kind == Verdict::Kind::arrived); // the newest one, on its way
    archive.trouble = "connection refused";
    CHECK(judge(facts).cause == Cause::waiting);
    archive.trouble.clear();
    archive.queued_usec = (now - 3600) * second;
    CHECK(judge(facts).cause == Cause::waiting);
    archive.queued_usec = (now - 30) * second;
    facts.is_about_now = false; // that very one
    CHECK(judge(facts).cause == Cause::waiting);
}

TEST_CASE("an archive in shadow has nothing, and nobody is to blame") {
    auto facts = good();
    ArchiveFacts& archive = facts.archives.front();
    archive.can_be_asked = false;
    archive.newest = 0;
    archive.is_shadow = true;
    CHECK(judge(facts).kind == Verdict::Kind::unclear);
    CHECK_THAT(judge(facts).text, Contains("in shadow"));
    facts.archives.push_back(good().archives.front());
    CHECK(judge(facts).kind == Verdict::Kind::arrived);
}

TEST_CASE("what is older than collecting was never asked for, unless a back-fill did") {
    auto facts = missing();
    facts.collected_from = facts.until + 3600;
    CHECK(judge(facts).cause == Cause::too_early);
    CHECK_THAT(judge(facts).advice, Contains("meshprobectl backfill"));
    facts.is_backfilled = true;
    CHECK(judge(facts).cause != Cause::too_early);
}

TEST_CASE("what nobody knows is not called missing") {
    auto facts = missing();
    facts.last.reset();
    CHECK(judge(facts).kind == Verdict::Kind::unclear);
    CHECK(mark_of(facts, Station::host_up) == Mark::unknown);
    CHECK_THAT(judge(facts).advice, Contains("meshprobectl run ps1"));

    facts = missing();
    facts.is_about_now = false;
    facts.is_forgotten = true;
    CHECK(judge(facts).kind == Verdict::Kind::unclear);
}

TEST_CASE("what is measured though no mesh expects it is followed all the same") {
    auto facts = good();
    facts.wanted.meshes.clear();
    CHECK(mark_of(facts, Station::expected) == Mark::unknown);
    CHECK(judge(facts).kind == Verdict::Kind::arrived);
}

TEST_CASE("a result of the past is no matter of how its host is now") {
    auto facts = good();
    facts.last->last_success_usec = (now - 90'000) * second;
    facts.last->outcome = "unreachable";
    facts.last->bad_runs = 3;
    CHECK(judge(facts).cause == Cause::host_down);
    facts.is_about_now = false;
    CHECK(judge(facts).kind == Verdict::Kind::arrived);
}

TEST_CASE("of several verdicts the first bad one counts") {
    const Verdict arrived{Verdict::Kind::arrived, Cause::none, "a", ""};
    const Verdict unclear{Verdict::Kind::unclear, Cause::none, "u", ""};
    const Verdict silent{Verdict::Kind::missing, Cause::silent, "s", ""};
    const Verdict down{Verdict::Kind::missing, Cause::host_down, "d", ""};
    CHECK(worst({arrived, unclear, silent, down}).text == "s");
    CHECK(worst({arrived, unclear}).text == "u");
    CHECK(worst({arrived}).text == "a");
}

TEST_CASE("signs are ASCII where the terminal has no others") {
    const Chain chain{missing(), steps_of(missing()), judge(missing())};
    CHECK_THAT(chain_text(chain, false, true), Contains("✗ test ran"));
    const auto plain = chain_text(chain, false, false);
    CHECK_THAT(plain, Contains("x test ran"));
    CHECK(std::ranges::all_of(plain, [](char c) { return static_cast<unsigned char>(c) < 128; }));
}

TEST_CASE("a question names a pair, then an event, then a time") {
    CHECK(ask({"a", "b"})->what.empty());
    CHECK(ask({"a", "b", "packet-trace"})->what == "packet-trace");
    CHECK(ask({"a", "b", "1789990000"})->at == 1'789'990'000);
    CHECK(ask({"a", "b", "rtt", "1789990000"})->at == 1'789'990'000);
    CHECK(ask({"a", "-"})->destination.empty());
    CHECK_FALSE(ask({"a"}));
    CHECK_FALSE(ask({"a", "b", "c", "d"}));
    CHECK_FALSE(ask({"a", "b", "1790000001"})); // not yet
    CHECK_FALSE(ask({"a", "b", "c", "1", "2"}));
}

TEST_CASE("ends are named by address or by machine, tests by event type or kind") {
    CHECK(count({"192.0.2.1", "192.0.2.2"}) == 4); // two tests in two archives
    CHECK(count({"PS1", "ps2"}) == 6);             // both protocols
    CHECK(count({"ps1", "ps2", "rtt"}) == 4);
    CHECK(count({"ps1", "ps2", "throughput"}) == 2);
    CHECK(count({"ps1", "ps2", "packet-loss-rate-bidir"}) == 4);
    CHECK(count({"ps1", "ps2", "packet-count-sent"}) == 4);
    CHECK(count({"ps1", "ps2", "histogram-owdelay"}) == 0);
    CHECK(count({"ps1", "ps2", "failures"}) == 6);
    CHECK(count({"ps2", "ps1"}) == 0);
    CHECK(count({"ps2", "-"}) == 2);
    CHECK(count({"ps", "ps2"}) == 0);
}

TEST_CASE("an event type that is also a kind of test asks for any of its results") {
    CHECK(event_of(*ask({"a", "b", "throughput"}), "throughput").empty());
    CHECK(event_of(*ask({"a", "b", "rtt"}), "rtt").empty());
    CHECK(event_of(*ask({"a", "b", "packet-trace"}), "trace") == "packet-trace");
}

TEST_CASE("what several meshes expect is one, as often as the most frequent of them") {
    const auto wanted = good().wanted;
    auto rare = wanted;
    rare.meshes = {"n"};
    rare.test.every = 600;
    auto other = wanted;
    other.test.ip_version = 6;
    std::vector<Wanted> all{rare};
    merge(all, {wanted, wanted, other});
    REQUIRE(all.size() == 2);
    CHECK(all.front().meshes == std::vector<std::string>{"n", "m"});
    CHECK(all.front().test.every == 300);
}
