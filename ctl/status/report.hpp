// What `meshprobectl status` knows, gathered from files and from systemd; how it is shown is elsewhere.
#pragma once

#include "lib/checkpoint/state.hpp"
#include "lib/config/load.hpp"
#include "lib/instance.hpp"
#include "lib/last_result.hpp"
#include "lib/mesh/state.hpp"
#include "lib/paths.hpp"
#include "lib/spool/quota.hpp"
#include "lib/spool/spool.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe::status {

struct DayVolume {
    std::string day; ///< "2026-11-22", UTC
    std::uint64_t points = 0;
    std::uint64_t bytes = 0;
};

struct InstanceStatus {
    enum class State {
        unknown, ///< systemd was not asked: --root, or it is not running
        waiting, ///< its timer is active
        running, ///< its probe is at work
        stopped, ///< its timer is not active, though nothing says that it should not be
        failed,  ///< its timer failed
        masked,  ///< by an administrator
        manual,  ///< its task leaves enabling to the administrator, who has not
        off,     ///< by the configuration
        alias,   ///< the same host as another name, which is collected
    };

    Instance instance;
    std::vector<std::string> meshes;
    bool by_hand = false; ///< enabled by an administrator's link
    std::string alias_of;
    std::vector<std::string> measurement_archives;
    State state = State::unknown;
    Microseconds interval{};
    std::int64_t next_run_usec = 0;     ///< 0: unknown or never
    std::int64_t active_since_usec = 0; ///< of the timer
    std::optional<LastResult> last;     ///< nothing: no run since boot, or …
    bool is_unreadable = false;         ///< … there may be one, but this user may not look at it
    std::string fault; ///< the error in its section of the configuration that switches it off
    std::vector<Gap> gaps;
    std::map<std::string, std::vector<DayVolume>> volume; ///< by SQLite archive, newest day first
    bool overdue = false;

    /// Did its last run end for a reason on this side: credentials, configuration, storage?
    [[nodiscard]] bool has_local_fault() const;
    /// Is it expected to bring results?
    [[nodiscard]] bool counts() const;
    /// How old the newest result is; where runs fail, each moment since the last good one adds to it.
    /// nullopt: nothing was ever collected.
    [[nodiscard]] std::optional<std::int64_t> lag_usec(std::int64_t now_usec) const;
    /// Bytes that a usual day brings: of complete days if there are any.
    [[nodiscard]] std::uint64_t bytes_per_day() const;
};
[[nodiscard]] std::string_view name_of(InstanceStatus::State state);

struct ArchiveStatus {
    std::string name;
    std::string archiver; ///< empty: an orphan
    bool enabled = true;
    bool shadow = false;      ///< nothing is delivered, what would be is noted down
    bool faulty = false;      ///< its section has errors
    bool best_effort = false; ///< its archiver cannot know what arrived
    bool orphan = false;      ///< a spool that no configured archive owns
    SpoolUsage usage;
    std::int64_t oldest_usec = 0; ///< 0: nothing waits
    std::uint64_t quota = 0;      ///< 0: unknown
    SpoolFill fill = SpoolFill::ok;
    WhenFull when_full = WhenFull::block;
    std::optional<ArchiverState> archiver_state;
    bool is_unreadable = false; ///< its archiver's state
    std::string unit;           ///< "active", "failed" …; empty: not asked
    /// Something has waited for long, and nothing was delivered for as long; or something waits, and the
    /// archiver cannot start.
    bool stuck = false;

    [[nodiscard]] bool has_failed() const;
};

struct Report {
    Scope scope = Scope::system;
    bool asked_systemd = false;
    std::string systemd_note; ///< why it was not asked, if that is odd
    std::string target;       ///< "active" …; empty: not asked
    LoadedConfig loaded;
    std::optional<Error> broken;           ///< the configuration is broken and none was kept
    std::vector<InstanceStatus> instances; ///< sorted by host, then task
    std::vector<MeshState> meshes;
    std::vector<ArchiveStatus> archives;
    std::vector<std::string> unreadable; ///< what this user may not look at
    bool is_blind = false; ///< hosts or their results are among it: nobody can say that all is well
    std::int64_t now_usec = 0;
    std::size_t counted = 0;
    std::size_t overdue = 0;

    [[nodiscard]] bool not_running() const { return asked_systemd && target != "active"; }
    [[nodiscard]] bool degraded() const;
};

} // namespace meshprobe::status
