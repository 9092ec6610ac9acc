#include "archiver/text_template.hpp"

#include "lib/summary_name.hpp"

#include <algorithm>

namespace meshprobe {

TextTemplate::TextTemplate(std::string_view pattern) {
    while (!pattern.empty()) {
        const auto open = std::min(pattern.find('{'), pattern.size());
        const auto close = std::min(pattern.find('}', open), pattern.size());
        if (open > 0) parts_.push_back({std::string(pattern.substr(0, open)), false});
        if (open == pattern.size()) break;
        parts_.push_back({std::string(pattern.substr(open + 1, close - open - 1)), true});
        pattern.remove_prefix(std::min(close + 1, pattern.size()));
    }
}

bool TextTemplate::is_constant() const {
    return std::ranges::none_of(parts_, &Part::is_name);
}

bool TextTemplate::has(std::string_view name) const {
    return std::ranges::any_of(parts_, [&](const Part& part) { return part.is_name && part.text == name; });
}

std::string_view placeholder(std::string_view name, const SegmentHeader& segment, const Message& message) {
    if (name == "event-type") return event_type_of(message.event_type);
    if (name == "host") return segment.host;
    if (name == "task") return segment.task;
    if (name == "instance") return segment.instance;
    if (name == "archive") return segment.archive;
    if (name == "id") return message.id;
    return {};
}

} // namespace meshprobe
