#include "ctl/unit_query.hpp"

#include "ctl/bus.hpp"

#include <fmt/core.h>

namespace meshprobe {

namespace {

constexpr const char* timer_interface = "org.freedesktop.systemd1.Timer";

/// systemd's word for never.
constexpr std::uint64_t never = UINT64_MAX;

Result<std::int64_t> time_property(sd_bus* bus, const std::string& object, const char* interface,
                                   const char* name) {
    dbus::Failure failure;
    std::uint64_t usec = 0;
    const int result = sd_bus_get_property_trivial(bus, dbus::destination, object.c_str(), interface, name,
                                                   failure.get(), 't', &usec);
    if (result < 0) return failure.fail(name, result);
    return usec == never ? 0 : static_cast<std::int64_t>(usec);
}

Result<std::map<std::string, UnitState>> read_units(sd_bus_message* reply) {
    std::map<std::string, UnitState> units;
    int result = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
    while (result >= 0) {
        const char* name = nullptr;
        const char* description = nullptr;
        const char* load = nullptr;
        const char* active = nullptr;
        const char* sub = nullptr;
        const char* following = nullptr;
        const char* object = nullptr;
        std::uint32_t job = 0;
        const char* job_type = nullptr;
        const char* job_object = nullptr;
        result = sd_bus_message_read(reply, "(ssssssouso)", &name, &description, &load, &active, &sub,
                                     &following, &object, &job, &job_type, &job_object);
        if (result == 0) return units;
        if (result > 0) units.insert_or_assign(name, UnitState{load, active, sub, object});
    }
    return fail_errno("read systemd's answer", -result);
}

} // namespace

struct UnitQuery::Connection {
    dbus::Connection bus;
};

UnitQuery::UnitQuery(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
UnitQuery::UnitQuery(UnitQuery&&) noexcept = default;
UnitQuery& UnitQuery::operator=(UnitQuery&&) noexcept = default;
UnitQuery::~UnitQuery() = default;

Result<UnitQuery> UnitQuery::connect(Scope scope) {
    auto connected = dbus::connect(scope);
    if (!connected) return fail(connected.error());
    auto connection = std::make_unique<Connection>();
    connection->bus = std::move(*connected);
    return UnitQuery(std::move(connection));
}

Result<std::map<std::string, UnitState>> UnitQuery::list(const std::vector<std::string>& globs) {
    auto request = dbus::new_call(connection_->bus.get(), "ListUnitsByPatterns");
    if (!request) return fail(request.error());
    int result = sd_bus_message_append(request->get(), "as", 0U); // in any state
    if (result >= 0) result = sd_bus_message_open_container(request->get(), 'a', "s");
    for (const auto& glob : globs) {
        if (result >= 0) result = sd_bus_message_append_basic(request->get(), 's', glob.c_str());
    }
    if (result >= 0) result = sd_bus_message_close_container(request->get());
    if (result < 0) return fail_errno("ListUnitsByPatterns", -result);
    dbus::Failure failure;
    const auto reply = dbus::call(connection_->bus.get(), request->get(), failure);
    if (!reply) return fail(reply.error());
    return read_units(reply->get());
}

Result<std::int64_t> UnitQuery::next_elapse_usec(const UnitState& timer) {
    return time_property(connection_->bus.get(), timer.object, timer_interface, "NextElapseUSecRealtime");
}

Result<std::int64_t> UnitQuery::active_since_usec(const UnitState& unit) {
    if (unit.active != "active") return 0;
    return time_property(connection_->bus.get(), unit.object, dbus::unit_interface, "ActiveEnterTimestamp");
}

Result<bool> UnitQuery::stopped_since_start_of(const UnitState& unit, const UnitState& other) {
    const auto stopped = time_property(connection_->bus.get(), unit.object, dbus::unit_interface,
                                       "InactiveEnterTimestampMonotonic");
    if (!stopped) return fail(stopped.error());
    const auto started = time_property(connection_->bus.get(), other.object, dbus::unit_interface,
                                       "InactiveExitTimestampMonotonic");
    if (!started) return fail(started.error());
    return *stopped >= *started;
}

Result<int> UnitQuery::exit_status(const std::string& service) {
    dbus::Failure failure;
    const auto reply = dbus::call(connection_->bus.get(), "LoadUnit", {service}, failure);
    if (!reply) return fail(reply.error());
    const char* object = nullptr;
    if (const int result = sd_bus_message_read_basic(reply->get(), 'o', &object); result < 0) {
        return fail_errno("read systemd's answer", -result);
    }
    std::int32_t status = 0;
    const int result =
        sd_bus_get_property_trivial(connection_->bus.get(), dbus::destination, object,
                                    dbus::service_interface, "ExecMainStatus", failure.get(), 'i', &status);
    if (result < 0) return failure.fail("ExecMainStatus", result);
    return status;
}

} // namespace meshprobe
