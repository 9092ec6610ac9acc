// What of a task's settings a unit has to know, and how it is written.
#pragma once

#include "generator/plan.hpp"
#include "lib/config/config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

using CredentialNames = std::set<std::string, std::less<>>;

struct TimerSettings {
    std::string calendar;
    Microseconds spread = Microseconds(0); ///< the random delay, fixed for each unit

    bool operator==(const TimerSettings&) const = default;
};

struct ServiceSettings {
    Microseconds timeout = Microseconds(0);
    std::vector<std::string> credentials; ///< sorted; each exists
    Context context;
    bool has_resolver = false; ///< the context's network namespace has its own
    Resources resources;

    bool operator==(const ServiceSettings&) const = default;
};

[[nodiscard]] TimerSettings timer_settings(Microseconds interval);
[[nodiscard]] TimerSettings timer_settings(const TaskSettings& task);
[[nodiscard]] ServiceSettings service_settings(const TaskSettings& task, const Facts& facts);

/// Those of the names that `connection` (and `further`) hold which are credentials and exist; sorted.
[[nodiscard]] std::vector<std::string> credentials_of(const Connection& connection, std::string_view further,
                                                      const CredentialNames& existing);

/// Drop-ins. `directory` is that of the credentials.
/// `first_run`: the service to start together with the timer; empty: none.
[[nodiscard]] std::string timer_drop_in(const TimerSettings& settings, std::string_view first_run = {});
[[nodiscard]] std::string service_drop_in(const ServiceSettings& settings, std::string_view directory);
[[nodiscard]] std::string credentials_drop_in(const std::vector<std::string>& credentials,
                                              std::string_view directory);
/// For the archivers `file`, which writes below the directory of `path` only, and `syslog`.
[[nodiscard]] std::string file_drop_in(std::string_view path);
[[nodiscard]] std::string syslog_drop_in();
/// `setting` of a path unit, once for each of `paths`.
[[nodiscard]] std::string path_drop_in(std::string_view setting, const std::vector<std::string>& paths);

} // namespace meshprobe
