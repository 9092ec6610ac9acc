// The contract with systemd, scripts and monitoring. The same table stands in meshprobe(7); the codes that
// are news rather than failures stand in SuccessExitStatus= of templates/meshprobe@.service.
#pragma once

#include "lib/error.hpp"

namespace meshprobe {

enum class ExitCode : int {
    success = 0,
    failure = 1,        ///< a problem was found (check), or something failed for a reason not listed below
    usage = 2,          ///< wrong arguments (LSB)
    not_running = 3,    ///< status: meshprobe.target is not active (LSB)
    storage = 74,       ///< disk full, permissions, corrupt state (EX_IOERR)
    credentials = 77,   ///< a credential is missing or unreadable (EX_NOPERM)
    configuration = 78, ///< the configuration cannot be used (EX_CONFIG)
    degraded = 150,     ///< status: too many overdue, or an archive stuck; coverage, explain: results missing
    partial = 151,      ///< probe: some entries or event types failed, the others were collected
    unreachable = 152,  ///< probe: the host is down, refuses or misbehaves
    deferred = 153,     ///< probe: no slot free, or the host is backed off; the next timer tries again
    untrusted = 154,    ///< probe: the host's key changed; meshprobectl trust HOST --accept
    left_over = 155,    ///< archive --drain: something is still in the spool
};

/// What a program that ends with this error returns.
[[nodiscard]] ExitCode exit_code(ErrorKind kind);

[[nodiscard]] constexpr int to_int(ExitCode code) {
    return static_cast<int>(code);
}

} // namespace meshprobe
