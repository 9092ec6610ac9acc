#include "lib/config/config.hpp"

#include "lib/config/compiled.hpp"
#include "lib/config/host_keys.hpp"
#include "lib/config/pattern.hpp"
#include "lib/config/schema.hpp"

#include <algorithm>

namespace meshprobe {

namespace {

Node::Pointer node_of(const Config::HostSection& section) {
    return section.node ? section.node : decode_node(section.compiled);
}

} // namespace

std::vector<std::string> TaskSettings::series() const {
    std::vector<std::string> all = event_types;
    all.insert(all.end(), summaries.begin(), summaries.end());
    return all;
}

const std::vector<std::string>& default_event_types() {
    static const std::vector<std::string> types{"failures",
                                                "histogram-owdelay",
                                                "histogram-ttl",
                                                "packet-count-lost",
                                                "packet-count-lost-bidir",
                                                "packet-count-sent",
                                                "packet-loss-rate",
                                                "packet-loss-rate-bidir",
                                                "packet-retransmits",
                                                "packet-retransmits-subintervals",
                                                "packet-trace",
                                                "throughput",
                                                "throughput-subintervals"};
    return types;
}

std::vector<const Config::HostSection*> Config::sections_of(std::string_view host) const {
    std::vector<const HostSection*> found;
    const auto names =
        std::ranges::find_if(host_sections, [](const HostSection& section) { return !section.is_glob; });
    for (auto section = host_sections.begin(); section != names; ++section) {
        if (glob_matches(section->pattern, host)) found.push_back(&*section);
    }
    const auto find_name = [&](std::string_view name) {
        const auto place = std::lower_bound(
            names, host_sections.end(), name,
            [](const HostSection& section, std::string_view text) { return section.pattern < text; });
        if (place != host_sections.end() && place->pattern == name) found.push_back(&*place);
    };
    const auto name = without_port(host);
    if (name != host) find_name(name);
    find_name(host);
    return found;
}

TaskSettings Config::task(std::string_view task, std::string_view host) const {
    const auto base = tasks.find(task);
    if (base == tasks.end()) {
        TaskSettings off;
        off.enabled = false;
        return off;
    }
    HostView view{base->second, {}};
    Reader reader;
    bool faulty = false;
    for (const auto* section : sections_of(host)) {
        faulty = faulty || section->faulty;
        if (const auto node = node_of(*section)) lay_over(reader, *node, task, view);
    }
    view.settings.enabled = view.settings.enabled && view.host_enabled && !faulty;
    return std::move(view.settings);
}

Description Config::description_of(std::string_view host) const {
    HostView view;
    Reader reader;
    for (const auto* section : sections_of(host)) {
        if (const auto node = node_of(*section)) lay_over(reader, *node, {}, view);
    }
    return std::move(view.description);
}

} // namespace meshprobe
