// Text with {NAME} in it, such as "https://collector.example.org/{host}/{id}".
#pragma once

#include "lib/spool/segment.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

class TextTemplate {
  public:
    /// Whatever is in braces is a name: which ones there are was checked with the configuration.
    explicit TextTemplate(std::string_view pattern);

    [[nodiscard]] bool is_constant() const;
    [[nodiscard]] bool has(std::string_view name) const;
    /// `value(name)`: what to put in, as text.
    template <class Value>
    [[nodiscard]] std::string fill(Value value) const {
        std::string text;
        for (const Part& part : parts_) {
            if (part.is_name) {
                text += value(part.text);
            } else {
                text += part.text;
            }
        }
        return text;
    }

  private:
    struct Part {
        std::string text;
        bool is_name;
    };
    std::vector<Part> parts_;
};

/// What is known of every message: "event-type" (of summaries the one they are made from), "host", "task",
/// "instance", "archive", "id". Empty for other names.
[[nodiscard]] std::string_view placeholder(std::string_view name, const SegmentHeader& segment,
                                           const Message& message);

} // namespace meshprobe
