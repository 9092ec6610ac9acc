#include "ctl/backfill/wish.hpp"

#include "lib/moment.hpp"
#include "lib/summary_name.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace meshprobe {

namespace {

/// Of an option that may be given several times, or once with commas; sorted, each once.
std::vector<std::string> values(const CommandLine& line, std::string_view option) {
    std::set<std::string> values;
    for (const auto& [name, value] : line.given) {
        if (name != option) continue;
        for (std::string_view rest = value;;) {
            const auto comma = rest.find(',');
            if (comma != 0 && !rest.empty()) values.emplace(rest.substr(0, comma));
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return {values.begin(), values.end()};
}

Result<std::optional<Timestamp>> moment(const CommandLine& line, std::string_view option, Timestamp now,
                                        RangeEdge edge) {
    const auto text = line.value(option);
    if (!text) return std::optional<Timestamp>{};
    const auto moment = parse_moment(*text, now, edge);
    if (!moment) return fail(moment.error().in(fmt::format("--{}", option)));
    return std::optional(*moment);
}

/// Or summaries of one.
bool is_event_type(const std::string& text) {
    if (is_summary(text)) return parse_summary_name(text).has_value();
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_';
    });
}

} // namespace

Result<BackfillWish> read_wish(const CommandLine& line, Timestamp now) {
    BackfillWish wish{.hosts = line.arguments,
                      .task = line.value("task"),
                      .since = {},
                      .until = {},
                      .words = {},
                      .gaps = line.has("gaps") || line.has("refetch"),
                      .refetch = line.has("refetch"),
                      .again = line.has("again"),
                      .event_types = values(line, "event-type"),
                      .archives = values(line, "archive")};
    if (wish.refetch &&
        (!wish.hosts.empty() || !wish.archives.empty() || line.has("since") || line.has("until")))
        return fail(ErrorKind::usage,
                    "--refetch: is for all hosts, and finds the archives and the times itself");
    if (wish.hosts.empty() != (line.has("all") || wish.refetch))
        return fail(ErrorKind::usage, "say for which hosts, or --all");
    for (const auto& type : wish.event_types) {
        if (!is_event_type(type))
            return fail(ErrorKind::usage, fmt::format("--event-type: \"{}\" is none", type.substr(0, 100)));
    }
    const auto since = moment(line, "since", now, RangeEdge::begin);
    if (!since) return fail(since.error());
    const auto until = moment(line, "until", now, RangeEdge::end);
    if (!until) return fail(until.error());
    wish.since = *since;
    wish.until = *until;
    if (!wish.gaps && !wish.since) {
        return fail(ErrorKind::usage,
                    "say from when on: --since TIME; or --gaps, for what is recorded as missing");
    }
    if (wish.since && *wish.since >= now) {
        return fail(ErrorKind::usage,
                    fmt::format("--since ({}) lies in the future: there is nothing to fetch yet",
                                format_utc(*wish.since)));
    }
    if (!wish.gaps && !wish.until) wish.until = now;
    if (wish.since && wish.until && *wish.since >= *wish.until) {
        return fail(ErrorKind::usage, fmt::format("--since ({}) is not before --until ({})",
                                                  format_utc(*wish.since), format_utc(*wish.until)));
    }
    wish.words = fmt::format("since {}\nuntil {}\n{}{}event types {}", line.value("since").value_or(""),
                             line.value("until").value_or(""), wish.gaps ? "gaps\n" : "",
                             wish.again ? "again\n" : "", fmt::join(wish.event_types, " "));
    return wish;
}

} // namespace meshprobe
