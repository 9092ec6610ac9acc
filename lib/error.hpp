// Errors are values: what went wrong, in words an administrator can act on, and of which kind, because
// the kind decides the exit code and whether trying again can help.
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace meshprobe {

enum class ErrorKind {
    usage,         ///< wrong arguments
    configuration, ///< the administrator's files
    credentials,   ///< a secret is missing or unreadable
    storage,       ///< disk full, permission, corruption: local, needs a person
    unreachable,   ///< the other side does not answer
    protocol,      ///< the other side answers nonsense, or too much of it
    refused,       ///< the other side answers "no"
    untrusted,     ///< the other side's key is not the one we know
    interrupted,   ///< SIGTERM, or the run's time is over
    internal,      ///< a bug of ours or of the system below us
};

struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string message; ///< "what: why", no trailing full stop

    /// Says what was being done: "CONTEXT: message".
    [[nodiscard]] Error in(std::string_view context) const {
        return {kind, std::string(context) + ": " + message};
    }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
    return tl::unexpected(Error{kind, std::move(message)});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected(std::move(error));
}

/// For system calls: "open /x: No space left on device". ENOSPC, EACCES … are all `storage`.
[[nodiscard]] tl::unexpected<Error> fail_errno(std::string_view what, int error_number);
[[nodiscard]] tl::unexpected<Error> fail_errno(std::string_view what); // of the current errno

} // namespace meshprobe
