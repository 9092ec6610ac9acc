#include "probe/fetch/picked_record.hpp"

#include "lib/json_text/json_object.hpp"
#include "lib/json_text/python_json.hpp"
#include "lib/pscheduler/run_document.hpp"
#include "lib/record/identity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::size_t longest_member = 1024;
constexpr std::size_t longest_key = 128;
constexpr std::size_t longest_event_type = 64;

bool consists_of(std::string_view text, std::string_view punctuation) {
    return std::ranges::all_of(text, [punctuation](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               punctuation.find(c) != std::string_view::npos;
    });
}

std::optional<Timestamp> time_in(const JsonValue& value) {
    auto seconds = to_seconds(value);
    if (!seconds && value.is_string()) seconds = parse_timestamp(unescape(value).value_or(""));
    if (!seconds || *seconds < 1 || *seconds > latest_timestamp) return std::nullopt;
    return seconds;
}

struct Text {
    std::string_view name;
    std::string EntryMeta::*member;
    bool may_be_number = false;
};
constexpr std::array<Text, 10> texts{{{"subject-type", &EntryMeta::subject_type},
                                      {"source", &EntryMeta::source},
                                      {"destination", &EntryMeta::destination},
                                      {"tool-name", &EntryMeta::tool_name},
                                      {"measurement-agent", &EntryMeta::measurement_agent},
                                      {"input-source", &EntryMeta::input_source},
                                      {"input-destination", &EntryMeta::input_destination},
                                      {"pscheduler-test-type", &EntryMeta::test_type},
                                      {"time-duration", &EntryMeta::time_duration, true},
                                      {"ip-transport-protocol", &EntryMeta::ip_transport_protocol}}};

Result<EntryMeta> read_meta(const JsonObject& record) {
    EntryMeta meta;
    for (const auto& [name, member, may_be_number] : texts) {
        if (!record.has(name)) continue;
        const JsonValue value = record[name];
        const bool is_good = (value.is_string() || (may_be_number && value.is_number())) &&
                             value.text.size() <= longest_member;
        if (!is_good) return fail(ErrorKind::protocol, fmt::format("its {} is no text", name));
        append_ascii(meta.*member, value);
    }
    return meta;
}

std::string in_quotes(std::string_view text) {
    std::string json;
    append_string(json, text);
    return json;
}

void complete(EntryMeta& meta, std::string_view host) {
    const auto otherwise = [](std::string& member, const std::string& json) {
        if (member.empty()) member = json;
    };
    const bool has_destination = !meta.destination.empty() || !meta.input_destination.empty();
    otherwise(meta.source, meta.input_source.empty() ? in_quotes(host) : meta.input_source);
    otherwise(meta.destination, meta.input_destination);
    otherwise(meta.input_source, meta.source);
    otherwise(meta.input_destination, meta.destination);
    otherwise(meta.measurement_agent, in_quotes(host));
    otherwise(meta.subject_type, has_destination ? R"("point-to-point")" : R"("network-element")");
}

} // namespace

Result<RunRecord> read_picked_record(const JsonValue& value, std::string_view host) {
    const auto wrong = [](std::string_view what) { return fail(ErrorKind::protocol, std::string(what)); };
    if (!value.text.starts_with('{')) return wrong("it is no object");
    const JsonObject members(value);
    auto event_type = unescape(members["event-type"]);
    if (!event_type) return wrong("it has no event-type");
    if (event_type->empty() || event_type->size() > longest_event_type || !consists_of(*event_type, "_-"))
        return wrong("its event-type is no name of letters, digits, \"-\" and \"_\"");
    const auto ts = time_in(members["ts"]);
    if (!ts) return wrong(members.has("ts") ? "its ts is no time" : "it has no ts");
    if (!members.has("val")) return wrong("it has no val");
    auto meta = read_meta(members);
    if (!meta) return fail(meta.error());
    complete(*meta, host);

    RunRecord record;
    record.ts = *ts;
    if (members.has("metadata-key")) {
        const auto key = unescape(members["metadata-key"]);
        if (!key || key->empty() || key->size() > longest_key || !consists_of(*key, "_.-"))
            return wrong("its metadata-key is no name of letters, digits, \"-\", \"_\" and \".\"");
        record.subject.key = *key;
    } else {
        record.subject.key = subject_identity(*meta, {});
    }
    record.subject.meta = std::move(*meta);
    EventValue result{.event_type = std::move(*event_type), .json = {}};
    append_ascii(result.json, members["val"]);
    record.values.push_back(std::move(result));
    return record;
}

} // namespace meshprobe
