// Messages as a delivery hands them to an archive.
#pragma once

#include "archiver/archive_type.hpp"

#include <fmt/core.h>

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace meshprobe::test {

/// Of one segment; message N has the id run-N and the ticket N + 1.
class Items {
  public:
    explicit Items(const std::vector<std::string>& bodies) {
        for (const std::string& body : bodies)
            bodies_.push_back(body + std::string(16, '\n')); // in a segment more follows
        for (std::size_t index = 0; index < bodies.size(); ++index)
            ids_.push_back(fmt::format("run-{}", index));
        for (std::size_t index = 0; index < bodies.size(); ++index)
            messages_.push_back({ids_[index], "throughput", 1,
                                 std::string_view(bodies_[index]).substr(0, bodies[index].size())});
        for (std::size_t index = 0; index < bodies.size(); ++index)
            items_.push_back({index + 1, &header, &messages_[index]});
    }
    Items(const Items&) = delete;
    Items& operator=(const Items&) = delete;
    ~Items() = default;

    void rename_type(std::size_t index, std::string_view event_type) {
        messages_[index].event_type = event_type;
    }
    [[nodiscard]] std::span<const Item> span() const { return items_; }
    [[nodiscard]] const Message& message(std::size_t index) const { return messages_[index]; }

    SegmentHeader header{"meshprobe@h:8443", "h:8443", "default", "a", "run", "raw"};

  private:
    std::vector<std::string> bodies_;
    std::vector<std::string> ids_;
    std::vector<Message> messages_;
    std::vector<Item> items_;
};

} // namespace meshprobe::test
