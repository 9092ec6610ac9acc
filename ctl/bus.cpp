#include "ctl/bus.hpp"

#include <fmt/core.h>
#include <unistd.h>

namespace meshprobe::dbus {

namespace {

Result<Connection> connect_privately(const std::string& socket) {
    sd_bus* raw = nullptr;
    if (const int result = sd_bus_new(&raw); result < 0) return fail_errno("make a bus connection", -result);
    Connection bus(raw);
    if (const int result = sd_bus_set_address(raw, ("unix:path=" + socket).c_str()); result < 0) {
        return fail_errno("set the address of systemd", -result);
    }
    if (const int result = sd_bus_start(raw); result < 0) return fail_errno("connect to systemd", -result);
    return bus;
}

} // namespace

tl::unexpected<Error> Failure::fail(std::string_view what, int result) const {
    if (error_.message == nullptr) return fail_errno(what, -result);
    return meshprobe::fail(ErrorKind::internal, fmt::format("{}: {}", what, error_.message));
}

Result<Connection> connect(Scope scope) {
    const bool is_user = scope == Scope::user;
    if (is_user || ::geteuid() == 0) {
        const auto socket = Paths::runtime_directory(scope) / "systemd/private";
        if (auto bus = connect_privately(socket.string())) return bus;
    }
    sd_bus* raw = nullptr;
    const int result = is_user ? sd_bus_open_user(&raw) : sd_bus_open_system(&raw);
    if (result < 0) {
        return fail_errno(is_user ? "connect to your systemd (does \"systemctl --user status\" work?)"
                                  : "connect to systemd over the system bus",
                          -result);
    }
    return Connection(raw);
}

Result<Message> new_call(sd_bus* bus, const char* method) {
    sd_bus_message* raw = nullptr;
    const int result =
        sd_bus_message_new_method_call(bus, &raw, destination, manager_path, manager_interface, method);
    if (result < 0) return fail_errno(method, -result);
    // By hand, the administrator may be asked for a password; from a service nobody is there to answer.
    sd_bus_message_set_allow_interactive_authorization(raw, 1);
    return Message(raw);
}

Result<Message> call(sd_bus* bus, sd_bus_message* request, Failure& failure) {
    sd_bus_message* reply = nullptr;
    const int result = sd_bus_call(bus, request, call_timeout_usec, failure.get(), &reply);
    if (result < 0) return failure.fail(sd_bus_message_get_member(request), result);
    return Message(reply);
}

Result<Message> call(sd_bus* bus, const char* method, std::initializer_list<std::string> arguments,
                     Failure& failure) {
    auto request = new_call(bus, method);
    if (!request) return request;
    for (const auto& argument : arguments) {
        const int result = sd_bus_message_append_basic(request->get(), 's', argument.c_str());
        if (result < 0) return fail_errno(method, -result);
    }
    return call(bus, request->get(), failure);
}

} // namespace meshprobe::dbus
