// systemd, as far as meshprobe asks it for something: over its private socket where the caller is root (works
// before and without a D-Bus daemon), over the system bus otherwise.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"
#include "lib/units_of_measure.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace meshprobe {

struct TransientService; // transient_service.hpp

class ServiceManager {
  public:
    [[nodiscard]] static Result<ServiceManager> connect(Scope scope);
    ServiceManager(ServiceManager&&) noexcept;
    ServiceManager& operator=(ServiceManager&&) noexcept;
    ~ServiceManager();

    /// "active", "activating", "inactive", "failed" …; a unit that is not loaded is "inactive".
    [[nodiscard]] Result<std::string> active_state(std::string_view unit);
    /// Another one at each activation of the unit, over boots too; empty: it is not active.
    [[nodiscard]] Result<std::string> invocation(std::string_view unit);

    enum class Answer { queued, masked, not_loaded, running };
    /// Queues a job and does not wait for it. An administrator's mask is an answer, not an error.
    [[nodiscard]] Result<Answer> start(std::string_view unit);
    [[nodiscard]] Result<Answer> stop(std::string_view unit);
    /// `running`: there is one of this name already.
    [[nodiscard]] Result<Answer> start_transient(const TransientService& service);
    /// A unit that is not loaded has nothing to forget.
    [[nodiscard]] Status reset_failed(std::string_view unit);
    /// daemon-reload; returns when it is over. systemd does nothing else meanwhile, with many units for long.
    [[nodiscard]] Status reload();

    /// Jobs that start() and stop() queued and that are not over.
    [[nodiscard]] std::size_t jobs() const;
    /// How the last job of this unit ended: "done", "failed", "timeout" …; empty: none did.
    [[nodiscard]] std::string last_result(std::string_view unit) const;
    /// Until something happens to jobs, anybody's, at most `timeout`.
    [[nodiscard]] Status wait(Microseconds timeout);
    /// Until all of our jobs are over; false: `timeout` came first.
    [[nodiscard]] Result<bool> wait_for_jobs(Microseconds timeout);

  private:
    struct Connection;
    explicit ServiceManager(std::unique_ptr<Connection> connection);

    std::unique_ptr<Connection> connection_;
};

} // namespace meshprobe
