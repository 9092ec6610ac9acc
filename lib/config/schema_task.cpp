// The keys of tasks, which may also stand under hosts.HOST and hosts.HOST.tasks.TASK.
#include "lib/calendar.hpp"
#include "lib/config/checks.hpp"
#include "lib/config/codec.hpp"

#include <fmt/core.h>

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

Keys<TaskSettings> own_keys() {
    using codec::key;
    return {
        key("enabled", &TaskSettings::enabled, codec::Flag{}),
        key("enable", &TaskSettings::enable, codec::choice<Enable>("mesh", "manual")),
        key("interval", &TaskSettings::interval, Interval{}),
        key("calendar", &TaskSettings::calendar, codec::Text{"calendar expression", check::calendar}),
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
        for (auto&& part : {collect_keys(), unit_keys()})
            all.insert(all.end(), part.begin(), part.end());
        all.push_back(select_key());
        return all;
    }();
    return keys;
}

} // namespace meshprobe
