#include "probe/fetch/metadata.hpp"

#include "lib/checkpoint/packed_timestamps.hpp"
#include "lib/json_text/json_object.hpp"
#include "lib/summary_name.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::size_t reasons_kept = 5;
constexpr std::size_t largest_meta = 1024; // a name, an address, a number
constexpr std::size_t largest_uri = 2048;

struct Members {
    JsonValue key, subject_type, source, destination, tool_name, measurement_agent, input_source,
        input_destination;
    JsonValue time_duration, ip_transport_protocol, test_type, event_types, count_total, next_page;
};

constexpr std::array<std::pair<std::string_view, JsonValue Members::*>, 14> member_names = {{
    {"metadata-key", &Members::key},
    {"subject-type", &Members::subject_type},
    {"source", &Members::source},
    {"destination", &Members::destination},
    {"tool-name", &Members::tool_name},
    {"measurement-agent", &Members::measurement_agent},
    {"input-source", &Members::input_source},
    {"input-destination", &Members::input_destination},
    {"time-duration", &Members::time_duration},
    {"ip-transport-protocol", &Members::ip_transport_protocol},
    {"pscheduler-test-type", &Members::test_type},
    {"event-types", &Members::event_types},
    {"metadata-count-total", &Members::count_total},
    {"metadata-next-page", &Members::next_page},
}};

[[nodiscard]] bool is_name(std::string_view text, std::size_t longest, std::string_view punctuation) {
    return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               punctuation.find(c) != std::string_view::npos;
    });
}

[[nodiscard]] bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

[[nodiscard]] std::string string_meta(const JsonValue& value) {
    std::string text;
    if (value.is_string() && value.text.size() <= largest_meta) append_ascii(text, value);
    return text;
}

[[nodiscard]] std::string scalar_meta(const JsonValue& value) {
    std::string text;
    if (value.is_scalar() && !value.is_null() && value.text.size() <= largest_meta) append_ascii(text, value);
    return text;
}

/// Of "http://" or "https://", in whatever case, at the begin of `text`; 0: neither.
[[nodiscard]] std::size_t scheme_size(std::string_view text) {
    const auto is_same = [](char lower, char c) {
        return lower == (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    };
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (text.size() >= scheme.size() && std::equal(scheme.begin(), scheme.end(), text.begin(), is_same))
            return scheme.size();
    }
    return 0;
}

/// Host-relative, as the documents have it; of an absolute URL only the path counts, because behind a proxy
/// it names the wrong host.
[[nodiscard]] std::optional<std::string> path_of(const JsonValue& value) {
    auto text = unescape(value);
    if (!text || text->size() > largest_uri || !is_printable(*text)) return std::nullopt;
    if (const auto scheme = scheme_size(*text); scheme > 0) {
        const auto slash = text->find('/', scheme);
        if (slash == std::string::npos) return std::nullopt;
        text->erase(0, slash);
    }
    if (!text->starts_with('/') || text->starts_with("//")) return std::nullopt;
    return text;
}

[[nodiscard]] Flavour flavour_of_key(std::string_view key) {
    const bool is_digest =
        std::ranges::all_of(key, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    return key.size() == 64 && is_digest ? Flavour::elmond : Flavour::unknown;
}

[[nodiscard]] Flavour flavour_of_uri(std::string_view uri) {
    while (uri.ends_with('/'))
        uri.remove_suffix(1);
    if (uri.ends_with("/base/0")) return Flavour::elmond;
    return uri.ends_with("/base") ? Flavour::esmond : Flavour::unknown;
}

/// esmond writes windows as strings, elmond as numbers.
[[nodiscard]] Flavour flavour_of_summaries(const JsonValue& summaries) {
    auto flavour = Flavour::unknown;
    if (!summaries.text.starts_with('[')) return flavour;
    const auto on_member = [&](std::string_view name, const JsonValue& value) {
        if (name == "summary-window" && value.is_number()) flavour = Flavour::elmond;
    };
    for_each_element(
        summaries.text,
        [&](JsonCursor& cursor) {
            return cursor.peek() == '{' ? for_each_member(cursor, on_member) : cursor.value().has_value();
        },
        [](std::string_view) {});
    return flavour;
}

/// 0: nothing is known; nullopt: nothing was ever written.
[[nodiscard]] std::optional<Timestamp> updated_at(const JsonValue& time_updated) {
    if (time_updated.is_null()) return std::nullopt;
    const auto time = to_seconds(time_updated).value_or(0);
    return time > 0 && time <= latest_timestamp ? time : 0;
}

/// One sign of elmond outweighs any of esmond.
void learn(Flavour& flavour, Flavour sign) {
    flavour = std::max(flavour, sign);
}

} // namespace

std::string_view to_string(Flavour flavour) {
    switch (flavour) {
    case Flavour::esmond:
        return "esmond";
    case Flavour::elmond:
        return "elmond";
    case Flavour::opensearch:
        return "opensearch";
    case Flavour::pscheduler:
        return "pscheduler";
    case Flavour::http:
        return "http";
    case Flavour::unknown:
        break;
    }
    return "";
}

Flavour to_flavour(std::string_view text) {
    using enum Flavour;
    for (const Flavour flavour : {esmond, elmond, opensearch, pscheduler, http}) {
        if (text == to_string(flavour)) return flavour;
    }
    return unknown;
}

Flavour to_series_flavour(std::string_view text) {
    const Flavour flavour = to_flavour(text);
    return flavour == Flavour::esmond || flavour == Flavour::elmond ? flavour : Flavour::unknown;
}

MetadataReader::MetadataReader(std::vector<std::string> wanted, OnEntry on_entry,
                               std::vector<std::string> tests)
    : wanted_(std::move(wanted)), wants_summaries_(std::ranges::any_of(wanted_, is_summary)),
      tests_(std::move(tests)), on_entry_(std::move(on_entry)),
      scanner_([this](std::string_view batch) { return read_batch(batch); }) {}

Status MetadataReader::read_batch(std::string_view batch) {
    Status status;
    for_each_element(
        batch,
        [&](JsonCursor& cursor) {
            if (!status) {
                cursor.skip_element();
                return true;
            }
            ++page_.elements;
            bool is_well_formed = true;
            if (auto entry = read_entry(cursor, is_well_formed)) status = on_entry_(std::move(*entry));
            return is_well_formed;
        },
        [&](std::string_view problem) { skip({}, problem); });
    return status;
}

std::optional<MetadataEntry> MetadataReader::read_entry(JsonCursor& cursor, bool& is_well_formed) {
    if (cursor.peek() != '{') {
        is_well_formed = cursor.value() && cursor.is_behind_element();
        if (is_well_formed) skip({}, "it is not an object");
        return std::nullopt;
    }
    Members members;
    is_well_formed = for_each_member(cursor, [&](std::string_view name, const JsonValue& value) {
        const auto* const known =
            std::ranges::find(member_names, name, [](const auto& m) { return m.first; });
        if (known != member_names.end()) members.*(known->second) = value;
    });
    is_well_formed = is_well_formed && cursor.is_behind_element();
    if (!is_well_formed) return std::nullopt;
    if (page_.elements == 1) {
        const auto total = to_integer(members.count_total);
        if (total && *total >= 0) page_.count_total = static_cast<std::uint64_t>(*total);
        const auto next = unescape(members.next_page);
        if (next && next->size() <= largest_uri && is_printable(*next)) page_.next_page = *next;
    }

    MetadataEntry entry;
    const auto key = unescape(members.key);
    if (!key || !is_name(*key, 128, "_.-")) {
        skip({}, "it has no usable metadata-key");
        return std::nullopt;
    }
    entry.key = *key;
    entry.flavour = flavour_of_key(entry.key);
    if (!members.event_types.text.starts_with('[')) {
        skip(entry.key, "it has no list of event-types");
        return std::nullopt;
    }
    entry.meta = {.subject_type = string_meta(members.subject_type),
                  .source = string_meta(members.source),
                  .destination = string_meta(members.destination),
                  .tool_name = string_meta(members.tool_name),
                  .measurement_agent = string_meta(members.measurement_agent),
                  .input_source = string_meta(members.input_source),
                  .input_destination = string_meta(members.input_destination),
                  .test_type = string_meta(members.test_type),
                  .time_duration = scalar_meta(members.time_duration),
                  .ip_transport_protocol = scalar_meta(members.ip_transport_protocol)};
    TestClues clues;
    for_each_element(
        members.event_types.text,
        [&](JsonCursor& event_type) { return read_event_type(event_type, entry, clues); },
        [&](std::string_view) { skip(entry.key, "one of its event-types is not an object"); });
    if (!tests_.empty() && !clues.is_of(tests_, unescape(members.test_type).value_or("")))
        entry.event_types.clear();
    learn(page_.flavour, entry.flavour);
    return entry;
}

bool MetadataReader::read_event_type(JsonCursor& cursor, MetadataEntry& entry, TestClues& clues) {
    JsonValue name;
    JsonValue base_uri;
    JsonValue time_updated;
    JsonValue summaries;
    const auto on_member = [&](std::string_view member, const JsonValue& value) {
        if (member == "event-type") {
            name = value;
        } else if (member == "base-uri") {
            base_uri = value;
        } else if (member == "time-updated") {
            time_updated = value;
        } else if (member == "summaries") {
            summaries = value;
        }
    };
    if (!for_each_member(cursor, on_member) || !cursor.is_behind_element()) return false;
    auto event_type = unescape(name);
    if (!event_type || !is_name(*event_type, 64, "_-")) {
        skip(entry.key, "one of its event-types has no usable name");
        return true;
    }
    clues.add(*event_type);
    auto path = path_of(base_uri);
    if (path) learn(entry.flavour, flavour_of_uri(*path));
    learn(entry.flavour, flavour_of_summaries(summaries));
    EventType type{.name = std::move(*event_type), .base_uri = {}, .time_updated = updated_at(time_updated)};
    if (wants_summaries_) add_summaries(type, summaries, entry);
    if (!wanted_.empty() && std::ranges::find(wanted_, type.name) == wanted_.end()) return true;
    if (!path) {
        skip(entry.key, fmt::format("its event-type {} has no usable base-uri", type.name));
        return true;
    }
    type.base_uri = std::move(*path);
    add(std::move(type), entry);
    return true;
}

/// Listed twice it is still one series, and read twice at once its points would be sent twice.
void MetadataReader::add(EventType type, MetadataEntry& entry) const {
    if (std::ranges::find(entry.event_types, type.name, &EventType::name) == entry.event_types.end())
        entry.event_types.push_back(std::move(type));
}

void MetadataReader::add_summaries(const EventType& of, const JsonValue& summaries, MetadataEntry& entry) {
    for (const JsonValue& element : elements_of(summaries)) {
        const JsonObject summary(element);
        const auto window = to_integer(summary["summary-window"]);
        const auto name = fmt::format("{}/{}/{}", of.name, unescape(summary["summary-type"]).value_or(""),
                                      window.value_or(-1));
        if (std::ranges::find(wanted_, name) == wanted_.end()) continue;
        auto path = path_of(summary["uri"]);
        if (!path) {
            skip(entry.key, fmt::format("its summary {} has no usable uri", name));
            continue;
        }
        // elmond's have none.
        const JsonValue own = summary["time-updated"];
        add({.name = name,
             .base_uri = std::move(*path),
             .time_updated = own.text.empty() ? of.time_updated : updated_at(own)},
            entry);
    }
}

void MetadataReader::skip(std::string_view key, std::string_view reason) {
    ++page_.skipped;
    if (page_.reasons.size() == reasons_kept) return;
    page_.reasons.push_back(key.empty() ? fmt::format("entry {}: {}", page_.elements, reason)
                                        : fmt::format("entry {} ({}): {}", page_.elements, key, reason));
}

} // namespace meshprobe
