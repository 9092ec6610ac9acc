// One series while it is read: which of its points count, and what is counted of the others.
#include "probe/series_run.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

namespace {

constexpr Timestamp now = 1'700'000'000;

/// Reads as the probe does, with what was sent before in the checkpoint.
class Reading {
  public:
    explicit Reading(std::vector<Timestamp> sent) {
        if (!sent.empty()) {
            Commit commit;
            commit.series = {{.series = "k x", .sent = std::move(sent), .complete_until = now - 1000}};
            REQUIRE(checkpoint_.commit(commit));
        }
        MetadataEntry entry;
        entry.key = "k";
        SeriesJob job{.entry = std::make_shared<const MetadataEntry>(entry),
                      .event_type = "x",
                      .base_uri = {},
                      .time_updated = {},
                      .plan = {}};
        job.plan.recent = window;
        run_.emplace(std::move(job), context_);
    }

    Tally take(const std::vector<std::pair<Timestamp, std::string>>& values) {
        for (const auto& [ts, text] : values) { // each in a call of its own, as if batches lay in between
            const std::vector<Point> points{{ts, {text, false}}};
            REQUIRE(run_->take(points, window));
        }
        return tally_;
    }

    static constexpr Window window{0, now + 86400};

  private:
    test::TemporaryDirectory directory_;
    Paths paths_{directory_.path()};
    Checkpoint checkpoint_ = Checkpoint::open(paths_, {"default", "a.example.org"}, 3600).value();
    SeriesHistory history_{checkpoint_};
    Batch batch_{checkpoint_, {}};
    std::vector<Outlet> outlets_;
    LimitSet limits_;
    Tally tally_;
    SeriesContext context_{.checkpoint = checkpoint_,
                           .history = history_,
                           .batch = batch_,
                           .outlets = outlets_,
                           .limits = limits_,
                           .tally = tally_,
                           .now = now,
                           .flavour = Flavour::esmond,
                           .commit_if_due = [] { return Status{}; },
                           .go_on = [] { return true; }};
    std::optional<SeriesRun> run_;
};

} // namespace

TEST_CASE("of a time that comes again in a reading the first value counts, and a second one is counted") {
    Reading reading({});
    const auto tally = reading.take({{now - 20, "1.0"},
                                     {now - 60, "5"}, // an archive that answers with the younger year first
                                     {now - 20, "1.0"},
                                     {now - 20, "2.0"},
                                     {now - 60, "6"}});
    CHECK(tally.duplicates == 3);
    CHECK(tally.conflicts == 2);
}

TEST_CASE("what an earlier run delivered is a repetition, whatever its value") {
    Reading reading({now - 20});
    const auto tally = reading.take({{now - 20, "2.0"}, {now - 10, "3.0"}});
    CHECK(tally.duplicates == 1);
    CHECK(tally.conflicts == 0);
}

TEST_CASE("times beyond twelve hours ahead and of 1970 or before are refused and counted") {
    Reading reading({});
    const auto tally =
        reading.take({{now + 43'200, "1"}, {now + 43'201, "1"}, {0, "1"}, {-7, "1"}, {1, "1"}});
    CHECK(tally.future == 1);
    CHECK(tally.before_epoch == 2);
    CHECK(tally.newest == now + 43'200);
}
