// An archive whose every answer a test decides, and the scratch root that goes with it.
#pragma once

#include "archiver/archive_type.hpp"
#include "archiver/deliver.hpp"
#include "archiver/reporter.hpp"
#include "archiver/stop.hpp"
#include "lib/spool/segment_name.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>
#include <sys/eventfd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>

namespace meshprobe {

/// What happens when the power fails at this very call.
struct PowerFailure {};

class ScriptedArchive : public ArchiveType {
  public:
    std::function<Verdict(const Item&)> verdict = [](const Item& item) {
        return Verdict{item.ticket, Verdict::Kind::delivered, {}};
    };
    std::function<Status()> on_connect = [] { return Status(); };
    std::function<Status(std::span<const Item>)> on_send = [](std::span<const Item>) { return Status(); };
    std::function<void(std::string_view)> on_call = [](std::string_view) {};
    std::function<std::string()> on_held_up = [] { return std::string(); };
    Window limit{10, 1U << 20};
    std::map<std::string, int> taken; ///< by message id: how often it was delivered
    std::size_t most_on_their_way = 0;
    int connects = 0;

    Status connect() override {
        on_call("connect");
        ++connects;
        on_their_way_.clear();
        return on_connect();
    }
    void disconnect() override { on_their_way_.clear(); }
    Status send(std::span<const Item> batch) override {
        on_call("send");
        for (const Item& item : batch)
            on_their_way_.push_back(item);
        most_on_their_way = std::max(most_on_their_way, on_their_way_.size());
        return on_send(batch);
    }
    /// Settles half of what is on its way, at least one.
    Result<std::vector<Verdict>> settle() override {
        on_call("settle");
        std::vector<Verdict> verdicts;
        if (!held_up().empty()) return verdicts;
        for (std::size_t count = (on_their_way_.size() + 1) / 2; count > 0; --count) {
            const Item item = on_their_way_.front();
            on_their_way_.pop_front();
            verdicts.push_back(verdict(item));
            if (verdicts.back().kind == Verdict::Kind::delivered) ++taken[std::string(item.message->id)];
        }
        on_call("settled");
        return verdicts;
    }
    Window window() const override { return limit; }
    std::string held_up() const override { return on_held_up(); }
    Result<bool> tidy(bool the_last_time) override {
        ++(the_last_time ? last_tidies : tidies);
        return the_last_time;
    }
    int tidies = 0;
    int last_tidies = 0;
    std::string place() const override { return "nowhere"; }

  private:
    std::deque<Item> on_their_way_;
};

class ScriptedRoot {
  public:
    ScriptedRoot() { REQUIRE(spool.create()); }

    std::string publish(int number, int messages, std::string_view body = "{}") const {
        SegmentBuilder builder({"meshprobe@h", "h", "default", "a", fmt::format("r{}", number), "raw"});
        for (int index = 0; index < messages; ++index)
            builder.add("throughput", 1, body);
        return publish(number, std::move(builder).finish());
    }
    std::string publish(int number, const std::string& bytes) const {
        std::string name = SegmentName{1'000'000 + number, 7, 0}.text();
        REQUIRE(write_file_atomically(directory.path() / "segment", bytes));
        std::filesystem::rename(directory.path() / "segment", spool.queue() / name);
        return name;
    }
    /// Runs a delivery to its end, as a process of its own would.
    Status deliver(ScriptedArchive& archive, DeliverySettings settings = {}) {
        settings.pause = std::chrono::milliseconds(2);
        Reporter reporter(journal, paths, "a");
        Delivery delivery(spool, archive, reporter, stop, settings);
        return delivery.run();
    }
    Status drain(ScriptedArchive& archive) { return deliver(archive, {.drain = true}); }
    std::size_t left() const { return spool.list()->size(); }

    test::TemporaryDirectory directory;
    const Paths paths{directory.path()};
    const Spool spool{paths, "a"};
    const Journal journal{"test", Journal::Sink::standard_error};
    const FileDescriptor stop_event{eventfd(0, EFD_CLOEXEC)};
    const Stop stop{FileDescriptor(dup(stop_event.get()))};
};

} // namespace meshprobe
