#include "archiver/raw_body.hpp"

#include "lib/summary_name.hpp"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace meshprobe {

namespace json = simdjson::ondemand;

namespace {

/// Fractions of a second are cut off: series are told apart by whole seconds.
std::optional<std::int64_t> parse_timestamp(std::string_view text) {
    std::int64_t seconds = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, seconds);
    if (error != std::errc() || seconds < 0) return std::nullopt;
    if (rest == end) return seconds;
    const bool fraction =
        *rest == '.' && std::all_of(rest + 1, end, [](char c) { return c >= '0' && c <= '9'; });
    return fraction ? std::optional(seconds) : std::nullopt;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

} // namespace

class RawBodyReader::Impl {
  public:
    Result<const RawBody*> read(std::string_view body) {
        padded_.resize(body.size() + simdjson::SIMDJSON_PADDING);
        std::memcpy(padded_.data(), body.data(), body.size());
        raw_.metadata_key = {};
        raw_.event_type = {};
        raw_.meta.fill(std::nullopt);
        raw_.limits.clear();
        raw_.points.clear();
        raw_.summaries.clear();
        problem_ = "";
        const auto error = read_object(body.size());
        if (error == simdjson::SUCCESS && problem_.empty() &&
            (raw_.metadata_key.empty() || raw_.event_type.empty()))
            problem_ = "meta.org_metadata_key or meta.event-type is missing";
        if (error != simdjson::SUCCESS || !problem_.empty()) {
            return fail(ErrorKind::protocol,
                        fmt::format("not a raw message: {}",
                                    problem_.empty() ? simdjson::error_message(error) : problem_));
        }
        return &raw_;
    }

  private:
    simdjson::error_code read_object(std::size_t size) {
        json::document document;
        if (auto error = parser_.iterate(padded_.data(), size, padded_.size()).get(document)) return error;
        json::object object;
        if (auto error = document.get_object().get(object)) return error;
        for (auto field : object) {
            std::string_view key;
            json::value value;
            if (auto error = field.unescaped_key().get(key)) return error;
            if (auto error = field.value().get(value)) return error;
            if (key == "meta") {
                if (auto error = read_meta(value)) return error;
            } else if (key == "datapoints") {
                if (auto error = read_points(value)) return error;
            } else if (key == "summaries") {
                if (auto error = read_summaries(value)) return error;
            }
        }
        const char* rest = nullptr; // there must be none
        return document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS ? simdjson::SUCCESS
                                                                                : simdjson::TAPE_ERROR;
    }

    simdjson::error_code read_meta(json::value& meta) {
        json::object object;
        if (auto error = meta.get_object().get(object)) return error;
        for (auto field : object) {
            std::string_view key;
            if (auto error = field.unescaped_key().get(key)) return error;
            json::value value;
            if (auto error = field.value().get(value)) return error;
            if (key == "org_metadata_key") {
                if (auto error = value.get_string().get(raw_.metadata_key)) return error;
            } else if (key == "event-type") {
                if (auto error = value.get_string().get(raw_.event_type)) return error;
            } else if (key == "limits") {
                if (auto error = read_limits(value)) return error;
            } else if (const auto member = std::ranges::find(meta_members, key);
                       member != meta_members.end()) {
                auto& into = raw_.meta[static_cast<std::size_t>(member - meta_members.begin())];
                if (auto error = read_member(value, into)) return error;
            }
        }
        return simdjson::SUCCESS;
    }

    simdjson::error_code read_limits(json::value& value) {
        json::array names;
        if (auto error = value.get_array().get(names)) return error;
        for (auto name : names) {
            std::string_view text;
            if (auto error = name.get_string().get(text)) return error;
            raw_.limits.push_back(text);
        }
        return simdjson::SUCCESS;
    }

    simdjson::error_code read_member(json::value& value, std::optional<std::string_view>& into) {
        json::json_type type{};
        if (auto error = value.type().get(type)) return error;
        if (type == json::json_type::null) return value.is_null().error();
        std::string_view text;
        const auto error = type == json::json_type::string ? value.get_string().get(text)
                                                           : simdjson::to_json_string(value).get(text);
        if (!error) into = text;
        return error;
    }

    simdjson::error_code read_points(json::value& points) {
        json::object object;
        if (auto error = points.get_object().get(object)) return error;
        for (auto field : object) {
            std::string_view key;
            if (auto error = field.unescaped_key().get(key)) return error;
            json::value value;
            if (auto error = field.value().get(value)) return error;
            const auto ts = parse_timestamp(key);
            if (!ts) {
                problem_ = fmt::format("\"{}\" is not a timestamp", key.substr(0, 40));
                return simdjson::SUCCESS;
            }
            RawPoint point{*ts, std::string_view(), 0};
            if (auto error = read_value(value, point)) return error;
            raw_.points.push_back(point);
        }
        return simdjson::SUCCESS;
    }

    /// [{"event_type":…,"summary_type":…,"summary_window":…,"summary_data":[[TS,VALUE],…]},…]
    simdjson::error_code read_summaries(json::value& summaries) {
        json::array array;
        if (auto error = summaries.get_array().get(array)) return error;
        for (auto element : array) {
            json::object object;
            if (auto error = element.get_object().get(object)) return error;
            std::optional<std::string_view> event_type;
            std::optional<std::string_view> type;
            std::optional<std::string_view> window;
            RawSummaries read;
            for (auto field : object) {
                std::string_view key;
                if (auto error = field.unescaped_key().get(key)) return error;
                json::value value;
                if (auto error = field.value().get(value)) return error;
                simdjson::error_code error = simdjson::SUCCESS;
                if (key == "event_type") error = read_member(value, event_type);
                if (key == "summary_type") error = read_member(value, type);
                if (key == "summary_window") error = read_member(value, window);
                if (key == "summary_data") error = read_pairs(value, read.points);
                if (error) return error;
            }
            read.series = fmt::format("{}/{}/{}", event_type.value_or(""), type.value_or(""),
                                      trim(window.value_or("")));
            if (!parse_summary_name(read.series)) {
                problem_ = fmt::format("\"{}\" are no summaries", read.series.substr(0, 100));
                return simdjson::SUCCESS;
            }
            raw_.summaries.push_back(std::move(read));
        }
        return simdjson::SUCCESS;
    }

    simdjson::error_code read_pairs(json::value& pairs, std::vector<RawPoint>& points) {
        json::array array;
        if (auto error = pairs.get_array().get(array)) return error;
        for (auto element : array) {
            json::array pair;
            if (auto error = element.get_array().get(pair)) return error;
            RawPoint point;
            std::size_t place = 0;
            for (auto member : pair) {
                json::value value;
                if (auto error = member.get(value)) return error;
                if (place == 0) {
                    if (auto error = value.get_int64().get(point.ts)) return error;
                } else if (place == 1) {
                    if (auto error = read_value(value, point)) return error;
                }
                ++place;
            }
            if (place != 2) {
                problem_ = "a summary is no pair of time and value";
                return simdjson::SUCCESS;
            }
            points.push_back(point);
        }
        return simdjson::SUCCESS;
    }

    static simdjson::error_code read_value(json::value& value, RawPoint& point) {
        json::json_type type{};
        if (auto error = value.type().get(type)) return error;
        if (type != json::json_type::number) {
            std::string_view text;
            if (auto error = simdjson::to_json_string(value).get(text)) return error;
            text = trim(text);
            point.value = text;
            point.size = static_cast<std::uint32_t>(text.size());
            return simdjson::SUCCESS;
        }
        const std::string_view token = trim(value.raw_json_token());
        point.size = static_cast<std::uint32_t>(token.size());
        json::number number;
        if (value.get_number().get(number)) { // beyond what 64 bits hold: its text is exact
            point.value = token;
            return simdjson::SUCCESS;
        }
        if (number.is_int64()) {
            point.value = number.get_int64();
        } else if (number.is_uint64()) {
            point.value = token;
        } else {
            point.value = number.get_double();
        }
        return simdjson::SUCCESS;
    }

    json::parser parser_;
    std::vector<char> padded_;
    RawBody raw_;
    std::string problem_;
};

RawBodyReader::RawBodyReader() : impl_(std::make_unique<Impl>()) {}
RawBodyReader::~RawBodyReader() = default;

Result<const RawBody*> RawBodyReader::read(std::string_view body) {
    return impl_->read(body);
}

} // namespace meshprobe
