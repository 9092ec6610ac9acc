#include "generator/settings.hpp"

#include "generator/header.hpp"
#include "lib/calendar.hpp"
#include "templates/skeletons.hpp"

#include <fmt/core.h>

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

std::string base64(std::string_view text) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string result;
    for (std::size_t i = 0; i < text.size(); i += 3) {
        unsigned bits = 0;
        for (std::size_t j = i; j < i + 3; ++j)
            bits = bits << 8U | (j < text.size() ? static_cast<unsigned char>(text[j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j)
            result += i + j <= text.size() ? digits[bits >> (18 - 6 * j) & 63U] : '=';
    }
    return result;
}

std::string load_credentials(const std::vector<std::string>& credentials, std::string_view directory) {
    std::string text;
    for (const auto& name : credentials)
        text += fmt::format("LoadCredential={0}:{1}/{0}\n", name, directory);
    return text;
}

/// The part of a context that its unit is about.
Context relevant(const Context& context) {
    Context part;
    part.type = context.type;
    if (context.type == ContextType::linuxnns) part.name_space = context.name_space;
    if (context.type == ContextType::plugin) {
        part.program = context.program;
        part.data = context.data;
    }
    // The probe binds its sockets to a VRF by itself: for the unit that is no context at all.
    if (context.type == ContextType::linuxvrf) part.type = ContextType::none;
    return part;
}

std::string resource_lines(const Resources& resources) {
    std::string text;
    if (resources.memory_max) text += fmt::format("MemoryMax={}\n", *resources.memory_max);
    if (resources.cpu_quota) text += fmt::format("CPUQuota={}%\n", *resources.cpu_quota);
    if (resources.tasks_max) text += fmt::format("TasksMax={}\n", *resources.tasks_max);
    if (resources.nice != 0) text += fmt::format("Nice={}\n", resources.nice);
    return text;
}

/// Names and paths were checked with the configuration: they hold nothing that means something to systemd.
std::string context_lines(const ServiceSettings& settings) {
    const auto& context = settings.context;
    if (context.type == ContextType::linuxnns) {
        const auto resolver =
            fmt::format("BindReadOnlyPaths=/etc/netns/{}/resolv.conf:/etc/resolv.conf\n", context.name_space);
        return fmt::format("NetworkNamespacePath=/run/netns/{}\n{}", context.name_space,
                           settings.has_resolver ? resolver : "");
    }
    if (context.type != ContextType::plugin) return {};
    // As pScheduler does it: the plug-in is told on standard input what to execute in its context. It may
    // need any privilege for that; the probe that it becomes gives them all up.
    const auto told = fmt::format(R"({{"data": {}, "exec": "{}"}})",
                                  context.data.empty() ? "{}" : context.data, probe_program);
    return fmt::format("ExecStart=\nExecStart=+{}\nStandardInputData={}\n", context.program, base64(told));
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

ServiceSettings service_settings(const TaskSettings& task, const Facts& facts) {
    return {.timeout = task.timeout + timeout_margin,
            .credentials = credentials_of(task.connection, {}, facts.probe_credentials),
            .context = relevant(task.context),
            .has_resolver = task.context.type == ContextType::linuxnns &&
                            facts.resolvers.contains(task.context.name_space),
            .resources = task.resources};
}

std::vector<std::string> credentials_of(const Connection& connection, std::string_view further,
                                        const CredentialNames& existing) {
    std::vector<std::string> names;
    for (const std::string_view value :
         {std::string_view(connection.ca), std::string_view(connection.certificate),
          std::string_view(connection.key), std::string_view(connection.proxy_credential),
          std::string_view(connection.proxy_ca), further}) {
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

std::string service_drop_in(const ServiceSettings& settings, std::string_view directory) {
    return fmt::format("{}\n[Service]\nTimeoutStartSec={}\n{}{}{}", header, format_duration(settings.timeout),
                       load_credentials(settings.credentials, directory), resource_lines(settings.resources),
                       context_lines(settings));
}

std::string credentials_drop_in(const std::vector<std::string>& credentials, std::string_view directory) {
    return fmt::format("{}\n[Service]\n{}", header, load_credentials(credentials, directory));
}

std::string file_drop_in(std::string_view path) {
    // One that is not there keeps nothing from starting: the archiver says what to do.
    const auto directory = path.substr(0, path.rfind('/'));
    return fmt::format("{0}\n[Unit]\nRequiresMountsFor={1}\n\n[Service]\nReadWritePaths=-{1}\n", header,
                       directory);
}

std::string syslog_drop_in() {
    return fmt::format(
        "{}\n[Service]\n# Results are lines of the journal here: none of them is one too many.\n"
        "LogRateLimitIntervalSec=0\n",
        header);
}

std::string path_drop_in(std::string_view setting, const std::vector<std::string>& paths) {
    std::string text = fmt::format("{}\n[Path]\n{}=\n", header, setting);
    for (const auto& path : paths)
        text += fmt::format("{}={}\n", setting, path);
    return text;
}

} // namespace meshprobe
