// sd-bus with owners: what everything that talks to systemd shares.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <systemd/sd-bus.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace meshprobe::dbus {

struct Closer {
    void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
    void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Connection = std::unique_ptr<sd_bus, Closer>;
using Message = std::unique_ptr<sd_bus_message, Closer>;

/// What the other side said went wrong.
class Failure {
  public:
    Failure() = default;
    Failure(const Failure&) = delete;
    Failure& operator=(const Failure&) = delete;
    ~Failure() { sd_bus_error_free(&error_); }

    sd_bus_error* get() { return &error_; }
    [[nodiscard]] bool is(std::string_view name) const {
        return error_.name != nullptr && name == error_.name;
    }
    [[nodiscard]] tl::unexpected<Error> fail(std::string_view what, int result) const;

  private:
    sd_bus_error error_{}; // what SD_BUS_ERROR_NULL is, which is no C++ to clang
};

inline constexpr const char* destination = "org.freedesktop.systemd1";
inline constexpr const char* manager_path = "/org/freedesktop/systemd1";
inline constexpr const char* manager_interface = "org.freedesktop.systemd1.Manager";
inline constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
inline constexpr const char* service_interface = "org.freedesktop.systemd1.Service";
inline constexpr std::string_view no_such_unit = "org.freedesktop.systemd1.NoSuchUnit";
inline constexpr std::string_view unit_masked = "org.freedesktop.systemd1.UnitMasked";

/// A reload with 10 000 instances takes half a minute, and systemd answers nobody meanwhile.
inline constexpr std::uint64_t call_timeout_usec = 150'000'000;

/// The system's service manager, or the caller's own. Over its private socket where the caller may use that
/// (it works before and without a D-Bus daemon), over the bus otherwise.
[[nodiscard]] Result<Connection> connect(Scope scope);

/// A call of the manager that is about to be made; arguments are appended to it.
[[nodiscard]] Result<Message> new_call(sd_bus* bus, const char* method);
[[nodiscard]] Result<Message> call(sd_bus* bus, sd_bus_message* request, Failure& failure);
/// A call whose arguments are strings.
[[nodiscard]] Result<Message> call(sd_bus* bus, const char* method,
                                   std::initializer_list<std::string> arguments, Failure& failure);

} // namespace meshprobe::dbus
