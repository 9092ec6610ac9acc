// The commit protocol against a disk that forgets: the code of the product, each trial thirty short lives of
// two probes and two archivers, ended by a kill or a power cut at any system call. Whatever happens:
//
//   nothing is lost       what a checkpoint says was sent arrives at every archive it was meant for
//   nothing is torn       what arrives is complete
//   nothing is premature  what arrives is in the checkpoint, also after the next power cut
//   nothing is reused     an id, a name of a segment or a run stands for the same bytes for ever
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/spool/spool.hpp"
#include "tests/fault/disk_model.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <stdexcept>

using namespace meshprobe;
using meshprobe::test::DiskModel;
using meshprobe::test::Killed;
using Forgets = DiskModel::Forgets;

namespace {

constexpr std::int64_t keep_all = 1LL << 40;
const std::array archives{"first", "second"};
const std::array series{"key1 throughput", "key2 packet-loss-rate"};

/// A promise was broken.
struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void expect(bool condition, const std::string& what) {
    if (!condition) throw Broken(what);
}

template <class T>
T expect(Result<T> result, const std::string& what) {
    if (!result) throw Broken(what + ": " + result.error().message);
    return std::move(*result);
}

class Trial {
  public:
    Trial(const std::filesystem::path& root, unsigned seed, Forgets forgets)
        : random_(seed), disk_(root, random_, forgets), paths_(root), large_(random_() % 8 == 0) {
        std::filesystem::remove_all(root);
        disk_.prepare(paths_.checkpoints());
        disk_.prepare(paths_.spool());
    }

    void run() {
        for (int life = 0; life < 30; ++life) {
            if (random_() % 3 != 0) disk_.kill_after(static_cast<int>(1 + random_() % 90));
            try {
                if (random_() % 8 == 0) disk_.turn_clock(-3600LL * 1000000);
                if (random_() % 3 == 0) {
                    archive(archives[random_() % 2], static_cast<unsigned>(random_() % 4));
                } else {
                    probe(instances_[random_() % 2]);
                }
            } catch (const Killed&) {
            }
            disk_.kill_after(0);
            if (random_() % 2 == 0) disk_.cut_power();
        }
        // All is repaired, and a last power cut shows what of it is really on disk.
        for (int i = 0; i < 2; ++i) {
            for (auto& instance : instances_)
                check(instance, open(instance));
            if (i == 0) disk_.cut_power();
        }
        for (const char* name : archives)
            archive(name, ~0U);
        for (auto& instance : instances_)
            expect_all_arrived(instance, open(instance));
    }

  private:
    struct Point {
        const char* series;
        Timestamp ts;
        auto operator<=>(const Point&) const = default;
    };
    struct Probe {
        Instance instance;
        std::map<Point, std::set<std::string>> committing; ///< where each point ever tried was to go
        std::set<Point> committed;                         ///< commit() said so
        Timestamp next_ts = 1000;
    };

    Checkpoint open(const Probe& probe) {
        return expect(Checkpoint::open(paths_, probe.instance, keep_all, disk_), "open");
    }

    static bool has(const Checkpoint& checkpoint, const Point& point) {
        const auto state = checkpoint.find(point.series);
        return state && state->seen(point.ts);
    }

    void check(const Probe& probe, const Checkpoint& checkpoint) {
        for (const Point& point : probe.committed)
            expect(has(checkpoint, point), fmt::format("a committed point is forgotten: {}", point.ts));
        for (const auto& [archive, points] : arrived_) {
            for (const auto& [host, name, ts] : points) {
                if (host != probe.instance.host) continue;
                expect(has(checkpoint, {name, ts}), fmt::format("{} arrived, but is not committed", ts));
            }
        }
    }

    void expect_all_arrived(const Probe& probe, const Checkpoint& checkpoint) {
        for (const auto& [point, destinations] : probe.committing) {
            for (const std::string& archive : destinations) {
                const bool is_there =
                    arrived_[archive].contains({probe.instance.host, point.series, point.ts});
                expect(is_there == has(checkpoint, point),
                       fmt::format("{} at {} but {} by the checkpoint: lost", point.ts,
                                   is_there ? "arrived" : "absent",
                                   has(checkpoint, point) ? "sent" : "not sent"));
            }
        }
    }

    void probe(Probe& probe) {
        auto checkpoint = open(probe);
        check(probe, checkpoint);
        const std::string run = checkpoint.new_run();
        expect(runs_.insert(run).second, "a run id is handed out twice: " + run);
        std::uint64_t index = 0;
        for (auto commits = 1 + random_() % 3; commits > 0; --commits) {
            commit(probe, checkpoint, run, index);
        }
        const auto compacted = checkpoint.compact_if_large();
        expect(compacted.has_value(), "compact");
    }

    void commit(Probe& probe, Checkpoint& checkpoint, const std::string& run, std::uint64_t& index) {
        Commit commit;
        std::set<Point> points;
        for (const char* name : series) {
            SeriesChange change{name, {}, 0, 0};
            for (auto count = random_() % 4; count > 0; --count) {
                change.sent.push_back(probe.next_ts++);
                points.insert({name, change.sent.back()});
            }
            commit.series.push_back(change);
        }
        // Long, so that some trials see many compactions.
        if (large_) commit.progress = Progress{0, probe.next_ts, 0, std::string(130000, 'u'), ""};
        std::uint64_t messages = 0;
        for (const char* archive : archives) {
            if (random_() % 4 == 0) continue;
            SegmentBuilder builder(
                {probe.instance.name(), probe.instance.host, "default", archive, run, "raw"}, index, 256);
            for (const Point& point : points) {
                builder.add(point.series, 1, fmt::format("{} {}", point.ts, point.series));
                probe.committing[point].insert(archive);
            }
            messages = builder.messages();
            if (messages > 0) commit.segments.push_back({archive, std::move(builder).finish()});
        }
        index += messages;
        const auto committed = checkpoint.commit(commit);
        expect(committed.has_value(), "commit");
        probe.committed.insert(points.begin(), points.end());
    }

    void archive(const std::string& name, unsigned batch) {
        const Spool spool(paths_, name, disk_);
        std::vector<std::string> done;
        for (const std::string& file : expect(spool.list(), "list")) {
            if (done.size() == batch) break;
            const auto segment = expect(spool.read(file), "torn or damaged");
            expect(segment.has_value(), "listed, but not there");
            deliver(name, file, *segment);
            done.push_back(file);
        }
        expect(spool.remove(done).has_value(), "remove");
        // Archivers share an fsync between batches: what is removed may come back after the cut.
        if (!done.empty() && random_() % 2 == 0) expect(spool.sync_queue().has_value(), "sync_queue");
    }

    void deliver(const std::string& archive, const std::string& file, const Segment& segment) {
        expect(segment.header().archive == archive, "delivered to the wrong archive");
        std::string all;
        for (const Message& message : segment.messages()) {
            const auto [known, is_new] = bodies_.emplace(message.id, message.body);
            expect(is_new || known->second == message.body, "two messages with one id: " + known->first);
            all += message.id;
            const Timestamp ts = std::stoll(std::string(message.body));
            const char* which = message.event_type == series[0] ? series[0] : series[1];
            arrived_[archive].insert({segment.header().host, which, ts});
        }
        const auto [known, is_new] = names_.emplace(archive + "/" + file, all);
        expect(is_new || known->second == all, "two segments with one name: " + known->first);
    }

    std::mt19937 random_;
    DiskModel disk_;
    Paths paths_;
    bool large_;
    std::array<Probe, 2> instances_{Probe{{"default", "a.example.org"}, {}, {}, 1000},
                                    Probe{{"default", "b.example.org"}, {}, {}, 5000000}};
    std::set<std::string> runs_;
    std::map<std::string, std::string> bodies_;
    std::map<std::string, std::string> names_;
    std::map<std::string, std::set<std::tuple<std::string, const char*, Timestamp>>> arrived_;
};

/// What broke, or nothing.
std::string try_it(unsigned seed, Forgets forgets) {
    const bool has_shm = ::access("/dev/shm", W_OK) == 0;
    const auto root = (has_shm ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) /
                      fmt::format("meshprobe-crash.{}", ::getpid());
    std::string broken;
    try {
        Trial(root, seed, forgets).run();
    } catch (const Broken& what) {
        broken = what.what();
    }
    std::filesystem::remove_all(root);
    return broken;
}

void expect_unbroken(unsigned first_seed, unsigned trials) {
    for (unsigned seed = first_seed; seed < first_seed + trials; ++seed) {
        INFO("seed " << seed);
        const std::string broken = try_it(seed, Forgets::nothing);
        REQUIRE(broken == "");
    }
}

unsigned broken_of(unsigned trials, Forgets forgets) {
    unsigned broken = 0;
    for (unsigned seed = 1; seed <= trials; ++seed)
        broken += try_it(seed, forgets).empty() ? 0 : 1;
    return broken;
}

} // namespace

TEST_CASE("no crash loses, tears, anticipates or mixes up anything") {
    expect_unbroken(1, 1200);
}

TEST_CASE("nor any other crash: new seeds each time") {
    const auto seed = static_cast<unsigned>(std::time(nullptr)) * 1000;
    fmt::print("commit_crash_test: seeds from {}\n", seed);
    expect_unbroken(seed, 400);
}

TEST_CASE("the model can tell: each omission loses data") {
    constexpr unsigned trials = 100;
    const unsigned spools = broken_of(trials, Forgets::syncing_spools);
    const unsigned segments = broken_of(trials, Forgets::syncing_segments);
    const unsigned log = broken_of(trials, Forgets::syncing_the_log);
    const unsigned new_spools = broken_of(trials, Forgets::syncing_new_spools);
    const unsigned checkpoints = broken_of(trials, Forgets::syncing_checkpoints);
    fmt::print(
        "commit_crash_test: of {} trials broke: without sync of q/ {}, of new spools {}, of the checkpoint "
        "directory {}, of segments {}, of the log {}\n",
        trials, spools, new_spools, checkpoints, segments, log);
    CHECK(spools > trials / 2);
    CHECK(segments > trials / 2);
    CHECK(log > trials / 2);
    CHECK(new_spools > trials / 10);
    CHECK(checkpoints > trials / 10);
}
