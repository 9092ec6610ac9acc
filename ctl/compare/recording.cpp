#include "ctl/compare/recording.hpp"

#include "lib/file.hpp"
#include "lib/json.hpp"
#include "lib/mesh/json_text.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <optional>

namespace meshprobe::comparison {

namespace {

constexpr std::size_t largest_line = 64U << 20;

std::optional<Timestamp> timestamp_of(const std::string& text) {
    double seconds = 0; // consumers parse it as such
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_time = error == std::errc{} && end == text.data() + text.size() && seconds >= 0 &&
                         seconds <= static_cast<double>(latest_timestamp);
    return is_time ? std::optional(static_cast<Timestamp>(std::floor(seconds))) : std::nullopt;
}

/// Why it counts for nothing; empty: it was added.
Result<std::string> add_body(const nlohmann::json& body, Recording& recording) {
    const auto* meta = find_member(body, "meta");
    if (meta == nullptr || !meta->is_object()) return "it has no meta: " + describe_json(body);
    if (number_member(*meta, "summaries").value_or(0) != 0 || bool_member(*meta, "push")) {
        ++recording.passed_over;
        return std::string{};
    }
    const SeriesName series{string_member(*meta, "org_metadata_key"), string_member(*meta, "event-type")};
    if (series.key.empty() || series.event_type.empty())
        return std::string("its meta has no org_metadata_key, or no event-type");
    const auto* points = find_member(body, "datapoints");
    if (points == nullptr || !points->is_object()) return std::string("it has no datapoints");
    const auto& agent = string_member(*meta, "measurement_agent");
    for (const auto& [text, value] : points->items()) {
        const auto ts = timestamp_of(text);
        if (!ts) return fmt::format("\"{}\" is no timestamp", text);
        if (!recording.results.add(series, agent.empty() ? "?" : agent, *ts)) {
            return fail(ErrorKind::usage,
                        fmt::format("more than {} results; compare a shorter time", Results::most));
        }
    }
    return std::string{};
}

} // namespace

Status Recording::add(std::string_view message) {
    ++messages;
    std::string why;
    auto json = parse_json_text(message);
    if (json) {
        // Headers of ActiveMQ hold what is in the meta of others.
        const auto* header = find_member(*json, "header");
        if (const auto* text = find_member(*json, "body"); text != nullptr && text->is_string()) {
            auto body = parse_json_text(text->get_ref<const std::string&>());
            if (body && header != nullptr && header->is_object() && body->is_object() &&
                (*body)["meta"].is_object())
                (*body)["meta"].update(*header);
            json = std::move(body);
        }
    }
    if (json) {
        auto added = add_body(*json, *this);
        if (!added) return fail(added.error());
        why = std::move(*added);
    } else {
        why = json.error().message;
    }
    if (why.empty()) return {};
    if (refused++ == 0) first_refused = why;
    return {};
}

Status read_recording(const std::string& file, Recording& recording) {
    const bool is_input = file == "-";
    FileDescriptor opened;
    if (!is_input) {
        opened = FileDescriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        if (!opened.is_open()) return fail_errno("open " + file);
    }
    std::string rest;
    std::array<char, 65536> buffer{};
    const auto take_line = [&](std::string_view line) -> Status {
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
        return recording.add(line);
    };
    while (true) {
        const auto count = ::read(is_input ? STDIN_FILENO : opened.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("read " + file);
        if (count == 0) return take_line(rest);
        rest.append(buffer.data(), static_cast<std::size_t>(count));
        std::size_t begin = 0;
        for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
            if (auto taken = take_line(std::string_view(rest).substr(begin, end - begin)); !taken)
                return taken;
            begin = end + 1;
        }
        rest.erase(0, begin);
        if (rest.size() > largest_line) {
            return fail(ErrorKind::usage,
                        fmt::format("{}: a line is longer than {} bytes; expected one message "
                                    "of JSON on each",
                                    file, largest_line));
        }
    }
}

} // namespace meshprobe::comparison
