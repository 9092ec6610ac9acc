#include "lib/json.hpp"

#include "ctl/output.hpp"
#include "ctl/status/show.hpp"
#include "lib/units_of_measure.hpp"

namespace meshprobe::status {

namespace {

using Json = nlohmann::ordered_json;

/// null for 0: it never happened.
Json time_of(std::int64_t usec) {
    if (usec == 0) return nullptr;
    return format_utc(std::chrono::system_clock::time_point(std::chrono::microseconds(usec)));
}

Json seconds(std::int64_t usec) {
    return usec / 1'000'000;
}

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json configuration_json(const Report& report) {
    auto problems = Json::array();
    for (const auto& problem : report.loaded.problems) {
        problems.push_back({{"severity", problem.scope == Problem::Scope::warning ? "warning" : "error"},
                            {"file", problem.file},
                            {"line", problem.line},
                            {"column", problem.column},
                            {"path", problem.path},
                            {"message", problem.message},
                            {"effect", problem.effect}});
    }
    return {{"usable", !report.broken},
            {"kept", report.loaded.kept},
            {"kept-since", time_of(report.loaded.broken_since_usec)},
            {"problems", std::move(problems)}};
}

Json gaps(const std::vector<Gap>& list) {
    auto gaps = Json::array();
    for (const auto& gap : list) {
        gaps.push_back({{"series", text_or_null(gap.series)},
                        {"since", time_of(gap.since * 1'000'000)},
                        {"until", time_of(gap.until * 1'000'000)},
                        {"archive", text_or_null(gap.archive)},
                        {"reason", gap.reason}});
    }
    return gaps;
}

Json volume(const InstanceStatus& status) {
    auto archives = Json::object();
    for (const auto& [archive, days] : status.volume) {
        auto list = Json::array();
        for (const auto& day : days)
            list.push_back({{"day", day.day}, {"points", day.points}, {"bytes", day.bytes}});
        archives[archive] = std::move(list);
    }
    return archives;
}

Json instance(const InstanceStatus& status, std::int64_t now_usec) {
    Json json{{"host", status.instance.host},
              {"task", status.instance.task},
              {"instance", status.instance.name()},
              {"meshes", status.meshes},
              {"enabled-by-hand", status.by_hand},
              {"alias-of", text_or_null(status.alias_of)},
              {"measurement-archives", status.measurement_archives},
              {"state", name_of(status.state)},
              {"fault", text_or_null(status.fault)},
              {"overdue", status.overdue},
              {"interval-seconds", seconds(status.interval.count())},
              {"next-run", time_of(status.next_run_usec)}};
    const auto last = status.last.value_or(LastResult{});
    json["outcome"] = text_or_null(last.outcome);
    json["message"] = text_or_null(last.message);
    json["since"] = time_of(last.since_usec);
    json["last-run"] = time_of(last.finished_usec);
    json["last-success"] = time_of(last.last_success_usec);
    json["last-news"] = time_of(last.last_news_usec);
    json["not-before"] = time_of(last.not_before_usec);
    json["bad-runs"] = last.bad_runs;
    json["points"] = last.points;
    json["requests"] = last.requests;
    json["bytes"] = last.bytes;
    json["duration-usec"] = last.duration_usec;
    const auto lag = status.lag_usec(now_usec);
    json["lag-seconds"] = lag ? seconds(*lag) : Json(nullptr);
    json["catching-up-seconds"] = last.catching_up_usec / 1'000'000;
    json["duplicates"] = last.duplicates;
    json["conflicts"] = last.conflicts;
    json["dropped"] = last.dropped;
    json["future"] = last.future;
    json["before-epoch"] = last.before_epoch;
    json["flagged"] = last.flagged;
    json["clock-skew-seconds"] = seconds(last.clock_skew_usec);
    json["clock-step-seconds"] = seconds(last.clock_step_usec);
    json["host-clock-step-seconds"] = seconds(last.host_clock_step_usec);
    json["gaps"] = gaps(status.gaps);
    json["bytes-per-day"] = status.bytes_per_day();
    json["volume"] = volume(status);
    json["switch-off"] = "meshprobectl disable " + status.instance.host;
    return json;
}

Json mesh(const MeshState& state) {
    auto held = Json::array();
    for (const auto& [host, since] : state.held)
        held.push_back({{"host", host}, {"since", time_of(since)}});
    return {{"mesh", state.mesh},
            {"outcome", outcome_name(state.outcome)},
            {"message", text_or_null(state.error)},
            {"since", time_of(state.since_usec)},
            {"checked", time_of(state.checked_usec)},
            {"hosts", state.hosts.size()},
            {"refused", state.refusals.size()},
            {"held", std::move(held)}};
}

std::string_view fill_name(SpoolFill fill) {
    switch (fill) {
    case SpoolFill::ok:
        return "ok";
    case SpoolFill::filling:
        return "filling";
    case SpoolFill::full:
        break;
    }
    return "full";
}

Json archive(const ArchiveStatus& status) {
    const auto state = status.archiver_state.value_or(ArchiverState{});
    return {{"archive", status.name},
            {"archiver", text_or_null(status.archiver)},
            {"enabled", status.enabled},
            {"shadow", status.shadow},
            {"faulty", status.faulty},
            {"best-effort", status.best_effort},
            {"orphan", status.orphan},
            {"stuck", status.stuck},
            {"unit", text_or_null(status.unit)},
            {"state", text_or_null(state.state)},
            {"message", text_or_null(state.message)},
            {"segments", status.usage.segments},
            {"bytes", status.usage.bytes},
            {"oldest", time_of(status.oldest_usec)},
            {"quota", status.quota},
            {"fill", fill_name(status.fill)},
            {"failed-segments", status.usage.failed_segments},
            {"failed-bytes", status.usage.failed_bytes},
            {"last-delivery", time_of(state.last_delivery_usec)},
            {"delivered-messages", state.delivered_messages},
            {"delivered-points", state.delivered_points},
            {"refused-messages", state.refused_messages},
            {"unroutable-messages", state.unroutable_messages},
            {"logins", state.logins}};
}

template <class List, class Show>
Json list_of(const List& list, Show show) {
    auto json = Json::array();
    for (const auto& item : list)
        json.push_back(show(item));
    return json;
}

} // namespace

std::string as_json(const Report& report) {
    const Json json{{"state", report.not_running() ? "not-running"
                              : report.degraded()  ? "degraded"
                                                   : "running"},
                    {"time", time_of(report.now_usec)},
                    {"systemd", report.asked_systemd},
                    {"target", text_or_null(report.target)},
                    {"configuration", configuration_json(report)},
                    {"counted", report.counted},
                    {"overdue", report.overdue},
                    {"hosts", list_of(report.instances,
                                      [&](const auto& status) { return instance(status, report.now_usec); })},
                    {"meshes", list_of(report.meshes, mesh)},
                    {"archives", list_of(report.archives, archive)},
                    {"unreadable", report.unreadable}};
    // What others wrote need not be UTF-8.
    return json_text(json) + "\n";
}

} // namespace meshprobe::status
