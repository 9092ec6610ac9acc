// How a host is named on a command line: as people write it, or by a glob.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <set>
#include <span>
#include <string>

namespace meshprobe {

/// `host` is HostName::text(). Upper case, a trailing dot and a default port in `argument` do not matter.
[[nodiscard]] bool names_host(const std::string& argument, const std::string& host);

/// Hosts that a mesh names, that an administrator enabled, or that have a checkpoint.
[[nodiscard]] Result<std::set<std::string>> every_host(const Paths& paths);

/// "no host matches X (did you mean Y?) …": Y is the same host at another port, else a name that is near.
[[nodiscard]] std::string no_such_host(const std::string& argument, const std::set<std::string>& known);
/// Each of `arguments` names one of `known`, or the error says which does not.
[[nodiscard]] Status check_host_arguments(std::span<const std::string> arguments,
                                          const std::set<std::string>& known);

} // namespace meshprobe
