// What is typed after "meshprobectl backfill", and the jobs that it makes of a ledger of gaps.
#include "ctl/backfill/parts.hpp"
#include "ctl/backfill/report.hpp"
#include "ctl/backfill/wish.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace meshprobe;

namespace {

constexpr std::array options{Option{"since", "T", ""},   Option{"until", "T", ""},
                             Option{"gaps", "", ""},     Option{"all", "", ""},
                             Option{"task", "T", ""},    Option{"event-type", "T", ""},
                             Option{"archive", "A", ""}, Option{"again", "", ""}};

template <class... Words>
Result<BackfillWish> wish_of(Words... words) {
    const std::array<const char*, sizeof...(Words) + 1> argv{"backfill", words...};
    return read_wish(parse_command_line(argv, options).value(), 1'000'000'000);
}

using Names = std::vector<std::string>;

BackfillWish any;

std::vector<BackfillPart> holes_of(const GapLedger& ledger, const BackfillWish& wish, const Names& archives) {
    std::map<std::string, BackfillLack> lacks;
    for (const auto& archive : archives)
        lacks[archive] = holes_of(ledger, wish, archive);
    return by_archives(lacks);
}

} // namespace

TEST_CASE("what is typed") {
    const auto wish =
        wish_of("--all", "--since", "@900000000", "--event-type", "b,a", "--event-type=b", "--archive", "x");
    REQUIRE(wish);
    CHECK(wish->since == 900'000'000);
    CHECK(wish->until == 1'000'000'000);
    CHECK(wish->event_types == std::vector<std::string>{"a", "b"});
    CHECK(wish->archives == std::vector<std::string>{"x"});
    CHECK(wish_of("h", "--gaps").value().until == std::nullopt);
    CHECK(wish_of("h", "--since", "1 day ago").value().words ==
          wish_of("h", "--since", "1 day ago").value().words);
    CHECK(wish_of("h", "--since", "1 day ago").value().words !=
          wish_of("h", "--since", "2 days ago").value().words);
    CHECK_FALSE(wish_of("--since", "@900000000"));
    CHECK_FALSE(wish_of("h", "--all", "--gaps"));
    CHECK_FALSE(wish_of("h"));
    CHECK_FALSE(wish_of("h", "--since", "soon"));
    CHECK_FALSE(wish_of("h", "--since", "@900000000", "--until", "@900000000"));
    CHECK_FALSE(wish_of("h", "--gaps", "--event-type", "a b"));
    CHECK(wish_of("h", "--since", "@1000000000", "--until", "@1000000100").error().message.find("future") !=
          std::string::npos);
    CHECK(wish_of("h", "--since", "@999999999", "--until", "@1000000100"));
}

TEST_CASE("holes that the same archives miss are fetched together, each exactly") {
    const GapLedger ledger{{"", 100, 200, "catch-up", "a"},
                           {"", 100, 200, "catch-up", "b"},
                           {"k x", 300, 400, "transform t", "a"},
                           {"", 500, 600, "catch-up", "gone"}};
    const auto holes = holes_of(ledger, any, Names{"a", "b"});
    REQUIRE(holes.size() == 2);
    CHECK(holes[0].archives == std::set<std::string>{"a"});
    CHECK(holes[0].ranges == std::vector<BackfillRange>{{"k x", 300, 400, true}});
    CHECK(holes[1].archives == std::set<std::string>{"a", "b"});
    CHECK(holes[1].ranges == std::vector<BackfillRange>{{"", 100, 200, false}});
}

TEST_CASE("holes that overlap in part are cut where they differ") {
    const GapLedger ledger{{"", 100, 200, "catch-up", "a"}, {"", 150, 300, "silent", "b"}};
    std::map<std::set<std::string>, std::vector<BackfillRange>> found;
    for (const auto& part : holes_of(ledger, any, Names{"a", "b"}))
        found[part.archives] = part.ranges;
    CHECK(found[{"a"}] == std::vector<BackfillRange>{{"", 100, 150, false}});
    CHECK(found[{"a", "b"}] == std::vector<BackfillRange>{{"", 150, 200, false}});
    CHECK(found[{"b"}] == std::vector<BackfillRange>{{"", 200, 300, false}});
}

TEST_CASE("a hole of the host hides those of its series, but not what was lost after it was fetched") {
    const GapLedger ledger{{"", 100, 200, "catch-up", "a"},
                           {"k x", 150, 250, "the archive fails to give it", "a"},
                           {"k x", 120, 130, "transform t", "a"}};
    const auto holes = holes_of(ledger, any, Names{"a"});
    REQUIRE(holes.size() == 1);
    auto ranges = holes[0].ranges;
    CHECK(std::ranges::find(ranges, BackfillRange{"", 100, 200, false}) != ranges.end());
    CHECK(std::ranges::find(ranges, BackfillRange{"k x", 200, 250, false}) != ranges.end());
    CHECK(std::ranges::find(ranges, BackfillRange{"k x", 120, 130, true}) != ranges.end());
    CHECK(ranges.size() == 3);
}

TEST_CASE("the range and the event types that are wanted cut the holes") {
    BackfillWish wish;
    wish.since = 150;
    wish.until = 350;
    wish.event_types = {"x"};
    const GapLedger ledger{{"", 100, 200, "catch-up", "a"},
                           {"k x", 300, 400, "silent", "a"},
                           {"k y", 300, 400, "silent", "a"},
                           {"k x", 400, 500, "silent", "a"}};
    const auto holes = holes_of(ledger, wish, Names{"a"});
    REQUIRE(holes.size() == 1);
    CHECK(holes[0].ranges == std::vector<BackfillRange>{{"", 150, 200, false}, {"k x", 300, 350, false}});
}

TEST_CASE("the bar fits the terminal and tells what is left by what this run has done") {
    BackfillStanding standing;
    standing.job.ranges = {{"", 0, 1000, false}};
    standing.state.reached = 500;
    const auto line = bar({standing}, std::chrono::seconds(60), 0.25, 80);
    CHECK(line.size() < 80);
    CHECK(line.find(" 50 %") != std::string::npos);
    CHECK(line.find("2min left") != std::string::npos);
    CHECK(line.starts_with("[##"));
    CHECK(bar({standing}, std::chrono::seconds(60), 0.25, 20).size() < 24);
}
