// A survey as a whole: of a mesh, and of what it names.
#pragma once

#include "ctl/survey/host.hpp"
#include "lib/mesh/document.hpp"
#include "lib/mesh/state.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace meshprobe::survey {

struct Survey {
    std::string source;        ///< a URL, or the absolute path of a file
    bool has_password = false; ///< it was fetched with one, which `source` does not have
    std::int64_t began = 0;
    bool allow_private = false;
    std::string proxy;                    ///< everything was reached through it; empty: directly
    std::vector<HostReport> hosts;        ///< sorted by name
    std::set<Refusal> refusals;           ///< what the mesh names and cannot be collected
    std::vector<FailedDocument> failures; ///< documents that the mesh lists and that cannot be had

    [[nodiscard]] std::size_t count(Condition condition) const;
    /// Points a day, aliases counted once.
    [[nodiscard]] std::uint64_t points_per_day() const;
    [[nodiscard]] std::uint64_t bytes_per_day() const;
    /// Of hosts that can only be asked for runs: in no other number.
    [[nodiscard]] std::uint64_t runs_per_day() const;
};

} // namespace meshprobe::survey
