#include "ctl/output.hpp"
#include "ctl/status/advice.hpp"
#include "ctl/status/show.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

namespace meshprobe::status {

namespace {

using State = InstanceStatus::State;

/// "45s", "3min", "2h", "5d": one unit, for a column.
std::string span(std::int64_t usec) {
    const auto seconds = std::max<std::int64_t>(usec, 0) / 1'000'000;
    if (seconds < 60) return fmt::format("{}s", seconds);
    if (seconds < 3600) return fmt::format("{}min", seconds / 60);
    if (seconds < 2 * 86400) return fmt::format("{}h", seconds / 3600);
    return fmt::format("{}d", seconds / 86400);
}

std::string since(std::int64_t usec, std::int64_t now) {
    return usec == 0 ? "-" : span(now - usec);
}

std::string size(std::uint64_t bytes) {
    return bytes == 0 ? "-" : format_size(bytes);
}

/// The timer where it is not as it should be, otherwise what came of the last run.
std::string state_of(const InstanceStatus& status) {
    if (!status.counts() || status.state == State::failed) return std::string(name_of(status.state));
    if (status.is_unreadable) return "unreadable";
    if (status.last && !status.last->outcome.empty()) return status.last->outcome;
    return status.state == State::running ? "running" : "new";
}

std::string note_of(const InstanceStatus& status) {
    std::vector<std::string> notes;
    if (status.overdue) notes.emplace_back("overdue");
    if (!status.fault.empty()) notes.emplace_back("its section has an error");
    if (!status.alias_of.empty()) notes.push_back("alias of " + status.alias_of);
    if (status.last && status.last->catching_up_usec > 0) {
        notes.push_back("catching up " + span(static_cast<std::int64_t>(status.last->catching_up_usec)));
    }
    if (!status.gaps.empty()) notes.push_back(counted(status.gaps.size(), "gap"));
    if (status.last && status.last->clock_skewed)
        notes.push_back("clock is off by " + span(std::abs(status.last->clock_skew_usec)));
    if (status.has_local_fault()) notes.push_back(status.last->message);
    return fmt::format("{}", fmt::join(notes, ", "));
}

std::string name_of_row(const InstanceStatus& status) {
    if (status.instance.task == default_task) return status.instance.host;
    return fmt::format("{} ({})", status.instance.host, status.instance.task);
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

/// Makes rows fit: first the note, down to what is still of use, then the name are cut. Without a width all
/// is shown.
std::string fitted(std::vector<std::string> headings, std::vector<std::vector<std::string>> rows,
                   const Style& style) {
    constexpr std::size_t least_note = 16;
    std::size_t middle = 0;
    std::size_t note = 0;
    for (std::size_t column = 1; column < headings.size(); ++column) {
        std::size_t widest = style.legend && column + 1 < headings.size() ? characters(headings[column]) : 0;
        for (const auto& row : rows)
            widest = std::max(widest, characters(row[column]));
        if (column + 1 < headings.size()) {
            middle += widest + 2;
        } else {
            note = widest;
        }
    }
    if (note == 0) {
        headings.pop_back();
        for (auto& row : rows)
            row.pop_back();
    }
    const auto others = middle + 2 + std::min(note, least_note);
    const auto room = std::max<std::size_t>(style.width > others ? style.width - others : 0, 16);
    Table table(std::move(headings));
    for (auto& row : rows) {
        if (style.width > 0) row.front() = shortened(row.front(), room);
        table.add(std::move(row));
    }
    return table.text(style.legend, style.width);
}

std::string instances(const Report& report, const Style& style) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& status : report.instances) {
        const auto last = status.last.value_or(LastResult{});
        const auto lag = status.lag_usec(report.now_usec);
        rows.push_back({printable(name_of_row(status)), state_of(status),
                        since(last.last_success_usec, report.now_usec),
                        status.next_run_usec == 0 ? "-" : span(status.next_run_usec - report.now_usec),
                        lag ? span(*lag) : "-", size(status.bytes_per_day()), printable(note_of(status))});
    }
    if (rows.empty()) return style.legend ? "No hosts.\n" : "";
    return fitted({"HOST", "STATE", "SUCCESS", "NEXT", "LAG", "PER DAY", "NOTE"}, std::move(rows), style);
}

/// "https://…: no answer" as "no answer (https://…)": where there is not room for both, the reason is what
/// counts.
std::string reason_first(const std::string& message) {
    const auto end = message.find(": ");
    if (end == std::string::npos) return message;
    auto place = std::string_view(message).substr(0, end);
    for (const std::string_view verb : {"connect to ", "TLS with "}) {
        if (place.starts_with(verb)) place.remove_prefix(verb.size());
    }
    const bool is_place =
        place.find(' ') == std::string_view::npos && place.find_first_of("/:") != std::string_view::npos;
    return is_place ? fmt::format("{} ({})", std::string_view(message).substr(end + 2), place) : message;
}

/// What stands between a mesh and all of its hosts.
std::string note_of(const MeshState& mesh) {
    std::vector<std::string> notes;
    if (!mesh.held.empty()) notes.push_back(counted(mesh.held.size(), "removal") + " held");
    if (!mesh.failures.empty()) notes.push_back(counted(mesh.failures.size(), "document") + " failed");
    if (!mesh.refusals.empty()) notes.push_back(fmt::format("{} refused", mesh.refusals.size()));
    auto note = fmt::format("{}", fmt::join(notes, ", "));
    if (!mesh.error.empty())
        return fmt::format("{}{}{}", note, note.empty() ? "" : ": ", reason_first(mesh.error));
    const bool has_list = !mesh.failures.empty() || !mesh.refusals.empty();
    return has_list ? fmt::format("{}: meshprobectl mesh show {}", note, mesh.mesh) : note;
}

std::string meshes(const Report& report, const Style& style) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& mesh : report.meshes) {
        rows.push_back({mesh.mesh, std::string(outcome_name(mesh.outcome)), std::to_string(mesh.hosts.size()),
                        since(mesh.checked_usec, report.now_usec), printable(note_of(mesh))});
    }
    if (rows.empty()) return {};
    return fitted({"MESH", "STATE", "HOSTS", "CHECKED", "NOTE"}, std::move(rows), style);
}

std::string archive_state(const ArchiveStatus& archive) {
    if (archive.orphan) return "orphan";
    if (archive.faulty) return "faulty";
    if (!archive.enabled) return "off";
    if (archive.has_failed()) return "failed";
    if (archive.stuck) return "stuck";
    if (archive.is_unreadable) return "unreadable";
    if (archive.archiver_state && !archive.archiver_state->state.empty())
        return archive.archiver_state->state;
    return archive.unit == "failed" ? "failed" : "idle";
}

std::string note_of(const ArchiveStatus& archive) {
    std::vector<std::string> notes;
    if (archive.shadow) notes.emplace_back("in shadow: delivers nothing");
    if (archive.best_effort) notes.emplace_back("best effort");
    if (archive.fill == SpoolFill::full) notes.push_back("spool is " + what_full_means(archive));
    if (archive.fill == SpoolFill::filling)
        notes.push_back(fmt::format("spool is filling ({} allowed)", format_size(archive.quota)));
    if (archive.usage.failed_segments > 0)
        notes.push_back(fmt::format("{} in failed/", archive.usage.failed_segments));
    if (archive.archiver_state && !archive.archiver_state->message.empty())
        notes.push_back(reason_first(archive.archiver_state->message));
    return fmt::format("{}", fmt::join(notes, "; "));
}

std::string archives(const Report& report, const Style& style) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& archive : report.archives) {
        const auto state = archive.archiver_state.value_or(ArchiverState{});
        rows.push_back({archive.name, archive.archiver.empty() ? "-" : archive.archiver,
                        archive_state(archive), std::to_string(archive.usage.segments),
                        size(archive.usage.bytes), since(archive.oldest_usec, report.now_usec),
                        since(state.last_delivery_usec, report.now_usec), printable(note_of(archive))});
    }
    if (rows.empty()) return {};
    return fitted({"ARCHIVE", "TYPE", "STATE", "WAITING", "SIZE", "OLDEST", "DELIVERED", "NOTE"},
                  std::move(rows), style);
}

std::string headline(const Report& report) {
    std::string text;
    if (report.asked_systemd) {
        text = report.not_running()
                   ? fmt::format("meshprobe.target is {}: nothing runs ({} start meshprobe.target).\n",
                                 report.target, systemctl(report.scope))
                   : "meshprobe.target is active.\n";
    } else if (!report.systemd_note.empty()) {
        text =
            fmt::format("systemd cannot be asked ({}); this is what the files say.\n", report.systemd_note);
    }
    if (report.overdue > 0)
        text += fmt::format("{} of {} {} overdue.\n", report.overdue, counted(report.counted, "instance"),
                            report.overdue == 1 ? "is" : "are");
    return text;
}

std::string configuration(const Report& report) {
    std::string text;
    if (report.broken) {
        text += "The configuration cannot be used, and no earlier one was kept: nothing can run.\n";
    } else if (report.loaded.kept && report.loaded.broken_since_usec == 0) {
        text += "The configuration cannot be read here; what follows goes by the last good one.\n";
    } else if (report.loaded.kept) {
        text += fmt::format("The configuration cannot be used; the last good one is in force since {}.\n",
                            local_time(report.loaded.broken_since_usec));
    }
    for (const auto& problem : report.loaded.problems) {
        if (problem.scope == Problem::Scope::warning) continue;
        text += fmt::format("  {}{}\n", printable(problem.text()),
                            problem.effect.empty() ? "" : printable(fmt::format(" [{}]", problem.effect)));
    }
    return text;
}

void add_section(std::string& text, const std::string& section) {
    if (section.empty()) return;
    if (!text.empty()) text += '\n';
    text += section;
}

} // namespace

std::string as_text(const Report& report, const Style& style) {
    if (!style.legend) return instances(report, style);
    std::string text = headline(report) + configuration(report);
    add_section(text, instances(report, style));
    if (style.detailed) {
        for (const auto& status : report.instances)
            add_section(text, details(report, status));
    } else {
        add_section(text, meshes(report, style));
        add_section(text, archives(report, style));
        add_section(text, gaps(report));
        add_section(text, advice(report));
    }
    if (!report.unreadable.empty()) {
        std::string notes;
        for (const auto& note : report.unreadable)
            notes += fmt::format("  {}\n", printable(note));
        add_section(text, "Not everything could be read (are you root?):\n" + notes);
    }
    return text;
}

} // namespace meshprobe::status
