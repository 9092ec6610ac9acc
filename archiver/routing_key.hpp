// Templates like "perfsonar.raw.{event-type}".
#pragma once

#include "lib/error.hpp"
#include "lib/spool/segment.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

class RoutingKey {
  public:
    /// Knows {event-type}, {host}, {task}, {instance} and {archive}; `configuration` error for others.
    [[nodiscard]] static Result<RoutingKey> parse(std::string_view pattern);

    /// Of one message; valid until the next call.
    [[nodiscard]] const std::string& of(const SegmentHeader& segment, const Message& message);

  private:
    enum class What : char { text, event_type, host, task, instance, archive };
    struct Part {
        What what;
        std::string text;
    };
    std::vector<Part> parts_;
    std::string key_;
};

} // namespace meshprobe
