#include "lib/mesh/translated_test.hpp"

#include "lib/mesh/json_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace meshprobe {

namespace {

using nlohmann::json;

json whole_or_real(double value) {
    constexpr double exact = 9e15;
    if (std::floor(value) == value && std::abs(value) < exact) return static_cast<std::int64_t>(value);
    return value;
}

std::string seconds(double value) {
    return fmt::format("PT{}S", whole_or_real(value).dump());
}

enum class As { number, duration };
struct Setting {
    std::string_view of; ///< test type
    std::string_view old_name;
    std::string_view name;
    As as = As::number;
};

constexpr std::array settings{
    Setting{"throughput", "duration", "duration", As::duration},
    Setting{"throughput", "omit_interval", "omit", As::duration},
    Setting{"throughput", "streams", "parallel", As::number},
    Setting{"throughput", "udp_bandwidth", "bandwidth", As::number},
    Setting{"throughput", "window_size", "window-size", As::number},
    Setting{"throughput", "buffer_length", "buffer-length", As::number},
    Setting{"latencybg", "packet_interval", "packet-interval", As::number},
    Setting{"latencybg", "bucket_width", "bucket-width", As::number},
    Setting{"latencybg", "sample_count", "packet-count", As::number},
    Setting{"latencybg", "packet_padding", "packet-padding", As::number},
    Setting{"rtt", "packet_count", "count", As::number},
    Setting{"rtt", "packet_interval", "interval", As::duration},
    Setting{"rtt", "packet_size", "length", As::number},
    Setting{"trace", "max_ttl", "hops", As::number},
    Setting{"trace", "first_ttl", "first-ttl", As::number},
    Setting{"trace", "packet_size", "length", As::number},
};

std::string test_type(const std::string& old_type) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 4> types{{
        {"perfsonarbuoy/bwctl", "throughput"},
        {"perfsonarbuoy/owamp", "latencybg"},
        {"pinger", "rtt"},
        {"traceroute", "trace"},
    }};
    const auto* known =
        std::ranges::find(types, old_type, &std::pair<std::string_view, std::string_view>::first);
    return known == types.end() ? old_type : std::string(known->second);
}

} // namespace

json translated_test(const json& parameters) {
    const std::string type = test_type(string_member(parameters, "type"));
    json spec{{"source", "{% address[0] %}"}, {"dest", "{% address[1] %}"}};
    for (const Setting& setting : settings) {
        const auto value = setting.of == type ? number_member(parameters, setting.old_name) : std::nullopt;
        if (!value) continue;
        spec[std::string(setting.name)] =
            setting.as == As::duration ? json(seconds(*value)) : whole_or_real(*value);
    }
    if (type == "throughput" && string_member(parameters, "protocol") == "udp") spec["udp"] = true;
    if (bool_member(parameters, "ipv4_only")) spec["ip-version"] = 4;
    if (bool_member(parameters, "ipv6_only")) spec["ip-version"] = 6;
    return {{"type", type}, {"spec", std::move(spec)}};
}

json translated_schedule(const json& parameters) {
    constexpr double longest_slip = 12 * 3600;
    if (test_type(string_member(parameters, "type")) == "latencybg") return nullptr;
    const auto plain = number_member(parameters, "interval");
    const auto interval = plain ? plain : number_member(parameters, "test_interval");
    if (!interval || *interval <= 0) return nullptr;
    const double slip = number_member(parameters, "slip").value_or(std::min(*interval, longest_slip));
    const bool randomize =
        find_member(parameters, "slip_randomize") == nullptr || bool_member(parameters, "slip_randomize");
    return {{"repeat", seconds(*interval)}, {"slip", seconds(slip)}, {"sliprand", randomize}};
}

} // namespace meshprobe
