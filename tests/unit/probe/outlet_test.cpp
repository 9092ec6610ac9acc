// Archives that want the same bodies share them; others get their own, and fail alone.
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/json.hpp"
#include "lib/spool/spool.hpp"
#include "probe/outlet.hpp"
#include "probe/series_run.hpp"
#include "tests/unit/lib/temporary_directory.hpp"
#include "tests/unit/probe/padded.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;
using nlohmann::json;

namespace {

Destination to(const std::string& archive, const std::string& format, const std::string& script = {}) {
    Destination destination{.archive = archive, .format = format, .transform = {}};
    if (script.empty()) return destination;
    destination.transform = "t";
    destination.program =
        Transform{.name = "t", .script = script, .arguments = {}, .output_raw = false, .description = {}};
    return destination;
}

/// What one page of one series leaves in the spools.
class Fixture {
  public:
    void run(const std::vector<Destination>& destinations, std::string_view page, Timestamp now = 2000) {
        auto checkpoint = Checkpoint::open(paths, {"default", "h.example.org"}, 1'000'000);
        REQUIRE(checkpoint);
        std::vector<SegmentHeader> headers;
        for (const auto& destination : destinations) {
            REQUIRE(Spool(paths, destination.archive).create());
            headers.push_back({"meshprobe@h.example.org",
                               "h.example.org",
                               "default",
                               destination.archive,
                               {},
                               destination.label()});
        }
        auto outlets = outlets_for(destinations, MESHPROBE_BINARY_DIR "/bin/meshprobe-jq");
        Batch batch(*checkpoint, headers);
        LimitSet limits;
        const SeriesHistory history(*checkpoint);
        SeriesContext context{.checkpoint = *checkpoint,
                              .history = history,
                              .batch = batch,
                              .outlets = outlets,
                              .limits = limits,
                              .tally = tally,
                              .now = now,
                              .flavour = Flavour::esmond,
                              .commit_if_due = [] { return Status{}; },
                              .go_on = [] { return true; }};
        auto entry = std::make_shared<MetadataEntry>();
        entry->key = "k";
        SeriesRun series({.entry = entry,
                          .event_type = "throughput",
                          .base_uri = "/base",
                          .time_updated = {},
                          .plan = {.recent = {1, 5000}, .hole = {}, .deeper = {}}},
                         context);
        const Padded padded(page);
        PointReader reader;
        series.begin(SeriesRun::Part::recent);
        REQUIRE(series.take(reader.read(padded.view()), {1, 5000}));
        series.end(true, true);
        batch.add_change(series.change());
        REQUIRE(batch.commit());
        gaps = checkpoint->gaps();
    }

    struct Spooled {
        std::string format;
        std::vector<std::string> ids;
        std::vector<std::string> bodies;
    };
    [[nodiscard]] Spooled spooled(const std::string& archive) const {
        Spooled found;
        const Spool spool(paths, archive);
        const auto names = spool.list();
        REQUIRE(names);
        for (const auto& name : *names) {
            const auto segment = spool.read(name);
            REQUIRE(segment);
            found.format = (*segment)->header().format;
            for (const auto& message : (*segment)->messages()) {
                found.ids.emplace_back(message.id);
                found.bodies.emplace_back(message.body);
            }
        }
        return found;
    }

    TemporaryDirectory directory;
    Paths paths{directory.path()};
    Tally tally;
    std::vector<Gap> gaps;
};

constexpr auto page = R"([{"ts":1000,"val":1.0},{"ts":1001,"val":2.0},{"ts":1002,"val":3.0}])";

} // namespace

TEST_CASE_METHOD(Fixture, "each archive gets the format that it wants") {
    run({to("a", "raw"), to("b", "lines"), to("c", "raw"), to("d", "esmond")}, page);
    CHECK(spooled("a").format == "raw");
    REQUIRE(spooled("a").bodies.size() == 1);
    CHECK(json::parse(spooled("a").bodies.front())["datapoints"].size() == 3);
    CHECK(spooled("c").bodies == spooled("a").bodies);
    CHECK(spooled("b").format == "lines");
    REQUIRE(spooled("b").bodies.size() == 3);
    CHECK(spooled("b").bodies.back().ends_with("value=3.0 1002000000000"));
    CHECK(spooled("b").ids.back().ends_with("-2"));
    CHECK(json::parse(spooled("d").bodies.at(0))["data"].size() == 3);
    CHECK(gaps.empty());
}

TEST_CASE("archives with one format and one transform share an outlet") {
    const auto outlets =
        outlets_for({to("a", "raw"), to("b", "raw", "."), to("c", "raw"), to("d", "esmond")});
    REQUIRE(outlets.size() == 2);
    REQUIRE(outlets[0].deliveries.size() == 2);
    CHECK(outlets[0].deliveries[0].archives == std::vector<std::size_t>{0, 2});
    CHECK(outlets[0].deliveries[1].archives == std::vector<std::size_t>{1});
    CHECK(outlets[1].deliveries[0].archives == std::vector<std::size_t>{3});
}

TEST_CASE_METHOD(Fixture, "a transform changes what its archive gets, and nothing else") {
    run({to("a", "raw"), to("b", "raw", "{n: (.datapoints | length)}")}, page);
    CHECK(spooled("b").format == "raw+t");
    CHECK(spooled("b").bodies == std::vector<std::string>{R"({"n":3})"});
    CHECK(spooled("a").bodies.size() == 1);
}

TEST_CASE_METHOD(Fixture, "what a transform drops is settled, what it fails on is a gap of its archive") {
    run({to("a", "pscheduler",
            "if .schedule.start[18:19] == \"1\" then null "
            "elif .schedule.start[18:19] == \"2\" then error(\"no\") else .schedule.start end"),
         to("b", "raw")},
        page, 5000);
    CHECK(spooled("a").bodies.size() == 1); // 00:16:40
    CHECK(spooled("b").bodies.size() == 1);
    REQUIRE(gaps.size() == 1);
    CHECK(
        gaps.front() ==
        Gap{.series = "k throughput", .since = 1002, .until = 1003, .reason = "transform t", .archive = "a"});
    CHECK(tally.untransformed == 1);
    CHECK_THAT(tally.first_untransformed, Catch::Matchers::Contains("no"));
}

TEST_CASE_METHOD(
    Fixture, "an archive whose transform has an error in the configuration misses all, nobody else does") {
    auto broken = to("a", "raw", ".");
    broken.program.reset();
    run({broken, to("b", "raw")}, page);
    CHECK(spooled("a").bodies.empty());
    CHECK(spooled("b").bodies.size() == 1);
    REQUIRE(gaps.size() == 1);
    CHECK(gaps.front().since == 1000);
    CHECK(gaps.front().until == 1003);
}
