// The configuration file that says what an old collector's said.
#include "ctl/import/settings.hpp"
#include "ctl/printable.hpp"
#include "lib/host_name.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace meshprobe::legacy {

namespace {

/// A JSON string is a YAML scalar, whatever is in it.
std::string scalar(const std::string& text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// "psconfig-opensciencegrid-org", made unique.
std::string mesh_name(const std::string& url, std::set<std::string>& taken) {
    constexpr std::size_t longest = 50; // of 63, so that there is room for a number
    std::string name;
    const auto parsed = parse_url(url);
    for (const char c : parsed ? parsed->host.host : std::string("mesh"))
        name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
    if (name.empty() || name.front() == '-') name.insert(0, "mesh");
    name.resize(std::min(name.size(), longest));
    std::string unique = name;
    for (unsigned number = 2; !taken.insert(unique).second; ++number)
        unique = fmt::format("{}-{}", name, number);
    return unique;
}

std::string mesh_section(const Settings& settings) {
    if (settings.meshes.empty()) return {};
    std::string text = "\nmeshes:\n";
    std::set<std::string> taken;
    for (const auto& url : settings.meshes) {
        text += fmt::format("  {}: {{url: {}", mesh_name(url, taken), scalar(url));
        if (settings.mesh_refresh)
            text += fmt::format(", refresh: {}", scalar(format_duration(*settings.mesh_refresh)));
        text += "}\n";
    }
    return text;
}

std::string task_section(const Settings& settings, std::string_view collector, std::string_view task) {
    std::string text = fmt::format("\ntasks:\n  {}:\n", scalar(std::string(task)));
    const auto add = [&](std::string_view key, const std::optional<Microseconds>& value) {
        if (value) text += fmt::format("    {}: {}\n", key, scalar(format_duration(*value)));
    };
    add("interval", settings.interval);
    add("timeout", settings.timeout);
    add("first-run", settings.first_run);
    if (!settings.event_types.empty()) {
        text += "    event-types:\n";
        for (const auto& name : settings.event_types)
            text += fmt::format("    - {}\n", scalar(name));
    }
    text += "    # The old collector took whatever of https and http answered.\n    http-fallback: true\n";
    if (!settings.certificate.empty()) {
        text += "    # A client certificate, for hosts that demand one; the user meshprobe must be able to "
                "read the key:\n";
        text += fmt::format("    # tls: {{certificate: {}, key: {}}}\n", scalar(settings.certificate),
                            scalar(settings.key));
    }
    if (settings.broker) text += fmt::format("    archives: {{{}: true}}\n", broker_name(collector));
    return text;
}

std::string archive_section(const Settings& settings, std::string_view collector) {
    if (!settings.broker) return {};
    const auto& broker = *settings.broker;
    std::string text = fmt::format("\narchives:\n  {}:\n    archiver: rabbitmq\n", broker_name(collector));
    text += fmt::format("    url: {}  # amqps: if the broker has TLS\n", scalar(broker.url()));
    if (!broker.user.empty()) text += fmt::format("    credential: {}\n", broker_name(collector));
    if (!broker.exchange.empty()) text += fmt::format("    exchange: {}\n", scalar(broker.exchange));
    text +=
        "    # shadow: true  # delivers nothing; for \"meshprobectl compare\" while both collectors run\n";
    return text;
}

std::string host_section(const Settings& settings) {
    if (settings.host_intervals.empty()) return {};
    std::string text = "\nhosts:\n";
    for (const auto& [host, interval] : settings.host_intervals)
        text += fmt::format("  {}: {{interval: {}}}\n", scalar(host), scalar(format_duration(interval)));
    return text;
}

} // namespace

std::string broker_name(std::string_view collector) {
    return fmt::format("{}-broker", collector);
}

std::string drop_in_of(const Settings& settings, std::string_view collector, std::string_view source,
                       std::string_view task) {
    std::string text = fmt::format("# Taken over from {}, {}. Edit it as you like.\n", collector,
                                   one_line(std::string(source)));
    for (const auto& note : settings.notes)
        text += fmt::format("# Not taken over: {}\n", one_line(note));
    return text + mesh_section(settings) + task_section(settings, collector, task) +
           archive_section(settings, collector) + host_section(settings);
}

} // namespace meshprobe::legacy
