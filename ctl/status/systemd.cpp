#include "ctl/status/gather.hpp"
#include "ctl/unit_query.hpp"

#include <systemd/sd-daemon.h>

namespace meshprobe::status {

namespace {

using State = InstanceStatus::State;

class Asker {
  public:
    Asker(UnitQuery query, std::map<std::string, UnitState> units)
        : query_(std::move(query)), units_(std::move(units)) {}

    [[nodiscard]] std::string active(const std::string& unit) const {
        const auto found = units_.find(unit);
        return found == units_.end() ? "inactive" : found->second.active;
    }

    void complete(InstanceStatus& status) {
        if (status.state != State::unknown) return;
        const auto service = active(status.instance.service());
        const auto timer = units_.find(status.instance.timer());
        if (timer == units_.end()) {
            status.state = service == "activating" ? State::running : State::stopped;
            return;
        }
        const auto& unit = timer->second;
        if (unit.load == "masked") {
            status.state = State::masked;
        } else if (service == "activating") {
            status.state = State::running;
        } else if (unit.active == "active") {
            status.state = State::waiting;
        } else {
            status.state = unit.active == "failed" ? State::failed : State::stopped;
        }
        if (unit.active != "active") return;
        if (const auto next = query_.next_elapse_usec(unit)) status.next_run_usec = *next;
        // Only where it matters: a question more for each of thousands of timers takes systemd's time.
        if (status.last && status.last->last_success_usec != 0) return;
        if (const auto since = query_.active_since_usec(unit)) status.active_since_usec = *since;
    }

  private:
    UnitQuery query_;
    std::map<std::string, UnitState> units_;
};

} // namespace

void ask_systemd(const Paths& paths, Report& report) {
    if (!paths.is_real_root() || sd_booted() <= 0) return;
    auto query = UnitQuery::connect(paths.scope());
    if (!query) {
        report.systemd_note = query.error().message;
        return;
    }
    auto units = query->list({"meshprobe*"});
    if (!units) {
        report.systemd_note = units.error().message;
        return;
    }
    report.asked_systemd = true;
    Asker asker(std::move(*query), std::move(*units));
    report.target = asker.active("meshprobe.target");
    for (auto& status : report.instances)
        asker.complete(status);
    for (auto& archive : report.archives)
        archive.unit = asker.active("meshprobe-archive@" + archive.name + ".service");
}

} // namespace meshprobe::status
