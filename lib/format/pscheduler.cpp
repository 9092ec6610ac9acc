#include "lib/format/pscheduler.hpp"

#include "lib/format/run_value.hpp"
#include "lib/format/subject_text.hpp"
#include "lib/format/value_place.hpp"
#include "lib/json_text/python_json.hpp"
#include "lib/record/identity.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace meshprobe {

namespace {

constexpr std::array places_of_result{
    ValuePlace{"disk-to-disk", "throughput", "throughput"},
    ValuePlace{"", "throughput", "summary.summary.throughput-bits"},
    ValuePlace{"", "packet-retransmits", "summary.summary.retransmits"},
    ValuePlace{"", "packet-rtt", "summary.summary.rtt"},
    ValuePlace{"", "tcp-windowsize", "summary.summary.tcp-window-size"},
    ValuePlace{"throughput", "packet-count-sent", "summary.summary.sent"},
    ValuePlace{"throughput", "packet-count-lost", "summary.summary.lost"},
    ValuePlace{"", "throughput-subintervals", "intervals"},
    ValuePlace{"", "packet-retransmits-subintervals", "intervals"},
    ValuePlace{"", "packet-rtt-subintervals", "intervals"},
    ValuePlace{"", "tcp-windowsize-subintervals", "intervals"},
    ValuePlace{"", "streams-throughput", "summary.streams"},
    ValuePlace{"", "streams-packet-retransmits", "summary.streams"},
    ValuePlace{"", "streams-packet-rtt", "summary.streams"},
    ValuePlace{"", "streams-tcp-windowsize", "summary.streams"},
    ValuePlace{"", "streams-throughput-subintervals", "intervals"},
    ValuePlace{"", "streams-packet-retransmits-subintervals", "intervals"},
    ValuePlace{"", "streams-packet-rtt-subintervals", "intervals"},
    ValuePlace{"", "streams-tcp-windowsize-subintervals", "intervals"},
    ValuePlace{"", "histogram-owdelay", "histogram-latency"},
    ValuePlace{"rtt", "packet-count-sent", "sent"},
    ValuePlace{"", "packet-count-sent", "packets-sent"},
    ValuePlace{"", "packet-count-lost", "packets-lost"},
    ValuePlace{"", "packet-duplicates", "packets-duplicated"},
    ValuePlace{"", "packet-reorders", "packets-reordered"},
    ValuePlace{"", "time-error-estimates", "max-clock-error"},
    ValuePlace{"", "packet-count-lost-bidir", "lost"},
    ValuePlace{"", "packet-duplicates-bidir", "duplicates"},
    ValuePlace{"", "packet-reorders-bidir", "reorders"},
    ValuePlace{"", "packet-loss-rate-bidir", "loss"},
    ValuePlace{"", "histogram-rtt", "roundtrips"},
    ValuePlace{"", "histogram-ttl-reverse", "roundtrips"},
    ValuePlace{"", "packet-trace", "paths"},
    ValuePlace{"", "packet-trace-multi", "paths"},
};

/// 32 hexadecimal digits as a UUID of version 8: one that whoever makes it defines.
std::string uuid_of(const std::string& digits) {
    return fmt::format("{}-{}-8{}-8{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(13, 3),
                       digits.substr(17, 3), digits.substr(20, 12));
}

} // namespace

PschedulerFormat::PschedulerFormat(const SeriesSubject& subject, std::string_view event_type)
    : series_(fmt::format("{} {} ", subject.key, event_type)), event_type_(event_type) {
    const auto& meta = subject.meta;
    const auto test = test_type_of(text_of(meta.test_type), event_type);
    path_ = path_of(places_of_result, test, event_type);
    const auto or_null = [](const std::string& json) { return json.empty() ? std::string("null") : json; };
    const auto seconds = text_of(meta.time_duration);
    if (!seconds.empty() && seconds.find_first_not_of("0123456789.") == std::string::npos) {
        const bool is_whole = seconds.ends_with(".0");
        duration_ =
            fmt::format(R"(,"duration":"PT{}S")", is_whole ? seconds.substr(0, seconds.size() - 2) : seconds);
    }
    test_ = R"(},"test":{"type":)";
    append_string(test_, test);
    test_ += R"(,"spec":{)" + spec_members(meta, test, event_type);
    auto tool = text_of(meta.tool_name);
    if (tool.starts_with("pscheduler/")) tool.erase(0, tool.find('/') + 1);
    tool_ = R"(}},"tool":{"name":)";
    append_string(tool_, tool);
    fmt::format_to(std::back_inserter(tool_), R"(}},"participants":[{}],)", or_null(meta.measurement_agent));
    tail_ = fmt::format(R"(,"reference":{{"org-metadata-key":"{}"}}}})", subject.key);
}

void PschedulerFormat::write(std::string& body, std::span<const Point> points,
                             std::chrono::system_clock::time_point /*published*/) const {
    body.clear();
    if (points.empty()) return;
    const auto& point = points.front();
    const auto id = uuid_of(identity_of(series_ + std::to_string(point.ts)));
    fmt::format_to(std::back_inserter(body), R"({{"id":"{}","schedule":{{"start":"{}"{}{}{}{})", id,
                   iso_time(point.ts), duration_, test_, parallel_member(event_type_, point.value), tool_);
    const auto href = run_href_of(event_type_, point.value);
    std::string members;
    if (href.empty()) {
        const auto value = run_value(event_type_, point.value);
        std::string as_it_is;
        if (!value) append_ascii(as_it_is, point.value);
        members = value ? member_at(path_, *value) : member_at(event_type_, as_it_is);
    }
    append_result(body, event_type_, point.value, members);
    if (!href.empty()) fmt::format_to(std::back_inserter(body), R"(,"run":{{"href":{}}})", href);
    body += tail_;
}

} // namespace meshprobe
