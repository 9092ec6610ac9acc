// What a slice of a back-fill changes about the ledger of gaps, what it leaves to the regular runs, and how
// much it asks for at once.
#include "probe/backfill/ledger_changes.hpp"
#include "probe/backfill/neighbours.hpp"
#include "probe/fetch/page_size.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;

namespace {

BackfillJob job_of(bool gaps) {
    BackfillJob job;
    job.gaps = gaps;
    job.archives = {"a"};
    job.ranges = {{"", 100, 300, false}};
    return job;
}

GapLedger after(const BackfillJob& job, const BackfillSlice& slice, const SliceResult& result,
                GapLedger ledger, const GapLedger& lost_now = {}) {
    apply_note(ledger, ledger_changes(job, slice, result, ledger, lost_now));
    return ledger;
}

} // namespace

TEST_CASE("a slice heals what it brought, of its archives") {
    const auto job = job_of(true);
    const BackfillSlice slice{100, 200, {{"", 100, 200, false}}};
    CHECK(after(job, slice, {}, {{"", 100, 300, "catch-up", "a"}, {"", 100, 300, "catch-up", "b"}}) ==
          GapLedger{{"", 100, 300, "catch-up", "b"}, {"", 200, 300, "catch-up", "a"}});
}

TEST_CASE("what failed or was lost again is a gap of its own") {
    const auto job = job_of(true);
    const BackfillSlice slice{100, 200, {{"", 100, 200, false}}};
    SliceResult result;
    result.failed = {{"k x", 120, 200, false}};
    const auto ledger = after(job, slice, result, {{"", 100, 200, "catch-up", "a"}},
                              {{"k y", 150, 160, "transform t", "a"}, {"k y", 10, 20, "transform t", "a"}});
    CHECK(ledger == GapLedger{{"k x", 120, 200, "the archive fails to give it", "a"},
                              {"k y", 150, 160, "transform t", "a"}});
}

TEST_CASE("series that were not read, event types that were not asked for and what is left to others stay") {
    auto job = job_of(false);
    const BackfillSlice slice{100, 200, {{"", 100, 200, false}}};
    const GapLedger ledger{{"", 100, 200, "catch-up", "a"}, {"k x", 100, 200, "silent", "a"}};
    SliceResult result;
    result.read = {"k x"};
    job.event_types = {"x"};
    CHECK(after(job, slice, result, ledger) == GapLedger{{"", 100, 200, "catch-up", "a"}});
    result.read = {"k z"};
    CHECK(after(job, slice, result, ledger) == ledger);
    job.event_types.clear();
    result.left_from = 150;
    CHECK(after(job, slice, result, {{"", 100, 200, "catch-up", "a"}}) ==
          GapLedger{{"", 150, 200, "catch-up", "a"}});
}

TEST_CASE("what is known as sent and was lost is healed by those only who were told that it was lost") {
    const BackfillSlice slice{100, 200, {{"", 100, 200, false}}};
    const GapLedger ledger{{"k x", 100, 200, "transform t", "a"}};
    SliceResult result;
    result.read = {"k x"};
    CHECK(after(job_of(false), slice, result, ledger) == ledger);
    auto again = job_of(false);
    again.again = true;
    CHECK(after(again, slice, result, ledger).empty());
    CHECK(after(job_of(true), {100, 200, {{"k x", 100, 200, true}}}, result, ledger).empty());
}

TEST_CASE("what regular runs look after is left to them as long as there are any") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    const Instance instance{"default", "a.example.org"};
    const WindowRules rules{.overlap = 100};
    const auto from = [&](Timestamp now) {
        return RegularRuns::read(paths, instance, rules, std::chrono::minutes(5), now).value().from("k x");
    };
    CHECK(from(5000) == latest_timestamp);
    {
        auto checkpoint = Checkpoint::open(paths, instance, 3600).value();
        Commit commit;
        commit.series = {{.series = "k x", .sent = {4000}, .complete_until = 4000}};
        commit.progress = Progress{.since = 1000, .polled_until = 5000, .archive_url = {}, .flavour = {}};
        REQUIRE(checkpoint.commit(commit));
    }
    CHECK(from(5000) == 3900);
    CHECK(from(5000 + 900) == 3900);
    CHECK(from(5000 + 901) == latest_timestamp);
}

TEST_CASE("pages shrink when answers are slow or fail, and grow again") {
    using namespace std::chrono_literals;
    PageSize size;
    CHECK(size.points(Flavour::esmond) == 1000);
    CHECK(size.points(Flavour::elmond) == 10'000);
    size.note_answer(11s);
    CHECK(size.points(Flavour::esmond) == 500);
    for (int i = 0; i < 10; ++i)
        size.note_failure();
    CHECK(size.points(Flavour::esmond) == 62);
    for (int i = 0; i < 20; ++i)
        size.note_answer(1s);
    CHECK(size.points(Flavour::esmond) == 125);
}

TEST_CASE("what a back-fill has sent to all archives is known to the others") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    const Instance instance{"default", "a.example.org"};
    const BackfillStore store(paths);
    BackfillJob job;
    job.id = backfill_id(instance, "x");
    job.instance = instance;
    job.ranges = {{"", 0, 900, false}};
    job.archives = {"a", "b"};
    REQUIRE(store.write(job));
    {
        auto checkpoint = Checkpoint::open(paths, store.checkpoint(job.id), 3600).value();
        Commit commit;
        commit.series = {{.series = "k x", .sent = {100, 200}, .complete_until = 200}};
        REQUIRE(checkpoint.commit(commit));
    }
    const auto own = Checkpoint::open(paths, instance, 3600).value();
    MetadataEntry entry;
    entry.key = "k";
    const auto known = [&](const std::vector<std::string>& archives, std::string_view self) {
        SeriesHistory history(own);
        REQUIRE(add_backfilled(paths, instance, archives, self, history));
        const auto state = history.find(entry, "x", Flavour::esmond);
        return state ? state->recent : std::vector<Timestamp>{};
    };
    CHECK(known({"a"}, "") == std::vector<Timestamp>{100, 200});
    CHECK(known({"a", "c"}, "").empty());
    CHECK(known({"a"}, job.id).empty());
    // Fed one by one: what both have had.
    auto other = job;
    other.id = backfill_id(instance, "y");
    other.archives = {"c"};
    REQUIRE(store.write(other));
    {
        auto checkpoint = Checkpoint::open(paths, store.checkpoint(other.id), 3600).value();
        Commit commit;
        commit.series = {{.series = "k x", .sent = {200, 300}, .complete_until = 300}};
        REQUIRE(checkpoint.commit(commit));
    }
    CHECK(known({"a", "c"}, "") == std::vector<Timestamp>{200});
    SeriesHistory history(own);
    REQUIRE(add_backfilled(paths, instance, {"a"}, "", history, {{"k x", 150, 250, "", ""}}));
    CHECK(history.find(entry, "x", Flavour::esmond)->recent == std::vector<Timestamp>{100});
}
