#include "lib/format/subject_text.hpp"

#include "lib/json_text/json_value.hpp"

#include <arpa/inet.h>
#include <fmt/chrono.h>
#include <netinet/in.h>

#include <ctime>

namespace meshprobe {

std::string text_of(const std::string& json_text) {
    if (!json_text.starts_with('"')) return json_text;
    return unescape(JsonValue{json_text}).value_or("");
}

bool is_address(const std::string& text) {
    in6_addr address{};
    return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::string test_type_of(std::string_view told, std::string_view event_type) {
    if (!told.empty()) return std::string(told);
    if (event_type == "histogram-rtt" || event_type.ends_with("-bidir") || event_type.ends_with("-reverse"))
        return "rtt";
    for (const std::string_view measure : {"throughput", "retransmits", "packet-rtt", "tcp-windowsize"}) {
        if (event_type.find(measure) != std::string_view::npos) return "throughput";
    }
    if (event_type.starts_with("packet-trace") || event_type == "path-mtu") return "trace";
    if (event_type.starts_with("histogram-") || event_type.starts_with("packet-")) return "latencybg";
    return {};
}

std::string iso_time(std::int64_t unix_seconds) {
    // Not by way of a time_point, whose nanoseconds end in 2262.
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

void append_member(std::string& out, std::string_view name, std::string_view json) {
    if (json.empty()) return;
    if (out.back() != '{' && out.back() != '[') out += ',';
    out += '"';
    out += name;
    out += "\":";
    out += json;
}

} // namespace meshprobe
