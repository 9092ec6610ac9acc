// What systemd knows about our units, in as few questions as it takes.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace meshprobe {

struct UnitState {
    std::string load;   ///< "loaded", "masked", "not-found", "bad-setting" …
    std::string active; ///< "active", "activating", "inactive", "failed" …
    std::string sub;    ///< "waiting", "running", "elapsed" …
    std::string object; ///< its path on the bus
};

class UnitQuery {
  public:
    /// Fails where systemd is not running or does not talk to us.
    [[nodiscard]] static Result<UnitQuery> connect(Scope scope);
    UnitQuery(UnitQuery&&) noexcept;
    UnitQuery& operator=(UnitQuery&&) noexcept;
    ~UnitQuery();

    /// Units that are loaded now and match one of the globs. What is stopped and referred to by nobody is not
    /// loaded.
    [[nodiscard]] Result<std::map<std::string, UnitState>> list(const std::vector<std::string>& globs);
    /// When the timer elapses next, UNIX time; 0: never.
    [[nodiscard]] Result<std::int64_t> next_elapse_usec(const UnitState& timer);
    /// Since when the unit is active, UNIX time; 0: it is not.
    [[nodiscard]] Result<std::int64_t> active_since_usec(const UnitState& unit);
    /// Whether the unit came to rest after the other one was started.
    [[nodiscard]] Result<bool> stopped_since_start_of(const UnitState& unit, const UnitState& other);
    /// What the main process of a service returned last.
    [[nodiscard]] Result<int> exit_status(const std::string& service);

  private:
    struct Connection;
    explicit UnitQuery(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection_;
};

} // namespace meshprobe
