#include "lib/exit_code.hpp"

namespace meshprobe {

ExitCode exit_code(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::usage:
        return ExitCode::usage;
    case ErrorKind::configuration:
        return ExitCode::configuration;
    case ErrorKind::credentials:
        return ExitCode::credentials;
    case ErrorKind::storage:
        return ExitCode::storage;
    case ErrorKind::unreachable:
    case ErrorKind::protocol:
    case ErrorKind::refused:
        return ExitCode::unreachable;
    case ErrorKind::untrusted:
        return ExitCode::untrusted;
    case ErrorKind::interrupted:
        return ExitCode::partial;
    case ErrorKind::internal:
        return ExitCode::failure;
    }
    return ExitCode::failure;
}

} // namespace meshprobe
