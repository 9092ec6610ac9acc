// Segments with messages that the archive did not take, for a reason that concerns them alone: they step
// aside and are tried again, while the others go on. They stay in q/; only what is still owed is remembered.
#pragma once

#include "archiver/flights.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace meshprobe {

class Parked {
  public:
    using Clock = std::chrono::steady_clock;

    struct Entry {
        std::string name;
        std::vector<std::size_t> owed;
        bool undecided = false;
        Clock::time_point not_before;
    };

    explicit Parked(Microseconds floor = std::chrono::seconds(1)) : floor_(floor) {}

    /// Tried again after `floor`, twice that … 5 min, which `forget` starts anew.
    void add(Landed landed, Clock::time_point now);
    /// The next one whose time has come.
    [[nodiscard]] std::optional<Entry> take(Clock::time_point now);
    /// Something was delivered: what was undecided is worth another try at once.
    void release_undecided(Clock::time_point now);
    /// The segment is done with.
    void forget(const std::string& name) { attempts_.erase(name); }

    [[nodiscard]] std::optional<Clock::time_point> next_due() const;
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    /// How often the one tried least was.
    [[nodiscard]] unsigned tries() const;
    /// Why the one parked last was.
    [[nodiscard]] const std::string& reason() const { return reason_; }

  private:
    Microseconds floor_;
    std::deque<Entry> entries_;
    std::unordered_map<std::string, unsigned> attempts_;
    std::string reason_;
};

} // namespace meshprobe
