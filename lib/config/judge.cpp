#include "lib/config/judge.hpp"

#include "lib/calendar.hpp"
#include "lib/config/judge_parts.hpp"
#include "lib/config/suggest.hpp"
#include "lib/format/format.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace meshprobe {

namespace {

/// What each type of context must be told, and what means nothing to it.
void judge_context(Reader& reader, const Node::Entry& entry, const Context& context) {
    struct Need {
        ContextType type;
        std::string_view type_name;
        std::string_view key;
        const std::string& value;
        bool required;
    };
    const std::array needs{Need{ContextType::linuxnns, "linuxnns", "namespace", context.name_space, true},
                           Need{ContextType::linuxvrf, "linuxvrf", "interface", context.interface, true},
                           Need{ContextType::plugin, "plugin", "program", context.program, true},
                           Need{ContextType::plugin, "plugin", "data", context.data, false}};
    const Node* written = entry.value->find("context");
    for (const auto& need : needs) {
        if (need.type == context.type && need.required && need.value.empty()) {
            error_at(reader, entry, "context",
                     fmt::format("a context of type {} needs context.{}", need.type_name, need.key));
        }
        // A more general section may well have given what another type here leaves unused.
        if (need.type != context.type && written != nullptr && written->find(need.key) != nullptr) {
            error_at(reader, entry, "context",
                     fmt::format("context.{} is for type {}", need.key, need.type_name));
        }
    }
}

void judge_document(Reader& reader, const Node::Entry& entry, const HttpDocument& document) {
    if (document.url.empty()) {
        return error_at(reader, entry, "http",
                        "collect: names http, so an http.url: is expected, such as "
                        "https://{host}/results.json, got none");
    }
    const bool has_script = document.script.find_first_not_of(" \t\n") != std::string::npos;
    if (has_script == document.file.empty()) {
        return warn_of_password(reader, entry, "http", document.url,
                                "prefer a client certificate (tls.certificate)");
    }
    error_at(reader, entry, "http",
             fmt::format("expected a jq program that picks the results, in http.script: or in the file that "
                         "http.file: names, got {}",
                         has_script ? "both" : "neither"));
}

/// systemd takes it, and never says that such a timer waits for nothing.
void judge_calendar(Reader& reader, const Node::Entry& entry, const std::string& calendar) {
    if (calendar.empty() || entry.value->find("calendar") == nullptr) return;
    constexpr std::chrono::hours westernmost(12);
    const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now() - westernmost);
    if (has_day_from(calendar, today)) return;
    warning_at(reader, entry, "calendar",
               fmt::format("there is no day {} to come, so nothing would ever run; see \"systemd-analyze "
                           "calendar\"",
                           quote(calendar)));
}

void judge_summaries(Reader& reader, const Node::Entry& entry, const TaskSettings& settings,
                     const Config& config) {
    if (settings.summaries.empty()) return;
    if (std::ranges::find(settings.collect, "esmond") == settings.collect.end()) {
        warning_at(reader, entry, "summaries",
                   "only the source esmond has summaries, and collect: does not name it");
    }
    for (const auto& name : settings.archives) {
        const auto archive = config.archives.find(name);
        if (archive == config.archives.end() || !archive->second.enabled) continue;
        if (takes_summaries(archive->second.format)) continue;
        warning_at(reader, entry, "summaries",
                   fmt::format("archive {} gets no summaries: format {} has no place for them", quote(name),
                               archive->second.format));
    }
}

} // namespace

void judge(Reader& reader, const Node::Entry& entry, const Mesh& mesh) {
    if (mesh.url.empty() == mesh.file.empty()) {
        reader.error(entry.mark, mesh.url.empty() ? "expected a url: or a file:, got neither"
                                                  : "expected a url: or a file:, got both");
    }
    warn_of_password(reader, entry, "url", mesh.url, "prefer a client certificate (tls.certificate)");
    judge_fixed_trust(reader, entry, mesh.connection);
    if (mesh.configure_archives) {
        warning_at(reader, entry, "configure-archives",
                   "this version takes no archives from a mesh; passed over");
    }
}

void judge(Reader& reader, const Node::Entry& entry, const Transform& transform) {
    if (transform.script.find_first_not_of(" \t\n") != std::string::npos) return;
    // An empty list is the program "." in pScheduler; an empty text is a slip.
    error_at(reader, entry, "script",
             "expected a script: with a jq program, got none; \".\" changes nothing");
}

void judge(Reader& reader, const Node::Entry& entry, const TaskSettings& settings, const Config& config) {
    judge_connection(reader, entry, settings.connection);
    judge_context(reader, entry, settings.context);
    if (settings.archives.empty()) {
        error_at(reader, entry, "archives", "no archive is left; results would go nowhere");
    }
    if (settings.event_types.empty()) {
        error_at(reader, entry, "event-types", "no event type is left; nothing would be collected");
    }
    if (std::ranges::find(settings.collect, "http") != settings.collect.end())
        judge_document(reader, entry, settings.http);
    judge_summaries(reader, entry, settings, config);
    judge_calendar(reader, entry, settings.calendar);
    for (const auto& name : settings.archives) {
        if (config.archives.contains(name) || !reader.names.contains("archive")) continue;
        error_at(reader, entry, "archives",
                 fmt::format("results would go to archive {}, which does not exist", quote(name)));
    }
    const auto takes_results = [&config](const std::string& name) {
        const auto found = config.archives.find(name);
        return found == config.archives.end() || found->second.enabled;
    };
    if (!settings.archives.empty() && settings.enabled &&
        std::ranges::none_of(settings.archives, takes_results)) {
        warning_at(reader, entry, "archives", "all archives named here are disabled; results go nowhere");
    }
}

} // namespace meshprobe
