// The keys of tasks that say what is read: from which sources, and what of it.
#include "lib/config/checks.hpp"
#include "lib/config/codec.hpp"
#include "lib/config/suggest.hpp"
#include "lib/summary_name.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

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

void warn_of_near_miss(Reader& reader, const Reader::Item& item, std::string_view event_type) {
    if (std::ranges::find(known_event_types, event_type) != known_event_types.end()) return;
    const auto meant = suggestion(event_type, known_event_types);
    if (!meant.empty())
        reader.warning(*item.mark, fmt::format("{} is not a usual event type{}", quote(event_type), meant));
}

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
            warn_of_near_miss(checker, item, item.text);
            return true;
        });
    }
    [[nodiscard]] Shown show(const std::vector<std::string>& value) const { return value; }
};

/// In one form only, so that a drop-in can take back what another file says.
struct Summaries {
    std::string_view type = "set of names";
    void read(Reader& reader, const Node& node, std::vector<std::string>& value) const {
        reader.set(node, value, [](Reader& checker, const Reader::Item& item) {
            const auto summary = parse_summary_name(item.text);
            if (!summary) {
                checker.error(*item.mark,
                              fmt::format("expected EVENT-TYPE/SUMMARY-TYPE/SECONDS such as "
                                          "\"throughput/average/86400\", where the second is aggregation, "
                                          "average or statistics, got {}",
                                          quote(item.text)));
                return false;
            }
            warn_of_near_miss(checker, item, summary->event_type);
            return true;
        });
    }
    [[nodiscard]] Shown show(const std::vector<std::string>& value) const {
        return value.empty() ? Shown{} : Shown(value);
    }
};

/// In order: the first source that works is used, and remembered.
struct Sources {
    std::string_view type = "list";
    void read(Reader& reader, const Node& node, std::vector<std::string>& value) const {
        constexpr std::array<std::string_view, 4> known{"esmond", "opensearch", "pscheduler", "http"};
        const auto items = reader.list(node, "[esmond]");
        if (!items) return;
        std::vector<std::string> sources;
        bool good = true;
        for (const auto& item : *items) {
            if (std::ranges::find(known, item.text) == known.end()) {
                reader.error(*item.mark, fmt::format("expected {}, got {}{}", enumerate(known, "or"),
                                                     quote(item.text), suggestion(item.text, known)));
                good = false;
            } else if (std::ranges::find(sources, item.text) == sources.end()) {
                sources.emplace_back(item.text);
            }
        }
        if (good && sources.empty()) {
            reader.error(node.mark, fmt::format("names no source to collect from; there are {}",
                                                enumerate(known, "and")));
        } else if (good) {
            value = std::move(sources);
        }
    }
    [[nodiscard]] Shown show(const std::vector<std::string>& value) const { return value; }
};

} // namespace

Keys<TaskSettings> collect_keys() {
    using codec::key;
    const auto part = [](const Key<HttpDocument>& inner) { return codec::of(&TaskSettings::http, inner); };
    return {
        key("collect", &TaskSettings::collect, Sources{}),
        key("event-types", &TaskSettings::event_types, EventTypes{}),
        key("summaries", &TaskSettings::summaries, Summaries{}),
        codec::group<TaskSettings>(
            "http",
            {
                part(key("url", &HttpDocument::url, codec::Text{"http or https URL", check::document_url})),
                part(key("script", &HttpDocument::script, codec::Script{})),
                part(key("file", &HttpDocument::file, codec::Text{"path", check::absolute_path})),
            }),
    };
}

} // namespace meshprobe
