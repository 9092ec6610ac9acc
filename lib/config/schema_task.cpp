// The keys of tasks, which may also stand under hosts.HOST and hosts.HOST.tasks.TASK.
#include "lib/calendar.hpp"
#include "lib/config/checks.hpp"
#include "lib/config/codec.hpp"
#include "lib/config/suggest.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

using namespace std::chrono_literals;

/// What a timer can repeat evenly: others are rounded down, aloud.
struct Interval {
    std::string_view type = "duration";
    void read(Reader& reader, const Node& node, Microseconds& value) const {
        const auto interval = reader.duration(node, 1s, std::chrono::days(1));
        if (!interval) return;
        value = round_interval(*interval);
        if (value == *interval) return;
        reader.warning(node.mark,
                       fmt::format("{} does not divide a minute, an hour or a day evenly; {} is used",
                                   format_duration(*interval), format_duration(value)));
    }
    [[nodiscard]] Shown show(Microseconds value) const { return format_duration(value); }
};

/// esmond's event types. Others are taken too (hosts invent some), but a near miss is worth a word.
constexpr std::array<std::string_view, 29> known_event_types{"failures",
                                                             "histogram-owdelay",
                                                             "histogram-rtt",
                                                             "histogram-ttl",
                                                             "histogram-ttl-reverse",
                                                             "ntp-delay",
                                                             "ntp-dispersion",
                                                             "ntp-jitter",
                                                             "ntp-offset",
                                                             "ntp-polling-interval",
                                                             "ntp-reach",
                                                             "ntp-stratum",
                                                             "ntp-wander",
                                                             "packet-count-lost",
                                                             "packet-count-lost-bidir",
                                                             "packet-count-sent",
                                                             "packet-duplicates",
                                                             "packet-duplicates-bidir",
                                                             "packet-loss-rate",
                                                             "packet-loss-rate-bidir",
                                                             "packet-reorders",
                                                             "packet-reorders-bidir",
                                                             "packet-retransmits",
                                                             "packet-retransmits-subintervals",
                                                             "packet-trace",
                                                             "path-mtu",
                                                             "pscheduler-run-href",
                                                             "throughput",
                                                             "throughput-subintervals"};

struct EventTypes {
    std::string_view type = "set of names";
    void read(Reader& reader, const Node& node, std::vector<std::string>& value) const {
        reader.set(node, value, [](Reader& checker, const Reader::Item& item) {
            const auto allowed = [](char c) {
                return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
            };
            if (item.text.empty() || item.text.size() > 64 || !std::ranges::all_of(item.text, allowed)) {
                checker.error(*item.mark,
                              fmt::format("expected the name of an event type such as \"throughput\", got {}",
                                          quote(item.text)));
                return false;
            }
            if (std::ranges::find(known_event_types, item.text) == known_event_types.end()) {
                const auto meant = suggestion(item.text, known_event_types);
                if (!meant.empty()) {
                    checker.warning(*item.mark,
                                    fmt::format("{} is not a usual event type{}", quote(item.text), meant));
                }
            }
            return true;
        });
    }
    [[nodiscard]] Shown show(const std::vector<std::string>& value) const { return value; }
};

/// In order: the first source that works is used, and remembered. Names of sources that this version lacks
/// are passed over.
struct Sources {
    std::string_view type = "list";
    void read(Reader& reader, const Node& node, std::vector<std::string>& value) const {
        constexpr std::array<std::string_view, 4> known{"esmond", "opensearch", "pscheduler", "http"};
        constexpr std::array<std::string_view, 3> readable{"esmond", "opensearch", "pscheduler"};
        const auto items = reader.list(node, "[esmond]");
        if (!items) return;
        std::vector<std::string> sources;
        bool good = true;
        for (const auto& item : *items) {
            if (std::ranges::find(readable, item.text) != readable.end()) {
                if (std::ranges::find(sources, item.text) == sources.end()) sources.emplace_back(item.text);
            } else if (std::ranges::find(known, item.text) != known.end()) {
                reader.warning(*item.mark, fmt::format("this version cannot collect from {}; passed over",
                                                       quote(item.text)));
            } else {
                reader.error(*item.mark, fmt::format("expected {}, got {}{}", enumerate(known, "or"),
                                                     quote(item.text), suggestion(item.text, known)));
                good = false;
            }
        }
        if (good && sources.empty()) {
            reader.error(node.mark, "names no source that this version can collect from; it knows esmond "
                                    "(elmond included), opensearch and "
                                    "pscheduler");
        } else if (good) {
            value = std::move(sources);
        }
    }
    [[nodiscard]] Shown show(const std::vector<std::string>& value) const { return value; }
};

Keys<TaskSettings> own_keys() {
    using codec::key;
    return {
        key("enabled", &TaskSettings::enabled, codec::Flag{}),
        key("enable", &TaskSettings::enable, codec::choice<Enable>("mesh", "manual")),
        key("collect", &TaskSettings::collect, Sources{}),
        key("interval", &TaskSettings::interval, Interval{}),
        key("calendar", &TaskSettings::calendar, codec::Text{"calendar expression", check::calendar}),
        key("event-types", &TaskSettings::event_types, EventTypes{}),
        key("first-run", &TaskSettings::first_run, codec::Duration{}),
        key("catch-up", &TaskSettings::catch_up, codec::Duration{1s}),
        key("overlap", &TaskSettings::overlap, codec::Duration{0s, std::chrono::days(30)}),
        key("reread", &TaskSettings::reread, codec::Duration{0s, std::chrono::days(30)}),
        key("limits", &TaskSettings::limits, codec::References{"limit"}),
        key("archives", &TaskSettings::archives, codec::References{"archive"}),
        key("max-requests", &TaskSettings::max_requests, codec::Number{1, 64}),
        key("timeout", &TaskSettings::timeout, codec::Duration{1s, std::chrono::days(1)}),
        key("inactivity", &TaskSettings::inactivity, codec::Duration{1s, 1h}),
        key("log", &TaskSettings::log, codec::choice<LogMode>("each", "changes", "hourly")),
    };
}

} // namespace

const Keys<TaskSettings>& task_keys() {
    static const Keys<TaskSettings> keys = [] {
        auto all = own_keys();
        for (auto& key : unit_keys())
            all.push_back(std::move(key));
        all.push_back(select_key());
        return all;
    }();
    return keys;
}

} // namespace meshprobe
