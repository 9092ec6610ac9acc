#include "lib/pscheduler/run_subject.hpp"

#include "lib/json_text/python_json.hpp"
#include "lib/pscheduler/iso_duration.hpp"
#include "lib/record/identity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace meshprobe {

namespace {

constexpr std::array<std::string_view, 6> mapped_tests{"disk-to-disk", "latency",    "latencybg",
                                                       "rtt",          "throughput", "trace"};

std::string json_string(std::string_view text) {
    std::string quoted;
    if (!text.empty()) append_string(quoted, text);
    return quoted;
}

/// The ends of a disk-to-disk test are URLs, or files of whoever runs it; what format `pscheduler` knows of
/// them are names of hosts.
std::string end_of(const RunDocument& document, std::string_view member) {
    auto text = unescape(document.spec[member]).value_or("");
    if (document.test_type != "disk-to-disk" || text.find('/') == std::string::npos) return text;
    const auto host = host_of_url(text);
    return host.empty() && !text.empty() ? (document.observer.empty() ? document.lead : document.observer)
                                         : host;
}

std::string transport_of(const RunDocument& document) {
    if (document.test_type == "throughput") return is_truthy(document.spec["udp"]) ? "udp" : "tcp";
    if (document.test_type == "trace") return unescape(document.spec["probe-type"]).value_or("");
    return {};
}

} // namespace

bool is_point_to_point(std::string_view test_type) {
    return std::ranges::find(mapped_tests, test_type) != mapped_tests.end();
}

Result<SeriesSubject> subject_of(const RunDocument& document) {
    const bool has_two_ends = is_point_to_point(document.test_type);
    std::string source = has_two_ends ? end_of(document, "source") : std::string();
    if (source.empty()) source = document.lead;
    const std::string destination = has_two_ends ? end_of(document, "dest") : std::string();
    if (source.empty()) return fail(ErrorKind::protocol, "it names neither a source nor a participant");
    if (has_two_ends && destination.empty()) {
        return fail(ErrorKind::protocol, fmt::format("a {} test without test.spec.dest", document.test_type));
    }
    const auto& agent = !document.observer.empty() ? document.observer
                        : !document.lead.empty()   ? document.lead
                                                   : source;
    SeriesSubject subject;
    auto& meta = subject.meta;
    meta.subject_type = has_two_ends ? "\"point-to-point\"" : "\"network-element\"";
    meta.source = meta.input_source = json_string(source);
    meta.destination = meta.input_destination = json_string(destination);
    meta.measurement_agent = json_string(agent);
    meta.tool_name = document.tool.empty() ? std::string() : json_string("pscheduler/" + document.tool);
    meta.test_type = json_string(document.test_type);
    if (document.duration) {
        meta.time_duration = '"';
        append_float(meta.time_duration, to_seconds(*document.duration));
        meta.time_duration += '"';
    }
    meta.ip_transport_protocol = json_string(transport_of(document));
    std::string spec;
    if (!document.spec_text.text.empty()) append_json(spec, document.spec_text, MemberOrder::sorted);
    subject.key = subject_identity(meta, spec);
    return subject;
}

} // namespace meshprobe
