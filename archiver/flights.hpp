// The segments that are being delivered: which of their messages wait, are on their way, or are settled.
// Messages are known by tickets, which count up over all segments; a segment has landed once all its
// messages are settled.
#pragma once

#include "archiver/archive_type.hpp"
#include "lib/spool/segment.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace meshprobe {

/// A segment with nothing left on its way.
struct Landed {
    struct Refused {
        std::size_t index;
        std::string reason;
    };
    std::string name;
    Segment segment;
    std::vector<Refused> refused;
    std::vector<std::size_t> owed; ///< neither delivered nor refused: to be tried again
    bool undecided = false;        ///< what is owed may be tried again after any delivery
    std::string why_owed;
};

class Flights {
  public:
    /// `owed`: the only messages to deliver (the others were, earlier); empty: all.
    void add(std::string name, Segment segment, const std::vector<std::size_t>& owed = {});

    /// The next messages that wait, marked as on their way: as many as fit into the window.
    [[nodiscard]] std::vector<Item> take(const Window& window);
    /// take() would bring something.
    [[nodiscard]] bool may_take(const Window& window) const;
    /// False: no message with that ticket is on its way.
    bool settle(Verdict verdict);
    /// The connection is gone: what was on its way waits again.
    void give_back();
    /// The segments that have landed since; they are forgotten here.
    [[nodiscard]] std::vector<Landed> land();

    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
    [[nodiscard]] std::size_t on_their_way() const { return on_their_way_; }
    [[nodiscard]] std::uint64_t oldest_on_its_way() const; ///< its ticket; on_their_way() must not be 0
    [[nodiscard]] std::size_t segments() const { return flights_.size(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; } ///< of the segments held
    [[nodiscard]] bool empty() const { return flights_.empty(); }
    [[nodiscard]] const Message* message(std::uint64_t ticket); ///< nullptr: not held

  private:
    enum class State : char { waiting, sent, settled };
    struct Flight {
        Landed landed;
        std::uint64_t first_ticket;
        std::vector<State> states;
        std::size_t unsettled;
        std::size_t bytes;
    };
    [[nodiscard]] Flight* find(std::uint64_t ticket); ///< nullptr: unknown or landed
    [[nodiscard]] const Flight* find(std::uint64_t ticket) const;

    std::deque<Flight> flights_; ///< by ticket; a deque, because items point into it
    std::deque<std::uint64_t> waiting_;
    std::uint64_t next_ticket_ = 1;
    std::size_t on_their_way_ = 0;
    std::size_t bytes_on_their_way_ = 0;
    std::size_t bytes_ = 0;
};

} // namespace meshprobe
