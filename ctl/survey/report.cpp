#include "ctl/survey/report.hpp"

#include "ctl/output.hpp"
#include "lib/config/checks.hpp"
#include "lib/json.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <array>
#include <cstdlib>

namespace meshprobe::survey {

namespace {

using nlohmann::ordered_json;

ordered_json text_if_any(const std::string& text) {
    return text.empty() ? ordered_json() : ordered_json(text);
}

ordered_json time_if_any(std::int64_t seconds) {
    return seconds == 0 ? ordered_json() : ordered_json(format_utc(seconds));
}

std::string kind_text(const HostReport& host) {
    if (!host.answers()) return "-";
    return host.kind == Flavour::unknown ? "esmond or elmond" : std::string(to_string(host.kind));
}

std::string skew_text(const HostReport& host) {
    if (!host.skew) return "-";
    return (*host.skew < 0 ? "-" : "+") + format_duration(std::chrono::seconds(std::abs(*host.skew)));
}

std::string newest_text(const HostReport& host) {
    if (!host.answers()) return "-";
    if (host.newest == 0) return "none in " + format_duration(std::chrono::seconds(host.looked_back));
    return relative_time(host.newest * 1'000'000, host.now * 1'000'000);
}

std::string volume_text(const HostReport& host) {
    if (!host.answers() || !host.volume.per_day) return "-";
    return short_number(*host.volume.per_day) + (host.volume.of_runs ? " runs" : "");
}

ordered_json certificate_json(const HostReport& host) {
    const Certificate& certificate = host.certificate;
    if (certificate.pin.empty()) return nullptr;
    return {{"verified", certificate.verified},
            {"problem", text_if_any(certificate.problem)},
            {"expires", time_if_any(certificate.expires)},
            {"pin", certificate.pin}};
}

ordered_json volume_json(const HostReport& host) {
    const Volume& volume = host.volume;
    if (!host.answers()) return nullptr;
    return {
        {"per-day", volume.per_day ? ordered_json(*volume.per_day) : ordered_json()},
        {"unit", volume.of_runs ? "runs" : "points"},
        {"bytes-per-day", volume.bytes_per_day == 0 ? ordered_json() : ordered_json(volume.bytes_per_day)},
        {"basis", volume.basis}};
}

ordered_json host_to_json(const HostReport& host) {
    return {{"host", host.place.host},
            {"state", name_of(condition_of(host))},
            {"measurement-archives", host.place.urls},
            {"url", text_if_any(host.url)},
            {"reachable", !host.is_down},
            {"error", text_if_any(host.error)},
            {"kind", host.answers() && host.kind != Flavour::unknown ? ordered_json(to_string(host.kind))
                                                                     : ordered_json()},
            {"certificate", certificate_json(host)},
            {"clock-skew-seconds", host.skew ? ordered_json(*host.skew) : ordered_json()},
            {"newest", time_if_any(host.newest)},
            {"looked-back-seconds", host.looked_back},
            {"metadata-entries", host.entries},
            {"active-series", host.active},
            {"volume", volume_json(host)},
            {"addresses", host.addresses},
            {"alias-of", text_if_any(host.alias_of)},
            {"remark", text_if_any(remark_of(host))}};
}

void print_left_out(const Survey& survey) {
    if (survey.refusals.empty() && survey.failures.empty()) return;
    fmt::print("\nLeft out:\n");
    for (const Refusal& refusal : survey.refusals)
        fmt::print("  {}: {}\n", one_line(refusal.what), one_line(refusal.reason));
    for (const FailedDocument& failure : survey.failures)
        fmt::print("  {}: {}\n", one_line(failure.location), one_line(failure.reason));
}

/// "2 down, 1 stale"; nothing of those that are fine.
std::string troubles(const Survey& survey) {
    struct Trouble {
        Condition condition;
        std::string_view text;
    };
    constexpr std::array all{Trouble{Condition::down, "down"},
                             Trouble{Condition::no_archive, "without an archive that answers"},
                             Trouble{Condition::clock, "with a wrong clock"},
                             Trouble{Condition::empty, "empty"},
                             Trouble{Condition::stale, "stale"},
                             Trouble{Condition::alias, "other names of these"}};
    std::string text;
    for (const auto& [condition, name] : all) {
        if (const auto count = survey.count(condition); count > 0)
            text += fmt::format(", {} {}", count, name);
    }
    return text;
}

} // namespace

std::string certificate_text(const HostReport& host) {
    const Certificate& certificate = host.certificate;
    if (certificate.pin.empty()) return host.answers() ? "none" : "-";
    std::string what = certificate.verified ? "verifies" : one_line(certificate.problem);
    if (certificate.expires == 0) return what;
    const std::string date = format_utc(certificate.expires).substr(0, 10);
    return fmt::format("{}, {} {}", what, certificate.expires < host.now ? "expired" : "until", date);
}

std::string remark_of(const HostReport& host) {
    if (!host.answers()) return host.error;
    if (!host.alias_of.empty()) return fmt::format("alias of {}: {}", host.alias_of, host.kinship);
    std::string remark = host.kinship;
    const auto add = [&](const std::string& text) { remark += (remark.empty() ? "" : "; ") + text; };
    if (!host.remark.empty()) add(host.remark);
    if (host.url.starts_with("http:")) add("plain http only");
    return remark;
}

std::string short_number(std::uint64_t number) {
    constexpr std::array<std::string_view, 5> suffixes{"", "K", "M", "G", "T"};
    auto value = static_cast<double>(number);
    std::size_t power = 0;
    while (value >= 1000 && power + 1 < suffixes.size()) {
        value /= 1000;
        ++power;
    }
    return power == 0 ? std::to_string(number) : fmt::format("{:.1f}{}", value, suffixes.at(power));
}

void print_survey(const Survey& survey, bool legend) {
    Table table(
        {"HOST", "STATE", "ARCHIVE", "CERTIFICATE", "CLOCK", "NEWEST", "SERIES", "PER DAY", "REMARK"});
    for (const HostReport& host : survey.hosts) {
        table.add({host.place.host, std::string(name_of(condition_of(host))), kind_text(host),
                   certificate_text(host), skew_text(host), newest_text(host),
                   host.answers() ? std::to_string(host.active) : "-", volume_text(host), remark_of(host)});
    }
    table.print(legend);
    if (!legend) return;
    print_left_out(survey);
    fmt::print("\n{}: {} fine{}.\n", counted(survey.hosts.size(), "host"), survey.count(Condition::fine),
               troubles(survey));
    const auto runs = survey.runs_per_day();
    fmt::print("About {} points a day, {} as they are sent{}; --json says for each host how that is known.\n",
               short_number(survey.points_per_day()), format_size(survey.bytes_per_day()),
               runs == 0 ? "" : fmt::format(", and {} runs", short_number(runs)));
}

ordered_json survey_json(const Survey& survey) {
    auto hosts = ordered_json::array();
    for (const HostReport& host : survey.hosts)
        hosts.push_back(host_to_json(host));
    auto left_out = ordered_json::array();
    for (const Refusal& refusal : survey.refusals)
        left_out.push_back({{"what", refusal.what}, {"reason", refusal.reason}});
    for (const FailedDocument& failure : survey.failures)
        left_out.push_back({{"what", failure.location}, {"reason", failure.reason}});
    return {{"source", check::without_password(survey.source)},
            {"began", format_utc(survey.began)},
            {"points-per-day", survey.points_per_day()},
            {"bytes-per-day", survey.bytes_per_day()},
            {"runs-per-day", survey.runs_per_day()},
            {"hosts", std::move(hosts)},
            {"left-out", std::move(left_out)}};
}

} // namespace meshprobe::survey
