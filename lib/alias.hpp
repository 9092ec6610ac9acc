// One measurement archive behind several names (A, AAAA, a second interface, a new name) is recognised by its
// metadata keys, which are unique, and delivered once. Two facts make that so:
//
//   Every key has one owner, the host that was seen with it first (lib/checkpoint/key_owners.hpp); a probe
//   claims new keys before it fetches anything of them, under a lock. So no point is delivered twice, not
//   even while two names are met for the first time at the same moment.
//
//   A name whose keys are exactly those of another host is an alias of it, and the checkpoint belongs to the
//   archive, not to the name: when the first name vanishes or is dead for a day, the alias goes on with the
//   first name's checkpoint, under its lock. So nothing is missing or repeated when it takes over, nor when
//   the first name comes back, nor if both are asked for a while.
//
// The probe that finds out writes the mark alias/INSTANCE: the name of the other instance, or "?" and that
// name as long as it is not decided. Its modification time says when. refresh reads the marks and leaves
// aliases out of the list of hosts. A mark holds for a week, then the alias is asked once more.
#pragma once

#include "lib/error.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <optional>

namespace meshprobe {

struct AliasMark {
    Instance of;
    bool decided = true;
    std::int64_t written_usec = 0;

    /// Whether it still holds; one that is not decided says nothing.
    [[nodiscard]] bool is_fresh(std::int64_t now_usec) const;
};

/// nullopt: collected itself, as far as is known. A mark that cannot be understood counts as none.
[[nodiscard]] Result<std::optional<AliasMark>> read_alias_mark(const Paths& paths, const Instance& instance);
[[nodiscard]] Status write_alias_mark(const Paths& paths, const Instance& instance, const Instance& of,
                                      bool decided);
[[nodiscard]] Status remove_alias_mark(const Paths& paths, const Instance& instance);

/// How an instance stands that others may be aliases of.
enum class Standing {
    collected, ///< in the fleet, and its last run was good, or there was none yet
    silent,    ///< in the fleet, but its last runs went wrong
    dead,      ///< silent for a day
    gone,      ///< no mesh and no administrator names it any more, or it is an alias itself
};
[[nodiscard]] Result<Standing> standing_of(const Paths& paths, const Instance& instance,
                                           std::int64_t now_usec);

/// The same, of an instance that is known to be in the fleet.
[[nodiscard]] Result<Standing> silence_of(const Paths& paths, const Instance& instance,
                                          std::int64_t now_usec);

/// The instance that is collected in place of this one; nullopt: it has to work itself.
[[nodiscard]] Result<std::optional<Instance>> rests_for(const Paths& paths, const Instance& instance,
                                                        std::int64_t now_usec);

/// Whose checkpoint an instance goes on with: its own, or that of the name in whose place it is collected.
[[nodiscard]] Result<Instance> state_of(const Paths& paths, const Instance& instance, std::int64_t now_usec);

/// Whether the alias has nothing to do.
[[nodiscard]] constexpr bool is_stood_in_for(Standing standing) {
    return standing == Standing::collected || standing == Standing::silent;
}

} // namespace meshprobe
