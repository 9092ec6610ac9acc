#include "lib/alias.hpp"
#include "lib/file.hpp"
#include "lib/host_record.hpp"
#include "lib/last_result.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <array>

using namespace meshprobe;
using test::TemporaryDirectory;

namespace {

constexpr std::int64_t hour_usec = 3'600'000'000;
constexpr std::int64_t now_usec = 1'800'000'000'000'000;

const Instance first{"default", "a.example.org"};
const Instance second{"default", "b.example.org"};

struct Fleet {
    TemporaryDirectory directory;
    Paths paths{directory.path()};

    void name(const Instance& instance, const std::string& alias_of = {}) const {
        REQUIRE(make_directories(paths.mesh()));
        HostRecord record;
        record.host = instance.host;
        record.alias_of = alias_of;
        HostRecords records = *read_host_records(paths);
        records.insert_or_assign(instance.host, record);
        REQUIRE(write_file_atomically(paths.host_records(), format_host_records(records)));
    }
    void last(const Instance& instance, std::uint32_t bad_runs, std::int64_t success_usec,
              std::int64_t since_usec) const {
        LastResult result;
        result.bad_runs = bad_runs;
        result.last_success_usec = success_usec;
        result.since_usec = since_usec;
        REQUIRE(write_last_result(paths, instance, result));
    }
    [[nodiscard]] Standing standing() const { return standing_of(paths, first, now_usec).value(); }
};

} // namespace

TEST_CASE("a mark is read as it was written, and a damaged one is none") {
    const Fleet fleet;
    CHECK_FALSE(read_alias_mark(fleet.paths, second).value());
    for (const bool decided : {false, true}) {
        REQUIRE(write_alias_mark(fleet.paths, second, first, decided));
        const auto mark = read_alias_mark(fleet.paths, second).value();
        REQUIRE(mark);
        CHECK(mark->of == first);
        CHECK(mark->decided == decided);
        CHECK(mark->is_fresh(mark->written_usec + 24 * hour_usec) == decided);
        CHECK_FALSE(mark->is_fresh(mark->written_usec + 7 * 24 * hour_usec));
    }
    for (const auto* text : {"", "?", "../../etc/passwd\n", "meshprobe-slow@a.example.org\n",
                             "meshprobe@b.example.org\n", "meshprobe@a.example.org\nmore"}) {
        CAPTURE(text);
        REQUIRE(write_file_atomically(fleet.paths.aliases() / second.name(), text));
        CHECK_FALSE(read_alias_mark(fleet.paths, second).value());
    }
    REQUIRE(remove_alias_mark(fleet.paths, second));
    REQUIRE(remove_alias_mark(fleet.paths, second)); // none is as good
    CHECK_FALSE(read_alias_mark(fleet.paths, second).value());
}

TEST_CASE("who is in the fleet, and who is dead") {
    const Fleet fleet;
    CHECK(fleet.standing() == Standing::gone);
    fleet.name(first, second.host);
    CHECK(fleet.standing() == Standing::gone); // nobody collects it under this name
    fleet.name(first);
    CHECK(fleet.standing() == Standing::collected); // as after a boot: nothing is known
    fleet.last(first, 2, now_usec - 30 * hour_usec, now_usec - 30 * hour_usec);
    CHECK(fleet.standing() == Standing::collected);
    fleet.last(first, 3, now_usec - 23 * hour_usec, now_usec - 23 * hour_usec);
    CHECK(fleet.standing() == Standing::silent);
    fleet.last(first, 30, now_usec - 25 * hour_usec, now_usec - hour_usec);
    CHECK(fleet.standing() == Standing::dead);
    fleet.last(first, 30, 0, now_usec - 25 * hour_usec); // no success since the boot
    CHECK(fleet.standing() == Standing::dead);
    fleet.last(first, 30, 0, now_usec - 23 * hour_usec);
    CHECK(fleet.standing() == Standing::silent);
}

TEST_CASE("an alias rests as long as the other name is collected") {
    const Fleet fleet;
    fleet.name(first);
    fleet.name(second);
    REQUIRE(write_alias_mark(fleet.paths, second, first, true));
    const auto written = read_alias_mark(fleet.paths, second).value()->written_usec;
    CHECK(rests_for(fleet.paths, second, written).value() == first);
    CHECK(state_of(fleet.paths, second, written).value() == second);
    CHECK_FALSE(rests_for(fleet.paths, first, written).value());
    CHECK_FALSE(rests_for(fleet.paths, second, written + 8 * 24 * hour_usec).value());
    fleet.last(first, 30, written - 25 * hour_usec, written - 25 * hour_usec);
    CHECK_FALSE(rests_for(fleet.paths, second, written).value());
    CHECK(state_of(fleet.paths, second, written).value() == first);
    REQUIRE(write_alias_mark(fleet.paths, second, first, false));
    CHECK(state_of(fleet.paths, second, written).value() == second);
    CHECK_FALSE(rests_for(fleet.paths, second, written).value());
}
