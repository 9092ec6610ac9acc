#include "ctl/unit_files.hpp"

#include "ctl/bus.hpp"

namespace meshprobe::unit_files {

namespace {

/// `flags`: the booleans that follow the names.
Status change(Scope scope, const char* method, const std::vector<std::string>& units,
              std::initializer_list<int> flags) {
    auto bus = dbus::connect(scope);
    if (!bus) return fail(bus.error());
    auto request = dbus::new_call(bus->get(), method);
    if (!request) return fail(request.error());
    int result = sd_bus_message_open_container(request->get(), 'a', "s");
    for (const auto& unit : units) {
        if (result >= 0) result = sd_bus_message_append_basic(request->get(), 's', unit.c_str());
    }
    if (result >= 0) result = sd_bus_message_close_container(request->get());
    for (const int flag : flags) {
        if (result >= 0) result = sd_bus_message_append_basic(request->get(), 'b', &flag);
    }
    if (result < 0) return fail_errno(method, -result);
    dbus::Failure failure;
    if (const auto reply = dbus::call(bus->get(), request->get(), failure); !reply)
        return fail(reply.error());
    if (const auto reply = dbus::call(bus->get(), "Reload", {}, failure); !reply) return fail(reply.error());
    return {};
}

// Persistent (not under /run); an own file of that name is not replaced.
constexpr int runtime = 0;
constexpr int force = 0;

} // namespace

Status mask(Scope scope, const std::vector<std::string>& units) {
    return change(scope, "MaskUnitFiles", units, {runtime, force});
}

Status unmask(Scope scope, const std::vector<std::string>& units) {
    return change(scope, "UnmaskUnitFiles", units, {runtime});
}

Status enable(Scope scope, const std::vector<std::string>& units) {
    return change(scope, "EnableUnitFiles", units, {runtime, force});
}

} // namespace meshprobe::unit_files
