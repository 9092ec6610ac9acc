// What a survey finds out about the measurement archives of a mesh.
#pragma once

#include "ctl/survey/volume.hpp"
#include "probe/fetch/metadata.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::survey {

/// Clocks that differ by more are remarked upon, as the probes do.
inline constexpr std::int64_t clock_tolerance = 300;
/// What brought nothing for so long is stale: rare tests run a few times a day.
inline constexpr std::int64_t stale_after = 86400;
/// How far back is looked for the newest result.
inline constexpr std::int64_t longest_look = 30 * 86400;

/// A measurement archive as a mesh names it.
struct Place {
    std::string host;              ///< HostName::text()
    std::vector<std::string> urls; ///< best first
};

struct Certificate {
    std::string pin; ///< "sha256//BASE64"; empty: there was no TLS
    bool verified = false;
    std::string problem;      ///< why it is not
    std::int64_t expires = 0; ///< UNIX time; 0: not known
};

/// Timestamps are by the host's own clock.
struct HostReport {
    Place place;
    std::set<std::string> addresses; ///< as DNS has them
    std::string error;               ///< empty: its archive answers
    bool is_down = false;            ///< not even a connection came about
    std::string url;                 ///< that answered
    Flavour kind = Flavour::unknown; ///< unknown: esmond or elmond, but it lists nothing that tells which
    Certificate certificate;
    Timestamp now = 0;                ///< its clock, or ours where it tells none
    std::optional<std::int64_t> skew; ///< its clock minus ours, seconds
    Timestamp newest = 0;             ///< result; 0: none was found
    std::int64_t looked_back = 0;     ///< how far, seconds
    std::uint64_t entries = 0;        ///< metadata entries with results in that time
    std::uint64_t active = 0;         ///< series that were updated within a day
    std::vector<std::uint64_t> keys;  ///< of those entries, hashed, ascending
    Volume volume;
    std::string alias_of; ///< empty: it stands for itself
    std::string kinship;  ///< how that is known, or what else it shares with others
    std::string remark;   ///< what could not be found out

    [[nodiscard]] bool answers() const { return error.empty(); }
};

/// The first that applies.
enum class Condition {
    down,       ///< no connection
    no_archive, ///< it answers, but with no archive that can be read
    alias,
    clock, ///< is off
    empty, ///< nothing was measured within `longest_look`
    stale,
    fine,
};
[[nodiscard]] Condition condition_of(const HostReport& host);
[[nodiscard]] std::string_view name_of(Condition condition); ///< "down", "no-archive" …

} // namespace meshprobe::survey
