// What stands before messages for a system log.
#pragma once

#include <string>

namespace meshprobe {

enum class SyslogFormat { none, rfc3164, rfc5424 };

/// In the order of their codes; three codes between ftp and local0 have no name.
enum class SyslogFacility {
    kern,
    user,
    mail,
    daemon,
    auth,
    syslog,
    lpr,
    news,
    uucp,
    cron,
    authpriv,
    ftp,
    local0,
    local1,
    local2,
    local3,
    local4,
    local5,
    local6,
    local7
};
/// As RFC 5424 numbers them.
[[nodiscard]] constexpr unsigned facility_code(SyslogFacility facility) {
    const auto place = static_cast<unsigned>(facility);
    return facility < SyslogFacility::local0 ? place : place + 4;
}

/// In the order of their codes.
enum class SyslogSeverity { emerg, alert, crit, err, warning, notice, info, debug };

/// Defaults as pScheduler's archiver has them, but for the name.
struct SyslogSettings {
    SyslogFormat format = SyslogFormat::none; ///< of the archiver syslog: rfc3164
    SyslogFacility facility = SyslogFacility::user;
    SyslogSeverity severity = SyslogSeverity::info;
    std::string identifier = "meshprobe";
};

} // namespace meshprobe
