// The ledger of gaps: merging, healing, its bound, and that the checkpoint keeps it.
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/checkpoint/gap.hpp"
#include "lib/checkpoint/record.hpp"
#include "lib/checkpoint/snapshot.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;

namespace {

GapLedger ledger_of(std::initializer_list<Gap> gaps) {
    GapLedger ledger;
    for (const Gap& gap : gaps)
        add_gap(ledger, gap);
    return ledger;
}

/// Whether the ledger admits that the archive misses the series at that time.
bool misses(const GapLedger& ledger, std::string_view series, std::string_view archive, Timestamp ts) {
    return std::ranges::any_of(ledger, [&](const Gap& gap) {
        return (gap.series.empty() || gap.series == series) && gap.archive == archive && gap.since <= ts &&
               ts < gap.until;
    });
}

} // namespace

TEST_CASE("ranges that touch become one, of one archive only") {
    const auto ledger = ledger_of({{"s", 10, 20, "quota", "a"},
                                   {"s", 20, 30, "quota", "a"},
                                   {"s", 20, 30, "quota", "b"},
                                   {"s", 29, 40, "catch-up", "a"}});
    CHECK(ledger == GapLedger{{"s", 10, 30, "quota", "a"},
                              {"s", 20, 30, "quota", "b"},
                              {"s", 29, 40, "catch-up", "a"}});
    GapLedger again = ledger;
    CHECK_FALSE(add_gap(again, {"s", 12, 30, "quota", "a"}));
    CHECK(again == ledger);
}

TEST_CASE("what was fetched is cut out, and nothing else") {
    const GapLedger before = ledger_of({{"", 0, 100, "catch-up", "a"},
                                        {"", 0, 100, "catch-up", "b"},
                                        {"s", 200, 300, "silent", "a"},
                                        {"t", 200, 300, "silent", "a"}});
    GapLedger ledger = before;
    SECTION("in the middle: both ends stay") {
        CHECK(heal_gaps(ledger, {"", "a", 40, 60}));
        CHECK(ledger == GapLedger{{"", 0, 40, "catch-up", "a"},
                                  {"", 0, 100, "catch-up", "b"},
                                  {"", 60, 100, "catch-up", "a"},
                                  {"s", 200, 300, "silent", "a"},
                                  {"t", 200, 300, "silent", "a"}});
    }
    SECTION("one series says nothing about the others, nor about the whole host") {
        CHECK(heal_gaps(ledger, {"s", "", 0, 250}));
        CHECK(ledger == GapLedger{{"", 0, 100, "catch-up", "a"},
                                  {"", 0, 100, "catch-up", "b"},
                                  {"s", 250, 300, "silent", "a"},
                                  {"t", 200, 300, "silent", "a"}});
    }
    SECTION("the whole host, in every archive") {
        CHECK(heal_gaps(ledger, {"", "", 0, 300}));
        CHECK(ledger.empty());
    }
    SECTION("only touching it heals nothing") {
        CHECK_FALSE(heal_gaps(ledger, {"", "", 100, 200}));
        CHECK(ledger == before);
    }
    SECTION("an archive that does not miss it") {
        CHECK_FALSE(heal_gaps(ledger, {"", "c", 0, 300}));
        CHECK(ledger == before);
    }
}

TEST_CASE("a full ledger says more than is missing, never less") {
    std::mt19937 random(7); // NOLINT(cert-msc32-c, cert-msc51-cpp): the same each time
    GapLedger ledger;
    std::vector<Gap> all;
    const bool many_series = GENERATE(false, true);
    for (std::size_t i = 0; i < most_gaps * 3; ++i) {
        const auto at = static_cast<Timestamp>(random() % 1'000'000);
        const auto series = many_series ? "s" + std::to_string(i) : "s" + std::to_string(i % 5);
        all.push_back({series, at, at + 1 + static_cast<Timestamp>(random() % 50), "quota", "a"});
        add_gap(ledger, all.back());
        REQUIRE(ledger.size() <= most_gaps);
        REQUIRE(std::ranges::is_sorted(ledger));
    }
    for (const Gap& gap : all) {
        REQUIRE(misses(ledger, gap.series, gap.archive, gap.since));
        REQUIRE(misses(ledger, gap.series, gap.archive, gap.until - 1));
    }
    // Gaps that were far apart are still two.
    if (!many_series) CHECK(ledger.size() > most_gaps / 2);
}

TEST_CASE("records and snapshots keep the archive of a gap and what was healed") {
    Record record;
    record.gaps = {{"", 10, 20, "quota", "a"}, {"s", 30, 40, "silent", "b"}};
    record.healed = {{"s", "b", 33, 35}};
    const auto read = decode_record(encode_record(record));
    REQUIRE(read);
    CHECK(read->gaps == record.gaps);
    CHECK(read->healed == record.healed);

    CheckpointState state;
    REQUIRE(apply_record(*read, state, 100));
    const auto snapshot = decode_snapshot(encode_snapshot(1, state));
    REQUIRE(snapshot);
    CHECK(snapshot->state.gaps == state.gaps);
    CHECK(snapshot->state.gaps.size() == 2);
}

TEST_CASE("what an earlier version wrote is read: its gaps are of every archive") {
    Record record;
    record.gaps = {{"", 10, 20, "quota"}};
    std::string payload = encode_record(record);
    payload.resize(payload.size() - 2); // an archive's length, and the number of healed ones
    const auto read = decode_record(payload);
    REQUIRE(read);
    CHECK(read->gaps == record.gaps);
    CHECK_FALSE(decode_record(payload + "\x05"));
}

TEST_CASE("healing and gaps of one commit are durable together") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    const Instance instance{"default", "ps.example.org"};
    {
        auto checkpoint = Checkpoint::open(paths, instance, 3600);
        REQUIRE(checkpoint);
        REQUIRE(checkpoint->commit({{}, {}, {{"", 0, 100, "catch-up", "a"}}, {}, {}}));
        REQUIRE(checkpoint->commit({{}, {}, {{"", 80, 90, "quota", "a"}}, {}, {{"", "a", 0, 50}}}));
        REQUIRE(checkpoint->commit({{}, {}, {}, {}, {{"", "a", 0, 50}}})); // nothing to write
    }
    const auto state = read_checkpoint(paths, instance);
    REQUIRE(state);
    CHECK((*state)->gaps == GapLedger{{"", 50, 100, "catch-up", "a"}, {"", 80, 90, "quota", "a"}});
}
