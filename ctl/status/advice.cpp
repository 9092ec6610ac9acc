#include "ctl/status/advice.hpp"

#include "ctl/output.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

namespace meshprobe::status {

namespace {

using State = InstanceStatus::State;

constexpr std::size_t most_lines = 20;

std::string when(Timestamp seconds) {
    return local_time(seconds * 1'000'000);
}

/// Series of a host mostly share a gap: one line for all of them.
std::vector<std::string> gap_lines(const InstanceStatus& status) {
    struct Shared {
        std::set<std::string_view> series;
        std::set<std::string_view> archives;
    };
    std::map<std::tuple<Timestamp, Timestamp, std::string_view>, Shared> ranges;
    for (const auto& gap : status.gaps) {
        Shared& shared = ranges[{gap.since, gap.until, gap.reason}];
        if (!gap.series.empty()) shared.series.insert(gap.series);
        if (!gap.archive.empty()) shared.archives.insert(gap.archive);
    }
    std::vector<std::string> lines;
    for (const auto& [range, shared] : ranges) {
        const auto& [since, until, reason] = range;
        lines.push_back(fmt::format(
            "{} - {}: {}{}{}", when(since), when(until), reason,
            shared.series.empty() ? "" : fmt::format(", {} series", shared.series.size()),
            shared.archives.empty() ? "" : fmt::format(", missing in {}", fmt::join(shared.archives, ", "))));
    }
    return lines;
}

bool is_untrusted(const InstanceStatus& status) {
    return status.last && status.last->outcome == "untrusted";
}

/// One line for all hosts of a kind, so that a fleet in trouble does not scroll the rest away.
class Advice {
  public:
    void add(std::string line) {
        if (lines_++ < most_lines) text_ += fmt::format("  {}\n", line);
    }
    [[nodiscard]] std::string text() const {
        if (lines_ == 0) return {};
        const auto more =
            lines_ > most_lines ? fmt::format("  … and {} more; --json has all\n", lines_ - most_lines) : "";
        return "To do:\n" + text_ + more;
    }

  private:
    std::string text_;
    std::size_t lines_ = 0;
};

/// One fault is mostly that of many hosts.
void advise_about_faults(const Report& report, Advice& advice) {
    std::map<std::string_view, std::vector<std::string_view>> hosts;
    for (const auto& status : report.instances) {
        if (status.has_local_fault()) hosts[status.last->message].push_back(status.instance.host);
        if (!status.fault.empty()) hosts[status.fault].push_back(status.instance.host);
    }
    for (const auto& [fault, names] : hosts) {
        const auto others = names.size() == 1 ? "" : fmt::format(" and {} more", names.size() - 1);
        advice.add(fmt::format("{}{} cannot be collected: {}", names.front(), others, printable(fault)));
    }
}

void advise_about_full_spool(const ArchiveStatus& archive, Scope scope, Advice& advice) {
    if (archive.fill != SpoolFill::full || !archive.enabled || archive.orphan) return;
    advice.add(fmt::format(
        "the spool of archive {0} is {1} ({2} of {3}); see why it does not drain: {4} status "
        "meshprobe-archive@{0}, or allow more: archives.{0}.quota",
        archive.name, what_full_means(archive), format_size(archive.usage.bytes + archive.usage.failed_bytes),
        format_size(archive.quota), systemctl(scope)));
}

void advise_about_archives(const Report& report, Advice& advice) {
    for (const auto& archive : report.archives) {
        const auto segments = archive.usage.segments + archive.usage.failed_segments;
        const auto waiting = fmt::format("{} ({}) {}", counted(segments, "segment"),
                                         format_size(archive.usage.bytes + archive.usage.failed_bytes),
                                         segments == 1 ? "waits" : "wait");
        if (archive.orphan) {
            advice.add(fmt::format("no archive is named {0}, but {1} for it: meshprobectl spool list {0}",
                                   archive.name, waiting));
        } else if (archive.usage.failed_segments > 0) {
            advice.add(fmt::format("archive {0} refused messages for good, or they are damaged: meshprobectl "
                                   "spool list {0}",
                                   archive.name));
        }
        if (archive.has_failed()) {
            advice.add(fmt::format("archive {} cannot be served: {}", archive.name,
                                   printable(archive.archiver_state->message)));
        } else if (archive.stuck) {
            advice.add(fmt::format("archive {0} takes nothing, {1}: {2} meshprobe-archive@{0}", archive.name,
                                   waiting, journal_of_unit(report.scope)));
        }
        advise_about_full_spool(archive, report.scope, advice);
    }
}

} // namespace

std::string what_full_means(const ArchiveStatus& archive) {
    return archive.when_full == WhenFull::block ? "full: the tasks that feed it wait"
                                                : "full: the oldest results are dropped";
}

std::string gaps(const Report& report) {
    std::string text;
    std::size_t count = 0;
    for (const auto& status : report.instances) {
        for (const auto& line : gap_lines(status)) {
            if (count++ < most_lines)
                text += fmt::format("  {}: {}\n", status.instance.host, printable(line));
        }
    }
    if (count == 0) return {};
    if (count > most_lines)
        text += fmt::format("  … and {} more: meshprobectl status HOST\n", count - most_lines);
    return "Gaps (skipped on purpose):\n" + text;
}

std::string advice(const Report& report) {
    Advice advice;
    bool is_mesh_listed = false;
    for (const auto& status : report.instances) {
        const auto& host = status.instance.host;
        is_mesh_listed = is_mesh_listed || !status.meshes.empty();
        if (is_untrusted(status)) {
            advice.add(fmt::format(
                "{0} shows another key than before; once you know why: meshprobectl trust {0} --accept",
                host));
        }
        if (status.state == State::stopped && report.target == "active" && !status.meshes.empty()) {
            advice.add(fmt::format(
                "{0} is stopped, but comes back at the next boot: mesh {1} lists it. To keep it off "
                "(systemctl disable cannot): meshprobectl disable {0}",
                host, fmt::join(status.meshes, ", ")));
        }
        if (status.state == State::failed) {
            advice.add(fmt::format("the timer of {0} failed: {1} status {2}", host, systemctl(report.scope),
                                   status.instance.timer()));
        }
    }
    for (const auto& mesh : report.meshes) {
        if (mesh.held.empty()) continue;
        advice.add(fmt::format("mesh {0} dropped {1}, which {2} until: meshprobectl mesh accept {0}",
                               mesh.mesh, counted(mesh.held.size(), "host"),
                               mesh.held.size() == 1 ? "goes on" : "go on"));
    }
    advise_about_faults(report, advice);
    advise_about_archives(report, advice);
    auto text = advice.text();
    if (is_mesh_listed && report.asked_systemd) {
        text += fmt::format(
            "{}Hosts that a mesh lists are switched off with 'meshprobectl disable HOST': after 'systemctl\n"
            "disable' the mesh would bring them back.\n",
            text.empty() ? "" : "\n");
    }
    return text;
}

std::string details(const Report& report, const InstanceStatus& status) {
    std::string text = status.instance.name() + "\n";
    const auto add = [&text](std::string_view label, const std::string& value) {
        if (!value.empty()) text += fmt::format("  {:<14} {}\n", fmt::format("{}:", label), printable(value));
    };
    const auto last = status.last.value_or(LastResult{});
    if (status.state != State::unknown) {
        add("state",
            fmt::format("{}{}{}", name_of(status.state), status.fault.empty() ? "" : ": ", status.fault));
    }
    add("meshes",
        fmt::format("{}{}", fmt::join(status.meshes, ", "), status.by_hand ? " (enabled by hand)" : ""));
    add("asked at", fmt::format("{}", fmt::join(status.measurement_archives, " ")));
    add("alias of", status.alias_of);
    if (status.last) {
        add("last run", fmt::format("{}: {}{}{}", local_time(last.finished_usec), last.outcome,
                                    last.message.empty() ? "" : ": ", last.message));
        add("so since", local_time(last.since_usec));
        add("last success", local_time(last.last_success_usec));
        add("last news", local_time(last.last_news_usec));
        add("brought", fmt::format("{}, {}, {} received in {} ms", counted(last.points, "point"),
                                   counted(last.requests, "request"), format_size(last.bytes),
                                   last.duration_usec / 1000));
        if (last.future + last.before_epoch + last.conflicts > 0) {
            add("odd times", fmt::format("{} from the future, {} from before 1970, {} with a second value",
                                         last.future, last.before_epoch, last.conflicts));
        }
        if (last.not_before_usec > report.now_usec)
            add("backed off", "until " + local_time(last.not_before_usec));
        if (last.catching_up_usec > 0) {
            add("catching up", format_duration(Microseconds(static_cast<std::int64_t>(
                                   last.catching_up_usec / 1'000'000 * 1'000'000))));
        }
    }
    if (status.next_run_usec != 0) add("next run", local_time(status.next_run_usec));
    for (const auto& line : gap_lines(status))
        add("gap", line);
    for (const auto& [archive, days] : status.volume) {
        for (const auto& day : days) {
            add(day.day, fmt::format("{}, {} in archive {}", counted(day.points, "point"),
                                     format_size(day.bytes), archive));
        }
    }
    if (is_untrusted(status))
        add("to trust it", fmt::format("meshprobectl trust {} --accept", status.instance.host));
    if (!status.meshes.empty() && status.alias_of.empty()) {
        add("switch off", fmt::format("meshprobectl disable {} (systemctl disable cannot: a mesh lists it)",
                                      status.instance.host));
    }
    return text;
}

} // namespace meshprobe::status
