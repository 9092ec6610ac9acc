// Jobs of back-fills: their files, their slices, and what they note about the ledger of gaps.
#include "lib/backfill/job.hpp"
#include "lib/backfill/slices.hpp"
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/checkpoint/ledger_note.hpp"
#include "lib/file.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <limits>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;

namespace {

BackfillJob job_of(const Instance& instance) {
    return {.id = backfill_id(instance, "words"),
            .instance = instance,
            .ranges = {{"", 100, 200, false}, {"k throughput", 150, 400, true}},
            .gaps = true,
            .again = false,
            .event_types = {"throughput"},
            .archives = {"gracc", "local"},
            .made_usec = 7,
            .brought = {{" failures", 120, 130, false}},
            .words = "since then"};
}

} // namespace

TEST_CASE("a job is read as it was written, and belongs to its instance alone") {
    const TemporaryDirectory directory;
    const BackfillStore store((Paths(directory.path())));
    const Instance instance{"default", "ps1.example.org:8443"};
    const auto job = job_of(instance);
    REQUIRE(store.write(job));
    REQUIRE(store.write(job_of({"slow", "ps1.example.org"})));
    const auto read = store.read(job.id).value().value();
    CHECK(read.instance == instance);
    CHECK(read.ranges == job.ranges);
    CHECK(read.brought == job.brought);
    CHECK(read.archives == job.archives);
    CHECK(read.event_types == job.event_types);
    CHECK(read.gaps);
    CHECK_FALSE(read.again);
    CHECK(read.words == "since then");
    CHECK(read.since() == 100);
    CHECK(read.until() == 400);
    CHECK(store.of_instance(instance).value().size() == 1);
    CHECK(store.of_instance({"default", "ps1.example.org"}).value().empty());
    CHECK(backfill_id(instance, "words") == job.id);
    CHECK(backfill_id(instance, "other words") != job.id);
    REQUIRE(store.remove(job.id));
    CHECK_FALSE(store.read(job.id).value());
}

TEST_CASE("a name that is no id leads nowhere, and a damaged job is told") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    const BackfillStore store(paths);
    for (const char* id : {"", "x", "../../etc/passwd", "default:../../x.0123456789abcdef",
                           "default:h.0123456789abcdeF", "Default:h.0123456789abcdef"}) {
        CAPTURE(id);
        CHECK_FALSE(store.read(id));
    }
    auto job = job_of({"default", "a.example.org"});
    job.ranges = {{"", 200, 100, false}};
    REQUIRE(store.write(job));
    CHECK_FALSE(store.read(job.id));
    std::ofstream(paths.backfills() / (job.id + ".job")) << "{\"task\": 7}";
    CHECK_FALSE(store.read(job.id));
    std::vector<Error> problems;
    CHECK(store.list(problems).value().empty());
    CHECK(problems.size() == 1);
}

TEST_CASE("a state is read as it was written; whoever holds the lock runs") {
    const TemporaryDirectory directory;
    const BackfillStore store((Paths(directory.path())));
    const auto job = job_of({"default", "a.example.org"});
    REQUIRE(store.write(job));
    CHECK_FALSE(store.read_state(job.id).value());
    BackfillState state;
    state.outcome = BackfillState::Outcome::partial;
    state.message = "why";
    state.reached = 150;
    state.points = 3;
    state.failed = {{"k throughput", 150, 160, false}};
    REQUIRE(store.write_state(job.id, state));
    const auto read = store.read_state(job.id).value().value();
    CHECK(read.outcome == BackfillState::Outcome::partial);
    CHECK(read.message == "why");
    CHECK(read.reached == 150);
    CHECK(read.points == 3);
    CHECK(read.failed == state.failed);
    CHECK_FALSE(store.is_running(job.id));
    {
        const auto lock = store.begin_to_run(job.id).value();
        CHECK(store.is_running(job.id));
        CHECK_FALSE(store.begin_to_run(job.id).value());
    }
    CHECK_FALSE(store.is_running(job.id));
    REQUIRE(store.forget_progress(job.id));
    CHECK_FALSE(store.read_state(job.id).value());
    CHECK(store.read(job.id).value());
}

TEST_CASE("a range is of all series, of one, or of those of a type") {
    CHECK(concerns({"", 0, 1, false}, "k x"));
    CHECK(concerns({"k x", 0, 1, false}, "k x"));
    CHECK_FALSE(concerns({"k x", 0, 1, false}, "k y"));
    CHECK(concerns({" x", 0, 1, false}, "k x"));
    CHECK_FALSE(concerns({" x", 0, 1, false}, "k x/aggregation/3600"));
}

TEST_CASE("slices cover every second of the ranges once, and nothing between them") {
    const std::vector<BackfillRange> ranges{
        {"", 1000, 5000, false}, {"s", 4000, 6000, false}, {"", 100'000, 100'500, false}};
    std::vector<std::pair<Timestamp, Timestamp>> whole;
    Timestamp reached = 0;
    int count = 0;
    while (const auto slice = next_slice(ranges, reached, 900)) {
        CHECK(slice->since >= reached);
        CHECK(slice->until - slice->since <= 900);
        REQUIRE(slice->until > reached);
        for (const auto& range : slice->ranges) {
            CHECK(range.since < range.until);
            if (!range.series.empty()) continue;
            if (!whole.empty() && whole.back().second == range.since) {
                whole.back().second = range.until;
            } else {
                whole.emplace_back(range.since, range.until);
            }
        }
        reached = slice->until;
        ++count;
    }
    CHECK(whole == std::vector<std::pair<Timestamp, Timestamp>>{{1000, 5000}, {100'000, 100'500}});
    CHECK(reached == 100'500);
    CHECK(count == 7);
    CHECK(next_slice(ranges, 4500, 100)->ranges.size() == 2);
    CHECK(next_slice(ranges, 7000, 100)->since == 100'000);
}

TEST_CASE("slices grow where there is little and shrink where it is slow, within bounds") {
    using namespace std::chrono_literals;
    SliceLength length;
    for (int i = 0; i < 10; ++i)
        length.note(1s, 10);
    CHECK(length.seconds() == SliceLength::longest);
    length.note(60s, 10);
    CHECK(length.seconds() == SliceLength::longest);
    length.note(3min, 10);
    CHECK(length.seconds() == SliceLength::longest / 2);
    length.note(1s, 2'000'000);
    CHECK(length.seconds() == SliceLength::longest / 4);
    for (int i = 0; i < 10; ++i)
        length.note_failure();
    CHECK(length.seconds() == SliceLength::shortest);
}

TEST_CASE("how much is done counts the ranges, not the time between them") {
    BackfillJob job;
    job.ranges = {{"", 0, 100, false}, {"", 900, 1000, false}};
    CHECK(share_done(job, 0) == 0);
    CHECK(share_done(job, 100) == 0.5);
    CHECK(share_done(job, 900) == 0.5);
    CHECK(share_done(job, 950) == 0.75);
    CHECK(share_done(job, 5000) == 1);
}

TEST_CASE("readers see the ledger with the note of a back-fill, and the next run takes it in for good") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    const Instance instance{"default", "a.example.org"};
    {
        auto checkpoint = Checkpoint::open(paths, instance, 3600).value();
        Commit commit;
        commit.gaps = {{"", 100, 200, "catch-up", "local"}};
        REQUIRE(checkpoint.commit(commit));
    }
    const CheckpointFiles files(paths, instance);
    const auto before = read_file(files.log, 1 << 20).value();
    std::filesystem::create_directories(paths.backfills());
    REQUIRE(note_in_ledger(paths, instance, {.healed = {{"", "local", 100, 150}}, .gaps = {}}));
    REQUIRE(note_in_ledger(
        paths, instance, {.healed = {{"", "local", 150, 180}}, .gaps = {{"s", 110, 120, "fails", "local"}}}));
    CHECK(read_file(files.log, 1 << 20).value() == before);
    const GapLedger expected{{"", 180, 200, "catch-up", "local"}, {"s", 110, 120, "fails", "local"}};
    CHECK(read_checkpoint(paths, instance).value()->gaps == expected);
    {
        auto checkpoint = Checkpoint::open(paths, instance, 3600).value();
        CHECK(checkpoint.gaps() == expected);
        // From now on it is the checkpoint's: what is lost again stays lost.
        Commit commit;
        commit.gaps = {{"", 100, 110, "quota", "local"}};
        REQUIRE(checkpoint.commit(commit));
    }
    CHECK(read_file(files.log, 1 << 20).value() != before);
    CHECK(read_ledger_note(paths, instance).value().empty());
    CHECK(read_checkpoint(paths, instance).value()->gaps.size() == 3);
}

TEST_CASE("later words about a range count") {
    LedgerNote note;
    add_to_note(note, {.healed = {{"", "a", 0, 100}}, .gaps = {{"s", 10, 20, "fails", "a"}}});
    add_to_note(note, {.healed = {{"s", "a", 10, 15}}, .gaps = {}});
    GapLedger ledger{{"", 0, 100, "catch-up", "a"}};
    apply_note(ledger, note);
    CHECK(ledger == GapLedger{{"s", 15, 20, "fails", "a"}});
}

TEST_CASE("the checkpoint of a job is told apart from that of its instance in the spool") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    const Instance instance{"default", "a.example.org"};
    const auto id = backfill_id(instance, "words");
    const auto queue = paths.spool("local") / "q";
    auto job = Checkpoint::open(paths, BackfillStore(paths).checkpoint(id), 3600).value();
    CHECK_FALSE(job.new_run().empty());
    Commit commit;
    commit.segments = {{"local", "segment"}};
    REQUIRE(job.commit(commit));
    // A dot-file that the job has not committed is not for the regular runs to delete.
    const auto name = std::filesystem::directory_iterator(queue)->path().filename().string();
    std::ofstream(queue / ("." + name)) << "half";
    { const auto regular = Checkpoint::open(paths, instance, 3600).value(); }
    CHECK(std::filesystem::exists(queue / ("." + name)));
}
