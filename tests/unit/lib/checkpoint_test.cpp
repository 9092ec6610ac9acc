#include "lib/checkpoint/checkpoint.hpp"
#include "lib/spool/segment_name.hpp"
#include "lib/spool/spool.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <set>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;

namespace {

constexpr std::int64_t keep = 3600;
const Instance instance{"default", "ps1.example.org"};

class Clock : public FileSystem {
  public:
    std::int64_t now_usec() override { return now; }
    std::int64_t now = 1795341600000000;
};

/// Each operation named in `failing` fails, as a full disk would make it.
class FailingDisk : public FileSystem {
  public:
    Status write(const FileDescriptor& file, std::uint64_t offset, std::string_view content) override {
        if (writes_before_full == 0) {
            // A full disk takes a part of it.
            static_cast<void>(FileSystem::write(file, offset, content.substr(0, content.size() / 2)));
            return fail_errno("write", ENOSPC);
        }
        --writes_before_full;
        return FileSystem::write(file, offset, content);
    }
    Status truncate(const FileDescriptor& file, std::uint64_t size) override {
        return truncate_fails ? fail_errno("truncate", EIO) : FileSystem::truncate(file, size);
    }
    Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
        return rename_fails && to.parent_path().filename() == "q" ? fail_errno("rename", EIO)
                                                                  : FileSystem::rename(from, to);
    }
    int writes_before_full = 1000;
    bool truncate_fails = false;
    bool rename_fails = false;
};

struct Fixture {
    TemporaryDirectory directory;
    Paths paths{directory.path()};
    Spool spool{paths, "a"};
    std::filesystem::path log = paths.checkpoints() / (instance.name() + ".log");
    std::filesystem::path snapshot = paths.checkpoints() / (instance.name() + ".snapshot");

    Checkpoint open(FileSystem& file_system = FileSystem::real()) const {
        auto checkpoint = Checkpoint::open(paths, instance, keep, file_system);
        INFO((checkpoint ? "" : checkpoint.error().message));
        REQUIRE(checkpoint);
        return std::move(*checkpoint);
    }
    static std::string segment(const std::string& run) {
        SegmentBuilder builder({instance.name(), instance.host, instance.task, "a", run, "raw"}, 0, 0);
        builder.add("throughput", 1, "{}");
        return std::move(builder).finish();
    }
    /// One run that commits a segment and one point.
    static Commit points(Checkpoint& checkpoint, std::vector<Timestamp> sent,
                         const std::string& series = "k throughput") {
        return {{{"a", segment(checkpoint.new_run())}}, {{series, std::move(sent), 0}}, {}, {}};
    }
    std::string content(const std::filesystem::path& file) const { return *read_file(file, 1 << 30); }
    void put(const std::filesystem::path& file, const std::string& bytes) const {
        std::ofstream(file, std::ios::binary) << bytes;
    }
};

} // namespace

TEST_CASE_METHOD(Fixture, "a commit publishes its segment and is remembered") {
    const Progress progress{50, 100, 200, "https://ps1.example.org/esmond/", "esmond"};
    {
        auto checkpoint = open();
        CHECK(checkpoint.series().size() == 0);
        Commit commit = points(checkpoint, {1000, 1060, 1120});
        commit.series[0].complete_until = 1100;
        commit.series[0].updated = 1200;
        commit.gaps.push_back({"", 10, 20, "catch-up"});
        commit.progress = progress;
        REQUIRE(checkpoint.commit(commit));
        CHECK(checkpoint.find("k throughput")->recent == std::vector<Timestamp>{1000, 1060, 1120});
    }
    REQUIRE(spool.list()->size() == 1);
    CHECK((*spool.read(spool.list()->front()))->messages().size() == 1);

    const auto checkpoint = open();
    const auto state = checkpoint.find("k throughput");
    REQUIRE(state);
    CHECK(state->newest == 1120);
    CHECK(state->complete_until == 1100);
    CHECK(state->updated == 1200);
    CHECK(state->recent == std::vector<Timestamp>{1000, 1060, 1120});
    CHECK(state->seen(1060));
    CHECK_FALSE(state->seen(1061));
    CHECK(checkpoint.progress() == progress);
    CHECK(checkpoint.gaps() == std::vector<Gap>{{"", 10, 20, "catch-up"}});
    CHECK(checkpoint.recovery().published == 0);
    CHECK_FALSE(checkpoint.find("k"));
}

TEST_CASE_METHOD(Fixture, "segments are for the group, checkpoints not for the world, whatever the umask") {
    const mode_t before = ::umask(0077);
    auto checkpoint = open();
    REQUIRE(checkpoint.commit(points(checkpoint, {1})));
    ::umask(before);
    struct stat info {};
    REQUIRE(::stat((spool.queue() / spool.list()->front()).c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0640);
    REQUIRE(::stat(log.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0640);
}

TEST_CASE_METHOD(Fixture, "with nothing to write nothing is written") {
    {
        auto checkpoint = open();
        REQUIRE(checkpoint.commit({}));
        CHECK_FALSE(std::filesystem::exists(log));
        Commit commit = points(checkpoint, {1000});
        commit.series[0].complete_until = 500;
        commit.gaps = {{"", 10, 20, "catch-up"}};
        commit.progress = Progress{0, 1, 2, "u", "esmond"};
        REQUIRE(checkpoint.commit(commit));
    }
    auto checkpoint = open();
    const std::string before = content(log);
    REQUIRE(checkpoint.commit({{},
                               {{"k throughput", {}, 400}, {"new one", {}, 0}},
                               {{"", 12, 15, "catch-up"}},
                               Progress{0, 1, 2, "u", "esmond"}}));
    REQUIRE(checkpoint.compact_if_large());
    CHECK(content(log) == before);
    CHECK(checkpoint.series().size() == 1);
}

TEST_CASE_METHOD(Fixture, "late points are told from those sent, while catching up too") {
    auto checkpoint = open();
    const std::string series = "k throughput";
    // The present first, while the series is complete only until long ago.
    REQUIRE(checkpoint.commit({{}, {{series, {99000, 100000}, 10000}}, {}, {}}));
    CHECK_FALSE(checkpoint.find(series)->seen(20000));
    CHECK(checkpoint.find(series)->seen(99000));
    // A slice of the past, out of order with what is known.
    REQUIRE(checkpoint.commit({{}, {{series, {20000, 99500}, 30000}}, {}, {}}));
    CHECK(checkpoint.find(series)->recent == std::vector<Timestamp>{99000, 99500, 100000});
    CHECK(checkpoint.find(series)->seen(20000)); // settled: an hour and more before what is complete
    CHECK_FALSE(checkpoint.find(series)->seen(29000));
    REQUIRE(checkpoint.commit({{}, {{series, {}, 200000}}, {}, {}}));
    const auto state = checkpoint.find(series);
    CHECK(state->known_from == 100000 - keep);
    CHECK(state->seen(96000));
    CHECK_FALSE(state->seen(96401));
    CHECK_FALSE(state->seen(100001));
}

TEST_CASE_METHOD(Fixture, "a series may begin anew, and only when it is told to") {
    {
        auto checkpoint = open();
        REQUIRE(checkpoint.commit({{}, {{"s", {900000, 1000000}, 1000000, 1000000}}, {}, {}}));
        REQUIRE(checkpoint.commit({{}, {{"s", {}, 500000}}, {}, {}}));
        CHECK(checkpoint.find("s")->complete_until == 1000000);
        REQUIRE(checkpoint.commit({{}, {{"s", {490000, 500000}, 500000, 1, true}}, {}, {}}));
        REQUIRE(checkpoint.commit({{}, {{"s", {500060}, 500060, 0, true}}, {}, {}})); // goes on
    }
    auto reopened = open();
    const auto state = reopened.find("s");
    CHECK(state->newest == 500060);
    CHECK(state->complete_until == 500060);
    CHECK(state->known_from == 500060 - keep);
    CHECK(state->updated == 1);
    CHECK(state->recent == std::vector<Timestamp>{500000, 500060});
}

TEST_CASE_METHOD(Fixture, "keeping longer from now on does not make the past unknown") {
    {
        auto checkpoint = open();
        REQUIRE(checkpoint.commit({{}, {{"s", {100, 5000, 10000}, 10000}}, {}, {}}));
        CHECK(checkpoint.find("s")->seen(5000));
    }
    // Log replayed with more to keep: everything is there. From a snapshot it would not be, and it says so.
    const auto longer = Checkpoint::open(paths, instance, 100 * keep);
    REQUIRE(longer);
    CHECK(longer->find("s")->recent == std::vector<Timestamp>{100, 5000, 10000});
}

TEST_CASE_METHOD(Fixture, "a commit costs some bytes per changed series") {
    auto checkpoint = open();
    Commit commit;
    for (int i = 0; i < 5000; ++i) {
        commit.series.push_back(
            {"0123456789abcdef0123456789abcdef0123456789ab histogram-owdelay" + std::to_string(i),
             {1795341600 - 60 * (i % 7)},
             1795341500});
    }
    REQUIRE(checkpoint.commit(commit));
    const auto first = std::filesystem::file_size(log);
    for (auto& change : commit.series) {
        const Timestamp last = change.sent.back();
        change.sent = {last + 60, last + 120, last + 180, last + 240, last + 300};
        change.complete_until += 300;
    }
    REQUIRE(checkpoint.commit(commit));
    CHECK(std::filesystem::file_size(log) - first < 5000 * 10);
}

TEST_CASE_METHOD(Fixture, "names and run ids only go forward, whatever the clock does") {
    Clock clock;
    std::set<std::string> runs;
    std::vector<std::string> names;
    for (const std::int64_t step : {0, -3600, 0, 1, -1000000, 5}) {
        clock.now += step * 1000000;
        auto checkpoint = open(clock);
        for (int i = 0; i < 2; ++i) {
            auto commit = points(checkpoint, {1000 + static_cast<Timestamp>(names.size())});
            commit.segments.push_back(commit.segments.front()); // two for one archive
            REQUIRE(runs.insert(Segment::parse(commit.segments[0].segment)->header().run).second);
            REQUIRE(checkpoint.commit(commit));
            const auto list = *spool.list();
            REQUIRE(list.size() == names.size() + 2);
            for (std::size_t j = 0; j < names.size(); ++j)
                REQUIRE(list[j] == names[j]); // the new ones come last
            names = list;
        }
    }
}

TEST_CASE_METHOD(Fixture,
                 "recovery publishes what is listed and deletes what is not, of this instance only") {
    std::string committed;
    {
        auto checkpoint = open();
        REQUIRE(checkpoint.commit(points(checkpoint, {1000})));
        committed = spool.list()->front();
    }
    const std::string foreign = "." + SegmentName{1, 77, 0}.text();
    const std::string uncommitted = "." + SegmentName{1, hash_instance_name(instance.name()), 0}.text();
    std::filesystem::rename(spool.queue() / committed, spool.queue() / ("." + committed));
    put(spool.queue() / foreign, "x");
    put(spool.queue() / uncommitted, "x");
    put(spool.queue() / ".something", "x");

    REQUIRE(recover(paths, instance));
    CHECK(spool.list() == std::vector{committed});
    CHECK(std::filesystem::exists(spool.queue() / foreign));
    CHECK(std::filesystem::exists(spool.queue() / ".something"));
    CHECK_FALSE(std::filesystem::exists(spool.queue() / uncommitted));
    CHECK(open().recovery().published == 0);
}

TEST_CASE_METHOD(Fixture, "a committed file that the disk damaged is set aside, with the reason") {
    std::string name;
    {
        auto checkpoint = open();
        REQUIRE(checkpoint.commit(points(checkpoint, {1000})));
        name = spool.list()->front();
    }
    std::filesystem::rename(spool.queue() / name, spool.queue() / ("." + name));
    put(spool.queue() / ("." + name), "rotten");
    const auto checkpoint = open();
    CHECK(checkpoint.recovery().damaged == 1);
    CHECK(spool.list()->empty());
    CHECK(spool.list_failed() == std::vector{name});
    CHECK_FALSE(spool.failed_reason(name).empty());
}

TEST_CASE_METHOD(Fixture, "recovery of an instance that never ran makes nothing") {
    std::filesystem::create_directories(paths.checkpoints());
    REQUIRE(recover(paths, instance));
    CHECK(std::filesystem::is_empty(paths.checkpoints()));
}

TEST_CASE_METHOD(Fixture, "a segment that is delivered already stays delivered") {
    {
        auto checkpoint = open();
        REQUIRE(checkpoint.commit(points(checkpoint, {1000})));
    }
    REQUIRE(spool.remove(*spool.list()));
    CHECK(open().recovery().published == 0);
    CHECK(spool.list()->empty());
}

TEST_CASE_METHOD(Fixture, "in front of a long backlog only those look for leftovers who may have left some") {
    FailingDisk disk;
    REQUIRE(spool.create());
    for (int i = 0; i < 3000; ++i)
        put(spool.queue() / SegmentName{i, 77, 0}.text(), "");
    struct stat info {};
    REQUIRE(::stat(spool.queue().c_str(), &info) == 0);
    if (info.st_size <= 64 << 10) return; // this file system keeps no size of directories
    const auto leftover =
        spool.queue() / ("." + SegmentName{1, hash_instance_name(instance.name()), 0}.text());
    { const auto looked_once = open(disk); }
    {
        auto checkpoint = open(disk);
        REQUIRE(checkpoint.commit(points(checkpoint, {1000})));
        put(leftover, "x");
    }
    CHECK(open(disk).recovery().deleted == 0); // the last one left nothing, and said so
    put(paths.checkpoints() / (instance.name() + ".lock"), "another boot\n");
    CHECK(open(disk).recovery().deleted == 1); // what was said before a boot counts for nothing
    put(leftover, "x");
    {
        auto checkpoint = open(disk);
        disk.rename_fails = true;
        REQUIRE_FALSE(checkpoint.commit(points(checkpoint, {1060})));
        disk.rename_fails = false;
    }
    const auto checkpoint = open(disk);
    CHECK(checkpoint.recovery().published == 1);
    CHECK(checkpoint.recovery().deleted == 1);
    CHECK_FALSE(std::filesystem::exists(leftover));
}

TEST_CASE_METHOD(Fixture, "an archive's directory that is missing is made again") {
    {
        auto checkpoint = open();
        REQUIRE(checkpoint.commit(points(checkpoint, {1000})));
        std::filesystem::remove_all(paths.spool());
        REQUIRE(checkpoint.commit(points(checkpoint, {1060})));
        CHECK(spool.list()->size() == 1);
        std::filesystem::remove_all(paths.spool());
    }
    CHECK(open().find("k throughput")->newest == 1060);
}

TEST_CASE_METHOD(Fixture, "every torn end of the log is cut off, and what was before it counts") {
    std::uintmax_t after_first = 0;
    {
        auto checkpoint = open();
        REQUIRE(checkpoint.commit({{}, {{"s", {1000}, 0}}, {}, {}}));
        after_first = std::filesystem::file_size(log);
        REQUIRE(checkpoint.commit({{}, {{"s", {2000}, 0}, {"t", {2000}, 0}}, {}, {}}));
    }
    const std::string whole = content(log);
    for (auto size = after_first; size < whole.size(); ++size) {
        for (const char filler : {'\0', '\xff', 'x'}) {
            // Cut short, or as long as it should be with blocks that never reached the disk.
            std::string torn = whole.substr(0, size);
            if (filler != 'x') torn.resize(whole.size(), filler);
            if (torn == whole) continue;
            put(log, torn);
            INFO(size);
            {
                auto checkpoint = open();
                REQUIRE(checkpoint.find("s")->newest == 1000);
                REQUIRE(checkpoint.series().size() == 1);
                REQUIRE(checkpoint.commit({{}, {{"s", {1500}, 0}}, {}, {}}));
            }
            REQUIRE(open().find("s")->newest == 1500);
        }
    }
}

TEST_CASE_METHOD(Fixture, "any other damage is an error that names the file, and changes nothing") {
    {
        auto checkpoint = open();
        for (Timestamp ts : {1000, 2000, 3000})
            REQUIRE(checkpoint.commit({{}, {{"s", {ts}, 0}}, {}, {}}));
    }
    const std::string whole = content(log);
    const auto last_record = whole.rfind("\xfeMPR");
    for (std::size_t at = 0; at < last_record; ++at) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        put(log, damaged);
        INFO(at);
        const auto checkpoint = Checkpoint::open(paths, instance, keep);
        REQUIRE_FALSE(checkpoint);
        REQUIRE(checkpoint.error().kind == ErrorKind::storage);
        REQUIRE(checkpoint.error().message.find(log.string()) != std::string::npos);
        REQUIRE(content(log) == damaged);
        REQUIRE_FALSE(read_checkpoint(paths, instance));
    }
    put(log, "");
    CHECK_FALSE(Checkpoint::open(paths, instance, keep));
}

TEST_CASE_METHOD(Fixture, "a large log is folded into the snapshot, and nothing changes by it") {
    std::map<std::string, std::vector<Timestamp>> expected;
    auto checkpoint = open();
    Timestamp now = 1000000;
    for (int round = 0; round < 200; ++round) {
        Commit commit = points(checkpoint, {now});
        for (int i = 0; i < 200; ++i) {
            commit.series.push_back({"series " + std::to_string(i), {now + i, now + i + 30}, now});
        }
        commit.gaps.push_back({"series 1", 10 * round, 10 * round + 5, "quota"});
        REQUIRE(checkpoint.commit(commit));
        REQUIRE(spool.remove(*spool.list()));
        REQUIRE(checkpoint.compact_if_large());
        now += 60;
    }
    REQUIRE(std::filesystem::exists(snapshot));
    CHECK(std::filesystem::file_size(log) <= 256 << 10);
    CHECK(std::filesystem::file_size(snapshot) < 256 << 10);
    std::vector<SeriesState> before;
    for (int i = 0; i < 200; ++i)
        before.push_back(*checkpoint.find("series " + std::to_string(i)));
    const auto gaps = checkpoint.gaps();
    CHECK(gaps.size() == 200);
    { const auto give_up_the_lock = std::move(checkpoint); }

    auto reopened = open();
    CHECK(reopened.gaps() == gaps);
    CHECK(reopened.series().size() == 201);
    for (int i = 0; i < 200; ++i) {
        const auto after = reopened.find("series " + std::to_string(i));
        REQUIRE(after);
        REQUIRE(after->recent == before[static_cast<std::size_t>(i)].recent);
        REQUIRE(after->recent.size() >= 120);
        REQUIRE(after->complete_until == now - 60);
        REQUIRE(after->known_from == before[static_cast<std::size_t>(i)].known_from);
    }
    const auto view = read_checkpoint(paths, instance);
    REQUIRE(view);
    REQUIRE(*view);
    // It trims nothing that a probe would; the marks are the same.
    CHECK((*view)->series.find("series 7")->newest == before[7].newest);
    CHECK((*view)->series.find("series 7")->recent.back() == before[7].recent.back());

    SECTION("a damaged snapshot is an error") {
        const std::string whole = content(snapshot);
        for (std::size_t at = 0; at < whole.size(); at += 97) {
            std::string damaged = whole;
            damaged[at] = static_cast<char>(damaged[at] ^ 1);
            put(snapshot, damaged);
            REQUIRE_FALSE(read_checkpoint(paths, instance));
        }
        std::filesystem::remove(snapshot);
        const auto missing = read_checkpoint(paths, instance);
        REQUIRE_FALSE(missing);
        CHECK(missing.error().message.find(snapshot.string()) != std::string::npos);
    }
}

TEST_CASE_METHOD(Fixture, "series without news for 400 days are forgotten when the log is folded") {
    auto checkpoint = open();
    REQUIRE(checkpoint.commit({{}, {{"old", {1000}, 0}, {"quiet, but asked", {1000}, 86400 * 500}}, {}, {}}));
    Commit much{{}, {{"new", {86400 * 500}, 0}}, {}, {}};
    for (int i = 0; i < 300; ++i)
        much.series.push_back({std::string(1000, 'x') + std::to_string(i), {86400 * 500}, 0});
    REQUIRE(checkpoint.commit(much));
    REQUIRE(checkpoint.compact_if_large());
    CHECK_FALSE(checkpoint.find("old"));
    CHECK(checkpoint.find("quiet, but asked"));
    REQUIRE(
        checkpoint.commit({{}, {{"new", {86400 * 500 + 60}, 0}}, {}, {}})); // indexes fit the new numbering
    CHECK(checkpoint.find("new")->newest == 86400 * 500 + 60);
    CHECK(read_checkpoint(paths, instance).value()->series.find("new")->newest == 86400 * 500 + 60);
}

TEST_CASE_METHOD(Fixture, "gaps that touch become one") {
    auto checkpoint = open();
    REQUIRE(checkpoint.commit(
        {{},
         {},
         {{"", 10, 20, "quota"}, {"", 20, 30, "quota"}, {"s", 20, 30, "quota"}, {"", 25, 26, "catch-up"}},
         {}}));
    REQUIRE(checkpoint.commit({{}, {}, {{"", 5, 50, "quota"}}, {}}));
    CHECK(checkpoint.gaps() ==
          std::vector<Gap>{{"", 5, 50, "quota"}, {"", 25, 26, "catch-up"}, {"s", 20, 30, "quota"}});
}

TEST_CASE_METHOD(Fixture, "nobody has committed: nothing to read") {
    const auto view = read_checkpoint(paths, instance);
    REQUIRE(view);
    CHECK_FALSE(*view);
}

TEST_CASE_METHOD(Fixture, "a full disk costs the commit, nothing else") {
    FailingDisk disk;
    auto checkpoint = open(disk);
    REQUIRE(checkpoint.commit(points(checkpoint, {1000})));
    const std::string before = content(log);
    for (const int writes : {0, 1}) { // the segment does not fit, the record does not fit
        disk.writes_before_full = writes;
        const auto committed = checkpoint.commit(points(checkpoint, {1060}));
        REQUIRE_FALSE(committed);
        CHECK(committed.error().kind == ErrorKind::storage);
        CHECK(committed.error().message.find("No space left") != std::string::npos);
        CHECK(content(log) == before);
        CHECK(checkpoint.find("k throughput")->newest == 1000);
        CHECK(spool.list()->size() == 1);
        CHECK(FileSystem::real().list(spool.queue())->size() == 1); // no dot-files either
    }
    disk.writes_before_full = 1000;
    REQUIRE(checkpoint.commit(points(checkpoint, {1060})));
    CHECK(spool.list()->size() == 2);
}

TEST_CASE_METHOD(Fixture, "a record that cannot be taken back ends the run, and the next one decides") {
    FailingDisk disk;
    {
        auto checkpoint = open(disk);
        REQUIRE(checkpoint.commit(points(checkpoint, {1000})));
        disk.writes_before_full = 1;
        disk.truncate_fails = true;
        REQUIRE_FALSE(checkpoint.commit(points(checkpoint, {1060})));
        disk.writes_before_full = 1000;
        disk.truncate_fails = false;
        const auto refused = checkpoint.commit(points(checkpoint, {1060}));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == ErrorKind::storage);
        CHECK(FileSystem::real().list(spool.queue())->size() == 2); // its dot-file waits
    }
    auto checkpoint = open(disk);
    CHECK(checkpoint.recovery().deleted == 1);
    CHECK(checkpoint.find("k throughput")->newest == 1000);
    REQUIRE(checkpoint.commit(points(checkpoint, {1060})));
}

TEST_CASE_METHOD(Fixture, "a committed segment that cannot be shown yet is shown by the next commit or run") {
    FailingDisk disk;
    const bool same_run = GENERATE(true, false);
    {
        auto checkpoint = open(disk);
        disk.rename_fails = true;
        const auto committed = checkpoint.commit(points(checkpoint, {1000}));
        REQUIRE_FALSE(committed);
        CHECK(committed.error().message.find("committed") != std::string::npos);
        CHECK(checkpoint.find("k throughput")->newest == 1000);
        disk.rename_fails = false;
        if (same_run) REQUIRE(checkpoint.commit({{}, {{"other", {1}, 0}}, {}, {}}));
    }
    const auto checkpoint = open(disk);
    CHECK(checkpoint.recovery().published == (same_run ? 0 : 1));
    CHECK(spool.list()->size() == 1);
}

TEST_CASE_METHOD(Fixture, "wrong input is refused before anything is written") {
    auto checkpoint = open();
    for (const Commit& commit :
         {Commit{{}, {{"s", {2, 1}, 0}}, {}, {}}, Commit{{}, {{"s", {1, 1}, 0}}, {}, {}},
          Commit{{}, {{"s", {-1}, 0}}, {}, {}}, Commit{{}, {{"s", {latest_timestamp + 1}, 0}}, {}, {}},
          Commit{{}, {{"s", {}, -5}}, {}, {}}, Commit{{{"../x", "y"}}, {}, {}, {}},
          Commit{{}, {}, {{"", 2, 1, "x"}}, {}}, Commit{{}, {}, {{"", 1, latest_timestamp + 1, "x"}}, {}},
          Commit{{}, {}, {}, Progress{0, -1, 0, "", ""}}}) {
        const auto committed = checkpoint.commit(commit);
        REQUIRE_FALSE(committed);
        CHECK(committed.error().kind == ErrorKind::internal);
    }
    CHECK_FALSE(std::filesystem::exists(log));
}

TEST_CASE("timestamps survive packing, and regular ones take next to nothing") {
    std::uint64_t random = 88172645463325252;
    const auto next = [&] {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return random;
    };
    for (int trial = 0; trial < 1000; ++trial) {
        std::vector<Timestamp> sent;
        auto ts = static_cast<Timestamp>(next() % 2000000000);
        const auto base = static_cast<Timestamp>(next() % 2000000000);
        for (std::uint64_t i = next() % 50; i > 0; --i) {
            sent.push_back(ts);
            ts += next() % 3 == 0 ? static_cast<Timestamp>(1 + next() % 5000) : 60;
        }
        std::string packed;
        pack_timestamps(packed, base, sent);
        std::vector<Timestamp> unpacked;
        REQUIRE(unpack_timestamps(packed, base, unpacked));
        REQUIRE(unpacked == sent);
        REQUIRE(last_packed_timestamp(packed, base) ==
                (sent.empty() ? std::nullopt : std::optional(sent.back())));
        // Noise is refused or makes something, but never a crash.
        for (char& c : packed)
            c = static_cast<char>(next() & 0xff);
        unpacked.clear();
        static_cast<void>(unpack_timestamps(packed, base, unpacked));
    }
    std::vector<Timestamp> day;
    for (Timestamp ts = 0; ts < 86400; ts += 60)
        day.push_back(ts);
    std::string packed;
    pack_timestamps(packed, 0, day);
    CHECK(packed.size() < 10);
}

TEST_CASE("what another collector delivered takes the place of what was known, however long is remembered") {
    const Fixture fixture;
    const Handover handover{.series = {{"k throughput", 100'000}, {"k packet-trace", 90'000}},
                            .progress = {.since = 96'400,
                                         .polled_until = 100'000,
                                         .reread_at = 100'000,
                                         .archive_url = {},
                                         .flavour = {}}};
    {
        auto checkpoint = fixture.open();
        REQUIRE(checkpoint.commit(Fixture::points(checkpoint, {99'000, 100'500})));
        CHECK_FALSE(is_as_handed_over(**read_checkpoint(fixture.paths, instance)));
        REQUIRE(checkpoint.take_over(handover));
        CHECK(checkpoint.find("k throughput")->newest == 100'000);
    }
    CHECK(is_as_handed_over(**read_checkpoint(fixture.paths, instance)));
    auto checkpoint = fixture.open();
    CHECK(checkpoint.progress() == handover.progress);
    const auto series = checkpoint.find("k throughput");
    REQUIRE(series);
    CHECK(series->seen(1));
    CHECK(series->seen(100'000));
    CHECK_FALSE(series->seen(100'001));
    CHECK_FALSE(series->seen(100'500));
    CHECK(series->complete_until == 100'000);
    CHECK(checkpoint.find("k packet-trace")->seen(90'000));
    CHECK(fixture.spool.list()->size() == 1); // what was committed is delivered all the same

    REQUIRE(checkpoint.commit(Fixture::points(checkpoint, {100'060})));
    CHECK(checkpoint.find("k throughput")->seen(99'970));
    CHECK_FALSE(is_as_handed_over(**read_checkpoint(fixture.paths, instance)));
}

TEST_CASE("a handover that a full disk stops leaves what was known") {
    const Fixture fixture;
    FailingDisk disk;
    {
        auto checkpoint = fixture.open(disk);
        REQUIRE(checkpoint.commit(Fixture::points(checkpoint, {99'000})));
        disk.writes_before_full = 0;
        CHECK_FALSE(checkpoint.take_over({.series = {{"k throughput", 100'000}}, .progress = {}}));
    }
    CHECK(fixture.open().find("k throughput")->newest == 99'000);
}
