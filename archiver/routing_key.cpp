#include "archiver/routing_key.hpp"

#include "lib/summary_name.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

namespace meshprobe {

Result<RoutingKey> RoutingKey::parse(std::string_view pattern) {
    constexpr std::array<std::pair<std::string_view, What>, 5> known{{{"event-type", What::event_type},
                                                                      {"host", What::host},
                                                                      {"task", What::task},
                                                                      {"instance", What::instance},
                                                                      {"archive", What::archive}}};
    RoutingKey key;
    while (!pattern.empty()) {
        const auto open = pattern.find('{');
        if (open != 0) key.parts_.push_back({What::text, std::string(pattern.substr(0, open))});
        if (open == std::string_view::npos) break;
        const auto close = pattern.find('}', open);
        const std::string_view name =
            pattern.substr(open + 1, close == std::string_view::npos ? close : close - open - 1);
        const auto found = std::ranges::find(known, name, &std::pair<std::string_view, What>::first);
        if (close == std::string_view::npos || found == known.end()) {
            return fail(
                ErrorKind::configuration,
                fmt::format("routing-key: {{{}}} is unknown; there are {{event-type}}, {{host}}, {{task}}, "
                            "{{instance}} and {{archive}}",
                            name));
        }
        key.parts_.push_back({found->second, {}});
        pattern.remove_prefix(close + 1);
    }
    return key;
}

const std::string& RoutingKey::of(const SegmentHeader& segment, const Message& message) {
    key_.clear();
    for (const Part& part : parts_) {
        switch (part.what) {
        case What::text:
            key_ += part.text;
            break;
        case What::event_type:
            key_ += event_type_of(message.event_type); // consumers tell summaries apart by what is in them
            break;
        case What::host:
            key_ += segment.host;
            break;
        case What::task:
            key_ += segment.task;
            break;
        case What::instance:
            key_ += segment.instance;
            break;
        case What::archive:
            key_ += segment.archive;
            break;
        }
    }
    return key_;
}

} // namespace meshprobe
