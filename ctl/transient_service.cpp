#include "ctl/transient_service.hpp"

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>

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

/// The same for what is started by another program.
constexpr std::array wrapped{"StandardInput", "StandardInputData"};

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

void append_copies(Request& request, sd_bus* bus, const std::string& object,
                   std::span<const char* const> names) {
    for (const char* name : names) {
        const auto value = property(bus, object, name);
        if (!value || is_unset_number(value.get())) continue;
        request.open('r', "sv");
        request.append("s", name);
        request.copy(value.get());
        request.close();
    }
}

struct Command {
    std::string program;
    std::vector<std::string> words; ///< the first is the name it goes by
    std::vector<std::string> flags; ///< "fully-privileged", …
};

std::vector<std::string> read_strings(sd_bus_message* message) {
    std::vector<std::string> strings;
    const char* text = nullptr;
    if (sd_bus_message_enter_container(message, 'a', "s") <= 0) return strings;
    while (sd_bus_message_read_basic(message, 's', &text) > 0)
        strings.emplace_back(text);
    sd_bus_message_exit_container(message);
    return strings;
}

/// The first of a unit's ExecStart=.
std::optional<Command> command_of(sd_bus* bus, const std::string& object) {
    const auto value = property(bus, object, "ExecStartEx");
    const char* path = nullptr;
    if (!value || sd_bus_message_enter_container(value.get(), 'v', "a(sasasttttuii)") <= 0 ||
        sd_bus_message_enter_container(value.get(), 'a', "(sasasttttuii)") <= 0 ||
        sd_bus_message_enter_container(value.get(), 'r', "sasasttttuii") <= 0 ||
        sd_bus_message_read_basic(value.get(), 's', &path) <= 0)
        return {};
    Command command{.program = path, .words = {}, .flags = {}};
    command.words = read_strings(value.get());
    command.flags = read_strings(value.get());
    return command;
}

void append_strings(Request& request, const std::vector<std::string>& strings) {
    request.open('a', "s");
    for (const auto& text : strings)
        request.append("s", text.c_str());
    request.close();
}

void append_command(Request& request, const Command& command) {
    request.open('r', "sv");
    request.append("s", "ExecStartEx");
    request.open('v', "a(sasas)");
    request.open('a', "(sasas)");
    request.open('r', "sasas");
    request.append("s", command.program.c_str());
    append_strings(request, command.words);
    append_strings(request, command.flags);
    request.close();
    request.close();
    request.close();
    request.close();
}

/// What to start: a context plug-in starts what it was told to on standard input, and cannot be given other
/// arguments; the program then knows by the name of its unit what it is to do.
void append_start(Request& request, sd_bus* bus, const std::string& object, const TransientService& service) {
    const std::filesystem::path wanted = service.command.front();
    const auto usual = command_of(bus, object);
    const bool is_wrapped = usual && std::filesystem::path(usual->program).filename() != wanted.filename();
    if (!is_wrapped) return append_command(request, {wanted, service.command, {}});
    append_command(request, *usual);
    append_copies(request, bus, object, wrapped);
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
    append_copies(request, bus, *object, copied);
    append_start(request, bus, *object, service);
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
