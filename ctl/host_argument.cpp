#include "ctl/host_argument.hpp"

#include "lib/host_name.hpp"

#include <fnmatch.h>

namespace meshprobe {

bool names_host(const std::string& argument, const std::string& host) {
    if (const auto name = parse_host_name(argument)) return name->text() == host; // "[::1]" is no glob
    return ::fnmatch(argument.c_str(), host.c_str(), FNM_NOESCAPE | FNM_CASEFOLD) == 0;
}

} // namespace meshprobe
