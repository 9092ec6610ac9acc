// The jobs that a wish becomes beside those that there are: what one archive has had, or is about to get, is
// not fetched for it again.
#include "ctl/backfill/plan.hpp"
#include "lib/alias.hpp"
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/clock.hpp"
#include "lib/host_record.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;

namespace {

constexpr const char* host = "h.example.org";
const Instance instance{"default", host};

Config config_of(const std::vector<std::string>& archives) {
    Config config;
    config.tasks["default"].archives = archives;
    for (const auto& name : archives)
        config.archives[name].name = name;
    return config;
}

BackfillWish wish_of(Timestamp since, Timestamp until) {
    BackfillWish wish;
    wish.hosts = {host};
    wish.since = since;
    wish.until = until;
    wish.words = std::to_string(since) + " " + std::to_string(until);
    return wish;
}

BackfillStanding standing_of(std::vector<BackfillRange> ranges, bool gaps, bool is_finished,
                             std::vector<std::string> archives = {"a"}) {
    BackfillStanding standing;
    standing.job = {.id = "default:h.example.org.0123456789abcdef",
                    .instance = instance,
                    .ranges = std::move(ranges),
                    .gaps = gaps,
                    .again = false,
                    .event_types = {},
                    .archives = std::move(archives),
                    .made_usec = 1'000'000'000'000,
                    .words = "others"};
    standing.has_run = true;
    if (is_finished) standing.state.outcome = BackfillState::Outcome::done;
    return standing;
}

class Plan {
  public:
    explicit Plan(const std::vector<std::string>& archives) : config_(config_of(archives)) {}

    [[nodiscard]] std::vector<BackfillJob> jobs(const BackfillWish& wish,
                                                const std::vector<BackfillStanding>& known) const {
        return plan_backfill(paths, config_, wish, known).value();
    }
    [[nodiscard]] Error error(const BackfillWish& wish) const {
        return plan_backfill(paths, config_, wish, {}).error();
    }
    void record(const std::vector<Gap>& gaps) const {
        auto checkpoint = Checkpoint::open(paths, instance, 3600).value();
        Commit commit;
        commit.gaps = gaps;
        REQUIRE(checkpoint.commit(commit));
    }

    const TemporaryDirectory directory;
    const Paths paths{directory.path()};

  private:
    Config config_;
};

using Ranges = std::vector<BackfillRange>;

} // namespace

TEST_CASE("what finished gaps brought is cut off a range, unless it is wished for again") {
    const Plan plan({"a"});
    const auto gaps = standing_of({{"", 200, 300, false}, {"k x", 400, 500, true}}, true, true);
    auto wish = wish_of(100, 600);
    const auto jobs = plan.jobs(wish, {gaps});
    REQUIRE(jobs.size() == 1);
    CHECK(jobs[0].ranges == Ranges{{"", 100, 200, false}, {"", 300, 600, false}});
    CHECK(jobs[0].brought == Ranges{{"k x", 400, 500, false}});
    wish.again = true;
    const auto again = plan.jobs(wish, {gaps});
    REQUIRE(again.size() == 1);
    CHECK(again[0].ranges == Ranges{{"", 100, 600, false}});
    CHECK(again[0].brought.empty());
    CHECK(plan.jobs(wish_of(210, 290), {gaps}).empty());
}

TEST_CASE("what a job that is not finished brings is left to it, and it takes part") {
    const Plan plan({"a"});
    const auto running = standing_of({{"", 200, 300, false}}, false, false);
    const auto jobs = plan.jobs(wish_of(250, 400), {running});
    REQUIRE(jobs.size() == 2);
    CHECK(jobs[0].id == running.job.id);
    CHECK(jobs[1].ranges == Ranges{{"", 300, 400, false}});
    CHECK(plan.jobs(wish_of(500, 600), {running}).size() == 1);
}

TEST_CASE("gaps are left to a range that is on its way, but for what was lost after it was fetched") {
    const Plan plan({"a"});
    plan.record({{"", 200, 300, "catch-up", "a"}, {"", 220, 240, "quota", "a"}});
    BackfillWish wish;
    wish.hosts = {host};
    wish.gaps = true;
    auto running = standing_of({{"", 100, 280, false}}, false, false);
    auto jobs = plan.jobs(wish, {running});
    REQUIRE(jobs.size() == 2);
    CHECK(jobs[0].id == running.job.id);
    CHECK(jobs[1].ranges == Ranges{{"", 220, 240, true}, {"", 280, 300, false}});
    // What is missing of what it has done already was lost since.
    running.state.reached = 260;
    jobs = plan.jobs(wish, {running});
    REQUIRE(jobs.size() == 2);
    CHECK(jobs[1].ranges == Ranges{{"", 200, 260, false}, {"", 220, 240, true}, {"", 280, 300, false}});
    // And so was what a finished one had brought.
    jobs = plan.jobs(wish, {standing_of({{"", 100, 280, false}}, false, true)});
    REQUIRE(jobs.size() == 1);
    CHECK(jobs[0].ranges == Ranges{{"", 200, 300, false}, {"", 220, 240, true}});
}

TEST_CASE("each archive is judged by what it has itself had") {
    const Plan plan({"a", "b"});
    const auto first = standing_of({{"", 200, 300, false}}, false, true, {"b"});
    auto jobs = plan.jobs(wish_of(200, 300), {first});
    REQUIRE(jobs.size() == 1);
    CHECK(jobs[0].archives == std::vector<std::string>{"a"});
    CHECK(jobs[0].ranges == Ranges{{"", 200, 300, false}});
    jobs = plan.jobs(wish_of(100, 300), {first});
    REQUIRE(jobs.size() == 2);
    CHECK(jobs[0].archives == std::vector<std::string>{"a"});
    CHECK(jobs[0].ranges == Ranges{{"", 200, 300, false}});
    CHECK(jobs[1].archives == std::vector<std::string>{"a", "b"});
    CHECK(jobs[1].ranges == Ranges{{"", 100, 200, false}});
}

TEST_CASE("event types that were brought are left out of what is fetched then") {
    const Plan plan({"a"});
    auto first = standing_of({{"", 200, 300, false}}, false, true);
    first.job.event_types = {"throughput"};
    auto jobs = plan.jobs(wish_of(100, 300), {first});
    REQUIRE(jobs.size() == 1);
    CHECK(jobs[0].ranges == Ranges{{"", 100, 300, false}});
    CHECK(jobs[0].brought == Ranges{{" throughput", 200, 300, false}});
    auto wish = wish_of(200, 300);
    wish.event_types = {"throughput"};
    CHECK(plan.jobs(wish, {first}).empty());
    wish.event_types = {"failures"};
    jobs = plan.jobs(wish, {first});
    REQUIRE(jobs.size() == 1);
    CHECK(jobs[0].brought.empty());
}

TEST_CASE("what a job could not have of the whole host was not brought") {
    const Plan plan({"a"});
    auto first = standing_of({{"", 200, 300, false}}, false, true);
    first.state.outcome = BackfillState::Outcome::partial;
    first.state.failed = {{"", 240, 260, false}};
    const auto jobs = plan.jobs(wish_of(200, 300), {first});
    REQUIRE(jobs.size() == 1);
    CHECK(jobs[0].ranges == Ranges{{"", 240, 260, false}});
}

TEST_CASE("the same words go on with what is not finished, whatever time they mean by now") {
    const Plan plan({"a", "b"});
    auto first = standing_of({{"", 200, 300, false}}, false, false);
    first.job.words = "3 days ago";
    auto wish = wish_of(250, 350);
    wish.words = "3 days ago";
    const auto jobs = plan.jobs(wish, {first});
    REQUIRE(jobs.size() == 2);
    CHECK(jobs[0].id == first.job.id);
    CHECK(jobs[1].archives == std::vector<std::string>{"b"});
    CHECK(jobs[1].ranges == Ranges{{"", 250, 350, false}});
}

TEST_CASE("another name of an archive is refused with the name under which it is collected") {
    const Plan plan({"a"});
    HostRecord alias;
    alias.host = host;
    alias.alias_of = "first.example.org";
    std::filesystem::create_directories(plan.paths.host_records().parent_path());
    std::ofstream(plan.paths.host_records()) << format_host_records({{alias.host, alias}});
    const auto error = plan.error(wish_of(200, 300));
    CHECK(error.kind == ErrorKind::usage);
    CHECK(error.message.find("meshprobectl backfill first.example.org") != std::string::npos);
    auto all = wish_of(200, 300);
    all.hosts.clear();
    CHECK(plan.jobs(all, {}).empty());
}

TEST_CASE("an archive that was recognised by its keys is refused likewise") {
    const Plan plan({"a"});
    const Instance first{"default", "first.example.org"};
    HostRecord record;
    record.host = first.host;
    std::filesystem::create_directories(plan.paths.host_records().parent_path());
    std::ofstream(plan.paths.host_records()) << format_host_records({{record.host, record}});
    REQUIRE(write_alias_mark(plan.paths, instance, first, true));
    CHECK(plan.error(wish_of(200, 300)).message.find("another name of first.example.org") !=
          std::string::npos);
}
