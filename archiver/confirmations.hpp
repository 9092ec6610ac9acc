// What was published and not yet confirmed. The broker counts the messages of a channel from 1 and confirms
// by that number, one or all up to one; what it returns, it returns before it confirms it, in order.
#pragma once

#include "archiver/routes.hpp"
#include "lib/spool/segment.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <string_view>

namespace meshprobe {

class Confirmations {
  public:
    struct Entry {
        std::uint64_t ticket = 0;
        const Message* message = nullptr;
        Routes::Entry* route = nullptr;
        bool returned = false;
        bool settled = false;
    };

    void add(Entry entry) {
        if (entries_.empty()) since_ = std::chrono::steady_clock::now();
        entries_.push_back(entry);
    }
    void clear() {
        entries_.clear();
        first_tag_ = 1;
        next_return_ = 0;
    }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    /// Since the last confirmation, or since there is something to confirm.
    [[nodiscard]] Microseconds waiting_for() const {
        return std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - since_);
    }

    void mark_returned(std::string_view id) {
        const auto begin = entries_.begin();
        const auto start = begin + static_cast<std::ptrdiff_t>(std::min(next_return_, entries_.size()));
        const auto is_it = [&](const Entry& entry) { return !entry.settled && entry.message->id == id; };
        auto found = std::find_if(start, entries_.end(), is_it);
        if (found == entries_.end()) found = std::find_if(begin, start, is_it);
        if (found == entries_.end()) return;
        found->returned = true;
        next_return_ = static_cast<std::size_t>(found - begin) + 1;
    }

    /// Calls `settle` for each entry that this confirms; false: nothing with that number was sent.
    template <class Settle>
    [[nodiscard]] bool settle(std::uint64_t tag, bool multiple, Settle settle) {
        if (multiple && tag == 0) tag = first_tag_ + entries_.size() - 1; // all there are
        if (tag >= first_tag_ + entries_.size()) return false;
        if (tag < first_tag_) return true; // confirmed before
        const std::size_t last = tag - first_tag_;
        for (std::size_t index = multiple ? 0 : last; index <= last; ++index) {
            if (std::exchange(entries_[index].settled, true)) continue;
            settle(std::as_const(entries_[index]));
        }
        while (!entries_.empty() && entries_.front().settled) {
            entries_.pop_front();
            ++first_tag_;
            if (next_return_ > 0) --next_return_;
        }
        since_ = std::chrono::steady_clock::now();
        return true;
    }

  private:
    std::deque<Entry> entries_;
    std::uint64_t first_tag_ = 1; ///< of the first entry
    std::size_t next_return_ = 0; ///< where the next returned message is looked for
    std::chrono::steady_clock::time_point since_{};
};

} // namespace meshprobe
