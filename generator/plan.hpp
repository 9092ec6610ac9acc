// What the generator writes, as data: a pure function of the configuration, the hosts and a few facts about
// files. The same input gives the same bytes.
//
// Emitted are links in meshprobe.target.wants/ and drop-ins named 00-meshprobe.conf, so that every drop-in of
// an administrator comes later and wins. A drop-in of an instance hides its template's of the same name, so
// each is complete. Instances get one only where they differ: a reload with a drop-in for each of 10 000
// instances takes several times as long.
#pragma once

#include "lib/config/config.hpp"
#include "lib/host_facts.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"

#include <set>
#include <string>
#include <vector>

namespace meshprobe {

/// What is not in the configuration.
struct Facts {
    Paths paths = Paths();                 ///< that units are to name
    std::vector<std::string> hosts;        ///< HostName::text(), sorted, unique
    FactsOfHosts facts;                    ///< what the meshes say of them, as far as that is known
    std::vector<Instance> enabled_by_hand; ///< sorted
    /// Files in Paths::credentials(). LoadCredential= of one that is missing would end the service before it
    /// could say what is missing.
    std::set<std::string, std::less<>> probe_credentials;
    std::set<std::string, std::less<>> archive_credentials;
    std::set<std::string, std::less<>> mesh_credentials;
    /// Network namespaces with a resolver of their own: /etc/netns/NAME/resolv.conf.
    std::set<std::string, std::less<>> resolvers;
};

struct PlannedFile {
    std::string path;    ///< relative to the generator's directory
    std::string content; ///< of a file …
    std::string target;  ///< … or, if not empty, where a link points

    auto operator<=>(const PlannedFile&) const = default;
};

struct Plan {
    std::vector<PlannedFile> files;   ///< sorted by path
    std::vector<std::string> refused; ///< what could not be planned and why, one line each
};

[[nodiscard]] Plan make_plan(const Config& config, const Facts& facts);

} // namespace meshprobe
