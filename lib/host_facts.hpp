// What the meshes say of each host, as refresh leaves it in /var/lib/meshprobe/mesh/facts, so that tasks can
// select hosts by it and nobody else has to read a mesh:
//
//   HOST \t KIND=NAME \t KIND=NAME …      KIND: group, mesh, tag, task, test
//
// Lines and the facts of a line are sorted by byte, each once. Opened without following links or blocking, at
// most 32 MiB, each line checked.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct HostFacts {
    std::set<std::string, std::less<>> groups;
    std::set<std::string, std::less<>> meshes;
    std::set<std::string, std::less<>> tags;
    std::set<std::string, std::less<>> tasks; ///< of the meshes, whose results the host holds
    std::set<std::string, std::less<>> tests; ///< types of the tests of those tasks

    bool operator==(const HostFacts&) const = default;
};
/// By HostName::text().
using FactsOfHosts = std::map<std::string, HostFacts, std::less<>>;

/// May such a name stand in the file? 1 to 128 bytes of ASCII, printable, no blank at its ends.
[[nodiscard]] bool is_fact(std::string_view name);
/// No line is longer: refresh leaves out what would make it so.
inline constexpr std::size_t most_facts_of_host = 512;

struct HostFactsFile {
    FactsOfHosts hosts;
    std::vector<std::string> refused; ///< "line 7: …", for one log line each
};

/// An absent file is an empty optional: no refresh has written it yet.
[[nodiscard]] Result<std::optional<HostFactsFile>> read_host_facts(const Paths& paths);
[[nodiscard]] Result<std::optional<HostFactsFile>>
read_host_facts(const std::filesystem::path& file); // the kept copy
[[nodiscard]] std::string format_host_facts(const FactsOfHosts& facts);

} // namespace meshprobe
