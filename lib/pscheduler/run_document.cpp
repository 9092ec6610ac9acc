#include "lib/pscheduler/run_document.hpp"

#include "lib/pscheduler/iso_duration.hpp"

#include <fmt/core.h>

#include <charconv>
#include <chrono>

namespace meshprobe {

namespace {

constexpr std::size_t padding = 64;

std::string text_of(const JsonValue& value) {
    constexpr std::size_t longest = 1024; // a name, an address, a URL
    return value.text.size() > longest ? std::string() : unescape(value).value_or("");
}

/// Digits from the front of `text`, exactly so many; -1: there are others.
int take_digits(std::string_view& text, std::size_t count) {
    int number = 0;
    if (text.size() < count) return -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + count, number);
    if (error != std::errc() || end != text.data() + count || number < 0) return -1;
    text.remove_prefix(count);
    return number;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

/// What is left behind the seconds: "", "Z", "+02:00", "+0200" or "+02", in minutes.
std::optional<int> parse_zone(std::string_view text) {
    if (text.empty() || text == "Z" || text == "z") return 0;
    const bool west = text.front() == '-';
    if (!take(text, "+-")) return std::nullopt;
    const int hours = take_digits(text, 2);
    static_cast<void>(take(text, ":"));
    const int minutes = text.empty() ? 0 : take_digits(text, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !text.empty()) return std::nullopt;
    return (west ? -1 : 1) * (hours * 60 + minutes);
}

} // namespace

std::string host_of_url(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of("/?#"));
    if (const auto at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
    if (url.starts_with('[')) return std::string(url.substr(1, url.find(']') - 1));
    return std::string(url.substr(0, url.find(':')));
}

namespace {

/// Of any year from 0 to 9999.
std::optional<Timestamp> parse_any_time(std::string_view text) {
    using namespace std::chrono;
    const int year_number = take_digits(text, 4);
    bool good = year_number >= 0 && take(text, "-");
    const int month_number = good ? take_digits(text, 2) : -1;
    good = month_number >= 0 && take(text, "-");
    const int day_number = good ? take_digits(text, 2) : -1;
    good = day_number >= 0 && take(text, "Tt ");
    const int hour = good ? take_digits(text, 2) : -1;
    good = hour >= 0 && hour < 24 && take(text, ":");
    const int minute = good ? take_digits(text, 2) : -1;
    good = minute >= 0 && minute < 60 && take(text, ":");
    const int second = good ? take_digits(text, 2) : -1;
    if (second < 0 || second > 60) return std::nullopt;
    if (take(text, ".,")) {
        while (take(text, "0123456789")) {
        }
    }
    const year_month_day date{year(year_number), month(static_cast<unsigned>(month_number)),
                              day(static_cast<unsigned>(day_number))};
    const auto zone = parse_zone(text);
    if (!date.ok() || !zone) return std::nullopt;
    return Timestamp{sys_days(date).time_since_epoch().count()} * 86400 + hour * 3600 + minute * 60 + second -
           *zone * 60;
}

bool is_of_measurements(Timestamp time) {
    return time >= 1 && time <= latest_timestamp;
}

} // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
    const auto time = parse_any_time(text);
    return time && is_of_measurements(*time) ? time : std::nullopt;
}

Result<RunDocument> RunDocument::parse(std::string_view text) {
    if (text.size() > largest_run_document) {
        return fail(ErrorKind::protocol,
                    fmt::format("a document of {}, which is more than the {} that one may have",
                                format_size(text.size()), format_size(largest_run_document)));
    }
    RunDocument document;
    std::string padded(text);
    padded.append(padding, ' ');
    document.text_ = std::make_unique<const std::string>(std::move(padded));
    document.view_ = std::string_view(*document.text_).substr(0, text.size());
    if (auto read = document.read(); !read) return fail(read.error());
    return document;
}

Status RunDocument::read() {
    JsonCursor cursor(view_);
    const auto value = cursor.value();
    if (!value) return fail(ErrorKind::protocol, fmt::format("no JSON: {}", cursor.problem()));
    if (cursor.peek() != '\0')
        return fail(ErrorKind::protocol, "no JSON: something stands behind the document");
    if (!value->text.starts_with('{')) return fail(ErrorKind::protocol, "no JSON object");
    const JsonObject top(*value);
    const auto document = unwrap(top);
    if (auto read = read_test(document); !read) return read;
    if (auto read = read_times(document); !read) return read;
    read_people(top, document);
    result = document["result"];
    return {};
}

JsonObject RunDocument::unwrap(const JsonObject& top) {
    const auto inner = top.object("result");
    // The run-href that an archiver is told may name another host than the server's own name for itself.
    run_href = text_of(top["run-href"]);
    const bool is_request = !top.has("test") && (inner.has("test") || inner.has("task"));
    auto document = is_request ? inner : top;
    if (run_href.empty()) run_href = text_of(document.object("run")["href"]);
    return document;
}

Status RunDocument::read_test(const JsonObject& document) {
    auto test = document.object("test");
    if (test.members().empty()) test = document.object("task").object("test");
    test_type = text_of(test["type"]);
    if (test_type.empty()) {
        return fail(ErrorKind::protocol,
                    "no result of pScheduler: it has neither test.type nor task.test.type");
    }
    spec_text = test["spec"];
    spec = JsonObject(spec_text);
    // Before 4.0 the tool was a name and no object.
    tool = text_of(document["tool"].is_string() ? document["tool"] : document.object("tool")["name"]);
    return {};
}

Status RunDocument::read_times(const JsonObject& document) {
    const auto schedule = document.object("schedule");
    const auto run = document.object("run");
    const auto given = schedule.has("start") ? schedule["start"] : run["start-time"];
    if (given.text.empty()) {
        return fail(ErrorKind::protocol,
                    "no result of pScheduler: it has neither schedule.start nor run.start-time");
    }
    const auto time = parse_any_time(text_of(given));
    if (time && !is_of_measurements(*time)) {
        return fail(ErrorKind::protocol,
                    fmt::format("its start is not between 1970 and 9999: {}", given.text.substr(0, 60)));
    }
    if (!time) {
        return fail(ErrorKind::protocol,
                    fmt::format("its start is no time such as 2026-05-19T10:00:05-04:00: {}",
                                given.text.substr(0, 60)));
    }
    start = *time;
    duration = to_duration(schedule["duration"]);
    return {};
}

void RunDocument::read_people(const JsonObject& top, const JsonObject& document) {
    for (const auto& participants : {document["participants"], document.object("run")["participants"]}) {
        const auto all = elements_of(participants);
        if (lead.empty() && !all.empty()) lead = text_of(all.front());
    }
    observer = text_of(top.object("data")["measurement-agent"]);
    for (const auto* place : {&top, &document}) {
        const auto headers = place->object("headers");
        for (const auto name : {"x_ps_observer", "x-ps-observer"}) {
            if (observer.empty()) observer = text_of(headers[name]);
        }
    }
    if (lead.empty()) lead = observer;
    if (lead.empty()) lead = host_of_url(text_of(document.object("task")["href"]));
    if (lead.empty()) lead = host_of_url(run_href);
}

} // namespace meshprobe
