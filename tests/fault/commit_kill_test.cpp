// The commit protocol on a real file system: processes that are killed at random moments, and a disk that is
// full. What power cuts do is commit_crash_test.cpp's.
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/spool/spool.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;

namespace {

constexpr std::int64_t keep_all = 1LL << 40;
const Instance instance{"default", "ps1.example.org"};
const std::string series = "key throughput";

/// One point more, for two archives.
Commit next_commit(Checkpoint& checkpoint, Timestamp ts, std::size_t size) {
    Commit commit;
    const std::string run = checkpoint.new_run();
    std::uint64_t index = 0;
    for (const char* archive : {"first", "second"}) {
        SegmentBuilder builder({instance.name(), instance.host, "default", archive, run, "raw"}, index++,
                               size);
        builder.add("throughput", 1, fmt::format("{} {}", ts, std::string(size, 'x')));
        commit.segments.push_back({archive, std::move(builder).finish()});
    }
    commit.series.push_back({series, {ts}, ts, 0});
    // Long, so that the log is folded every other time.
    commit.progress = Progress{0, ts, 0, std::string(150000, 'u'), ""};
    return commit;
}

/// A process that does one thing until it is killed, and says so, line by line, before it goes on.
class Worker {
  public:
    using Say = std::function<void(const std::string&)>;

    explicit Worker(const std::function<void(const Say&)>& work) {
        int ends[2] = {-1, -1};
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        output_ = FileDescriptor(ends[0]);
        const FileDescriptor input(ends[1]);
        std::fflush(nullptr); // or both would print what waits to be printed
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            work([&](const std::string& line) { static_cast<void>(write_all(input.get(), line + "\n")); });
            ::_exit(0);
        }
    }
    /// Its lines until it died; an unfinished last one does not count.
    std::vector<std::string> kill() {
        ::kill(pid_, SIGKILL);
        return wait();
    }
    std::vector<std::string> wait() {
        std::string text;
        std::array<char, 65536> buffer{};
        for (ssize_t count = 0; (count = ::read(output_.get(), buffer.data(), buffer.size())) > 0;)
            text.append(buffer.data(), static_cast<std::size_t>(count));
        ::waitpid(pid_, nullptr, 0);
        std::vector<std::string> lines;
        std::istringstream stream(text);
        for (std::string line; std::getline(stream, line) && !stream.eof();)
            lines.push_back(line);
        return lines;
    }

  private:
    FileDescriptor output_;
    pid_t pid_ = -1;
};

void commit_for_ever(const Paths& paths, const Worker::Say& say) {
    while (true) {
        auto checkpoint = Checkpoint::open(paths, instance, keep_all);
        if (!checkpoint) return say("error " + checkpoint.error().message);
        for (int i = 0; i < 3; ++i) {
            const auto marks = checkpoint->series().marks(series);
            const Timestamp ts = marks ? marks->newest + 1 : 1;
            const auto committed = checkpoint->commit(next_commit(*checkpoint, ts, 5000));
            if (!committed) return say("error " + committed.error().message);
            say(fmt::format("committed {}", ts));
        }
        const auto compacted = checkpoint->compact_if_large();
        if (!compacted) return say("error " + compacted.error().message);
    }
}

/// Delivers what is there; "ARCHIVE ID TS" for each message, before it is removed.
bool deliver(const Paths& paths, const std::string& archive, const Worker::Say& say) {
    const Spool spool(paths, archive);
    const auto names = spool.list();
    if (!names) {
        say("error " + names.error().message);
        return false;
    }
    for (const std::string& name : *names) {
        const auto segment = spool.read(name);
        if (!segment || !*segment) {
            say("error " + (segment ? name + " is gone" : segment.error().message));
            return false;
        }
        for (const Message& message : (*segment)->messages())
            say(fmt::format("{} {} {}", archive, message.id, std::stoll(std::string(message.body))));
        if (auto removed = spool.remove({name}); !removed) {
            say("error " + removed.error().message);
            return false;
        }
    }
    return true;
}

/// What archives got.
class Arrivals {
  public:
    void take(const std::vector<std::string>& lines) {
        for (const std::string& line : lines) {
            std::istringstream words(line);
            std::string archive;
            std::string id;
            Timestamp ts = 0;
            words >> archive >> id >> ts;
            INFO(line);
            REQUIRE(archive != "error");
            const auto [known, is_new] = ids_.emplace(archive + id, ts);
            REQUIRE(known->second == ts); // an id is never used for something else
            repeated_ += is_new ? 0 : 1;
            points_[archive].insert(ts);
        }
    }
    const std::set<Timestamp>& at(const std::string& archive) { return points_[archive]; }
    unsigned repeated() const { return repeated_; }

  private:
    std::map<std::string, std::set<Timestamp>> points_;
    std::map<std::string, Timestamp> ids_;
    unsigned repeated_ = 0;
};

void drain(const Paths& paths, Arrivals& arrivals) {
    for (const char* archive : {"first", "second"}) {
        std::vector<std::string> lines;
        deliver(paths, archive, [&](const std::string& line) { lines.push_back(line); });
        arrivals.take(lines);
    }
}

} // namespace

TEST_CASE("150 kills of a probe and as many of an archiver lose nothing") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    const auto seed = std::random_device{}();
    std::mt19937 random(seed);
    fmt::print("commit_kill_test: seed {}\n", seed);
    Arrivals arrivals;
    std::set<Timestamp> committed;
    Recovery recovered;
    const auto pause = [&](unsigned most) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % most));
    };

    for (int round = 0; round < 150; ++round) {
        Worker probe([&](const Worker::Say& say) { commit_for_ever(paths, say); });
        Worker archiver([&](const Worker::Say& say) {
            while (deliver(paths, "first", say) && deliver(paths, "second", say)) {
            }
        });
        pause(80000); // some die before they have begun, some in the middle of their tenth commit
        for (const std::string& line : probe.kill()) {
            INFO(line);
            REQUIRE(line.starts_with("committed "));
            committed.insert(std::stoll(line.substr(10)));
        }
        arrivals.take(archiver.kill());

        const auto checkpoint = Checkpoint::open(paths, instance, keep_all);
        INFO((checkpoint ? "" : checkpoint.error().message));
        REQUIRE(checkpoint);
        const auto state = checkpoint->find(series);
        for (const Timestamp ts : committed)
            REQUIRE(state->seen(ts));
        recovered.published += checkpoint->recovery().published;
        recovered.deleted += checkpoint->recovery().deleted;
        REQUIRE(checkpoint->recovery().damaged == 0);
    }

    drain(paths, arrivals);
    const auto sent = Checkpoint::open(paths, instance, keep_all)->find(series)->recent;
    const std::set<Timestamp> expected(sent.begin(), sent.end());
    CHECK(arrivals.at("first") == expected);
    CHECK(arrivals.at("second") == expected);
    CHECK(committed.size() > 20);
    fmt::print("commit_kill_test: {} points, {} published and {} deleted by recovery, {} messages repeated, "
               "none lost\n",
               expected.size(), recovered.published, recovered.deleted, arrivals.repeated());
}

TEST_CASE("whoever reads beside a probe that commits and folds its log sees a state that was") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    Worker probe([&](const Worker::Say& say) { commit_for_ever(paths, say); });
    Timestamp newest = 0;
    int reads = 0;
    while (newest < 40) {
        const auto state = read_checkpoint(paths, instance);
        INFO((state ? "" : state.error().message));
        REQUIRE(state);
        if (!*state) continue; // nothing is committed yet
        const auto found = (*state)->series.find(series);
        REQUIRE(found);
        REQUIRE(found->newest >= newest);
        REQUIRE(found->recent.size() == static_cast<std::size_t>(found->newest)); // 1, 2, 3 …
        newest = found->newest;
        ++reads;
    }
    probe.kill();
    CHECK(reads > 10);
}

namespace {

/// In a mount namespace of its own: a disk of 2 MiB, now and then almost full. What went wrong, or nothing.
std::string fill_the_disk(const std::filesystem::path& directory) {
    if (::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=2m") != 0) return "skip: cannot mount a tmpfs";
    const Paths paths(directory);
    std::mt19937 random(7);
    std::set<Timestamp> committed;
    std::map<std::string, std::set<Timestamp>> arrived;
    std::string problem;
    const auto take = [&](const std::string& line) {
        std::istringstream words(line);
        std::string archive;
        std::string id;
        Timestamp ts = 0;
        words >> archive >> id >> ts;
        if (archive == "error") problem = line;
        arrived[archive].insert(ts);
    };
    unsigned refused = 0;
    for (int round = 0; round < 150 && problem.empty(); ++round) {
        {
            const auto filler = FileSystem::real().create(directory / "filler", 0600);
            const std::string block(4096, 'x');
            const auto space = std::filesystem::space(directory).available / block.size();
            const std::size_t left = random() % 60; // of about 45 that a commit takes
            for (std::size_t i = 0; i + left < space; ++i)
                if (!FileSystem::real().write(*filler, i * block.size(), block)) break;
        }
        auto checkpoint = Checkpoint::open(paths, instance, keep_all);
        for (int i = 0; checkpoint && i < 3; ++i) {
            const auto marks = checkpoint->series().marks(series);
            const Timestamp ts = marks ? marks->newest + 1 : 1;
            const auto done = checkpoint->commit(next_commit(*checkpoint, ts, 5000));
            refused += done ? 0 : 1;
            if (done) committed.insert(ts);
            if (!done && done.error().kind != ErrorKind::storage) return done.error().message;
            if (!checkpoint->compact_if_large()) break; // there is no room for that either
        }
        if (!checkpoint && checkpoint.error().kind != ErrorKind::storage) return checkpoint.error().message;
        for (const char* archive : {"first", "second"})
            deliver(paths, archive, take); // with the disk still full
        std::filesystem::remove(directory / "filler");
    }
    const auto state = Checkpoint::open(paths, instance, keep_all)->find(series);
    const std::set<Timestamp> sent(state->recent.begin(), state->recent.end());
    for (const char* archive : {"first", "second"})
        deliver(paths, archive, take);
    if (!problem.empty()) return problem;
    if (!std::ranges::includes(sent, committed)) return "a committed point is forgotten";
    if (arrived["first"] != sent || arrived["second"] != sent) return "something was lost";
    if (refused < 10 || committed.size() < 10)
        return fmt::format("{} refused, {} committed", refused, committed.size());
    fmt::print("commit_kill_test: {} commits were refused by a full disk, {} were not\n", refused,
               committed.size());
    return {};
}

} // namespace

TEST_CASE("a full disk refuses commits and loses nothing") {
    const TemporaryDirectory directory;
    Worker worker([&](const Worker::Say& say) {
        // The mounts of this namespace are nobody else's.
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
            return say("skip: no right to a mount namespace of its own (not root)");
        }
        say(fill_the_disk(directory.path()));
        std::fflush(stdout);
    });
    const auto verdict = worker.wait();
    REQUIRE(verdict.size() == 1); // it did not crash
    if (verdict[0].starts_with("skip")) {
        WARN(verdict[0]);
        return;
    }
    CHECK(verdict[0] == "");
}
