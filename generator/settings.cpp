#include "generator/settings.hpp"

#include "generator/header.hpp"
#include "lib/calendar.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace meshprobe {

namespace {

/// The probe waits for a slot for two minutes at most and ends by itself after `timeout`; systemd is only to
/// end one that hangs.
constexpr Microseconds timeout_margin = std::chrono::minutes(3);
/// A calendar is a wish for a time of day; hosts are still not to be asked all in one second.
constexpr Microseconds calendar_spread = std::chrono::minutes(1);

/// Conservative, since it becomes part of a unit file: no blanks, colons, quotes, specifiers or separators.
bool is_credential_name(std::string_view name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && name.size() <= 200 && plain(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

std::string load_credentials(const std::vector<std::string>& credentials, std::string_view user) {
    std::string text;
    for (const auto& name : credentials)
        text += fmt::format("LoadCredential={0}:/etc/meshprobe/credentials/{1}/{0}\n", name, user);
    return text;
}

} // namespace

TimerSettings timer_settings(Microseconds interval) {
    return {.calendar = on_calendar(interval), .spread = round_interval(interval)};
}

TimerSettings timer_settings(const TaskSettings& task) {
    if (!task.calendar.empty() && check_calendar(task.calendar)) {
        return {.calendar = task.calendar, .spread = calendar_spread};
    }
    return timer_settings(task.interval);
}

ServiceSettings service_settings(const TaskSettings& task, const CredentialNames& existing) {
    return {.timeout = task.timeout + timeout_margin,
            .credentials = credentials_of(task.connection, {}, existing)};
}

std::vector<std::string> credentials_of(const Connection& connection, std::string_view further,
                                        const CredentialNames& existing) {
    std::vector<std::string> names;
    for (const std::string_view value :
         {std::string_view(connection.ca), std::string_view(connection.certificate),
          std::string_view(connection.key), further}) {
        if (is_credential_name(value) && existing.contains(value)) names.emplace_back(value);
    }
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

std::string timer_drop_in(const TimerSettings& settings, std::string_view first_run) {
    std::string text(header);
    if (!first_run.empty()) {
        text += fmt::format(
            "\n[Unit]\n# Enabled by hand: it runs at once, the schedule alone may take two intervals.\n"
            "Wants={}\n",
            first_run);
    }
    // The empty assignment takes back what the template says: settings like this one add up.
    text += fmt::format("\n[Timer]\nOnCalendar=\nOnCalendar={}\nRandomizedDelaySec={}\n", settings.calendar,
                        format_duration(settings.spread));
    return text;
}

std::string service_drop_in(const ServiceSettings& settings) {
    return fmt::format("{}\n[Service]\nTimeoutStartSec={}\n{}", header, format_duration(settings.timeout),
                       load_credentials(settings.credentials, "probe"));
}

std::string credentials_drop_in(const std::vector<std::string>& credentials, std::string_view user) {
    return fmt::format("{}\n[Service]\n{}", header, load_credentials(credentials, user));
}

} // namespace meshprobe
