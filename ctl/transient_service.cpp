#include "ctl/transient_service.hpp"

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <limits>

namespace meshprobe {

namespace {

constexpr std::string_view unit_exists = "org.freedesktop.systemd1.UnitExists";

/// Read and written under the same name, with the same type. What a systemd does not know is left out.
constexpr std::array copied{
    "User", "Group", "SupplementaryGroups", "Slice", "Environment", "EnvironmentFiles", "LoadCredential",
    "LoadCredentialEncrypted", "SetCredential", "NetworkNamespacePath", "TimeoutStopUSec", "BindPaths",
    "BindReadOnlyPaths",
    // resources
    "MemoryMax", "MemoryHigh", "MemorySwapMax", "CPUWeight", "CPUQuotaPerSecUSec", "IOWeight", "TasksMax",
    "Nice", "IPAddressAllow", "IPAddressDeny",
    // sandbox
    "NoNewPrivileges", "CapabilityBoundingSet", "LockPersonality", "MemoryDenyWriteExecute",
    "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "RemoveIPC",
    "PrivateUsers", "PrivateTmp", "PrivateDevices", "PrivateNetwork", "ProtectSystem", "ProtectHome",
    "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "DevicePolicy", "ProtectClock", "ProtectHostname",
    "SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber", "UMask",
    // log
    "LogLevelMax", "SyslogLevel", "LogExtraFields", "SuccessExitStatus"};

class Request {
  public:
    explicit Request(sd_bus_message* message) : message_(message) {}

    template <class... Arguments>
    void append(const char* types, Arguments... arguments) {
        note(sd_bus_message_append(message_, types, arguments...));
    }
    void open(char type, const char* contents) {
        note(sd_bus_message_open_container(message_, type, contents));
    }
    void close() { note(sd_bus_message_close_container(message_)); }
    void copy(sd_bus_message* from) { note(sd_bus_message_copy(message_, from, 0)); }
    [[nodiscard]] int result() const { return result_; }

  private:
    void note(int result) {
        if (result < 0 && result_ >= 0) result_ = result;
    }
    sd_bus_message* message_;
    int result_ = 0;
};

Result<std::string> load(sd_bus* bus, const std::string& unit) {
    dbus::Failure failure;
    const auto reply = dbus::call(bus, "LoadUnit", {unit}, failure);
    if (!reply) return fail(reply.error().in(unit));
    const char* path = nullptr;
    if (const int result = sd_bus_message_read_basic(reply->get(), 'o', &path); result < 0)
        return fail_errno("read systemd's answer", -result);
    return path;
}

/// As it stands in the answer: a variant. null: there is no such property.
dbus::Message property(sd_bus* bus, const std::string& object, const char* name) {
    dbus::Failure failure;
    sd_bus_message* reply = nullptr;
    const int result =
        sd_bus_call_method(bus, dbus::destination, object.c_str(), "org.freedesktop.DBus.Properties", "Get",
                           failure.get(), &reply, "ss", dbus::service_interface, name);
    return dbus::Message(result < 0 ? nullptr : reply);
}

/// As LogLevelMax= is where nobody set it: systemd does not take back what it says.
bool is_unset_number(sd_bus_message* value) {
    std::int32_t number = 0;
    const bool is_negative = sd_bus_message_read(value, "v", "i", &number) >= 0 && number == -1;
    sd_bus_message_rewind(value, 1);
    return is_negative;
}

void append_copies(Request& request, sd_bus* bus, const std::string& object) {
    for (const char* name : copied) {
        const auto value = property(bus, object, name);
        if (!value || is_unset_number(value.get())) continue;
        request.open('r', "sv");
        request.append("s", name);
        request.copy(value.get());
        request.close();
    }
}

void append_command(Request& request, const std::vector<std::string>& command) {
    request.open('r', "sv");
    request.append("s", "ExecStart");
    request.open('v', "a(sasb)");
    request.open('a', "(sasb)");
    request.open('r', "sasb");
    request.append("s", command.front().c_str());
    request.open('a', "s");
    for (const auto& word : command)
        request.append("s", word.c_str());
    request.close();
    request.append("b", 0);
    request.close();
    request.close();
    request.close();
    request.close();
}

} // namespace

Result<std::string> start_transient(sd_bus* bus, const TransientService& service) {
    const auto object = load(bus, service.like);
    if (!object) return fail(object.error());
    auto message = dbus::new_call(bus, "StartTransientUnit");
    if (!message) return fail(message.error());
    Request request(message->get());
    request.append("ss", service.unit.c_str(), "fail");
    request.open('a', "(sv)");
    request.append("(sv)", "Description", "s", service.description.c_str());
    request.append("(sv)", "Type", "s", "oneshot");
    request.append("(sv)", "PartOf", "as", 1U, "meshprobe.target");
    // What it has committed stays; the next start goes on.
    request.append("(sv)", "CollectMode", "s", "inactive-or-failed");
    request.append("(sv)", "TimeoutStartUSec", "t", std::numeric_limits<std::uint64_t>::max());
    append_copies(request, bus, *object);
    append_command(request, service.command);
    request.close();
    request.append("a(sa(sv))", 0U);
    if (request.result() < 0) return fail_errno("ask systemd for " + service.unit, -request.result());
    dbus::Failure failure;
    const auto reply = dbus::call(bus, message->get(), failure);
    if (!reply) {
        if (failure.is(unit_exists)) return std::string();
        return fail(reply.error().in(service.unit));
    }
    const char* job = nullptr;
    if (const int result = sd_bus_message_read_basic(reply->get(), 'o', &job); result < 0)
        return fail_errno("read systemd's answer", -result);
    return job;
}

} // namespace meshprobe
