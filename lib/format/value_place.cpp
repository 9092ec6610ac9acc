#include "lib/format/value_place.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

std::string_view path_of(std::span<const ValuePlace> places, std::string_view test,
                         std::string_view event_type) {
    const std::string_view family = test == "latency" ? std::string_view("latencybg") : test;
    const auto place = std::ranges::find_if(places, [&](const ValuePlace& known) {
        return known.event_type == event_type && (known.test.empty() || known.test == family);
    });
    return place == places.end() ? event_type : place->path;
}

std::string member_at(std::string_view path, std::string_view json) {
    const auto dot = path.find('.');
    if (dot == std::string_view::npos) return fmt::format(R"("{}":{})", path, json);
    return fmt::format(R"("{}":{{{}}})", path.substr(0, dot), member_at(path.substr(dot + 1), json));
}

void append_number(std::string& out, const JsonValue& value) {
    const auto whole = value.is_number() ? to_integer(value) : std::nullopt;
    if (whole) {
        out += std::to_string(*whole);
    } else {
        append_ascii(out, value);
    }
}

} // namespace meshprobe
