#include "ctl/service_manager.hpp"

#include "ctl/bus.hpp"
#include "ctl/transient_service.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

namespace meshprobe {

struct ServiceManager::Connection {
    dbus::Connection bus;
    std::set<std::string, std::less<>> jobs;                      // object paths
    std::map<std::string, std::string, std::less<>> last_results; // unit -> result

    static int on_job_removed(sd_bus_message* message, void* data, sd_bus_error*) {
        auto& self = *static_cast<Connection*>(data);
        std::uint32_t id = 0;
        const char* job = nullptr;
        const char* unit = nullptr;
        const char* result = nullptr;
        if (sd_bus_message_read(message, "uoss", &id, &job, &unit, &result) < 0) return 0;
        self.jobs.erase(job);
        self.last_results.insert_or_assign(unit, result);
        return 0;
    }

    Result<dbus::Message> call(const char* method, std::initializer_list<std::string> arguments,
                               dbus::Failure& failure) {
        return dbus::call(bus.get(), method, arguments, failure);
    }

    Result<std::string> unit_path(std::string_view unit, dbus::Failure& error) {
        auto reply = call("GetUnit", {std::string(unit)}, error);
        if (!reply) return fail(reply.error());
        const char* path = nullptr;
        if (const int result = sd_bus_message_read_basic(reply->get(), 'o', &path); result < 0) {
            return fail_errno("read systemd's answer", -result);
        }
        return path;
    }

    /// StartUnit and StopUnit.
    Result<Answer> queue(const char* method, std::string_view unit) {
        dbus::Failure error;
        const auto reply = call(method, {std::string(unit), "replace"}, error);
        if (!reply) {
            if (error.is(dbus::unit_masked)) return Answer::masked;
            if (error.is(dbus::no_such_unit)) return Answer::not_loaded;
            return fail(reply.error().in(unit));
        }
        const char* job = nullptr;
        if (const int result = sd_bus_message_read_basic(reply->get(), 'o', &job); result < 0) {
            return fail_errno("read systemd's answer", -result);
        }
        jobs.emplace(job);
        return Answer::queued;
    }
};

ServiceManager::ServiceManager(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
ServiceManager::ServiceManager(ServiceManager&&) noexcept = default;
ServiceManager& ServiceManager::operator=(ServiceManager&&) noexcept = default;
ServiceManager::~ServiceManager() = default;

Result<ServiceManager> ServiceManager::connect(Scope scope) {
    auto bus = dbus::connect(scope);
    if (!bus) return fail(bus.error());
    auto connection = std::make_unique<Connection>();
    connection->bus = std::move(*bus);
    // Signals are matched before the first job exists: none of ours can end unseen.
    const int result = sd_bus_match_signal(connection->bus.get(), nullptr, dbus::destination,
                                           dbus::manager_path, dbus::manager_interface, "JobRemoved",
                                           Connection::on_job_removed, connection.get());
    if (result < 0) return fail_errno("watch the jobs of systemd", -result);
    dbus::Failure error;
    if (auto reply = connection->call("Subscribe", {}, error); !reply) return fail(reply.error());
    return ServiceManager(std::move(connection));
}

Result<std::string> ServiceManager::active_state(std::string_view unit) {
    dbus::Failure error;
    const auto path = connection_->unit_path(unit, error);
    if (!path) {
        if (error.is(dbus::no_such_unit)) return "inactive";
        return fail(path.error().in(unit));
    }
    char* state = nullptr;
    const int result = sd_bus_get_property_string(connection_->bus.get(), dbus::destination, path->c_str(),
                                                  dbus::unit_interface, "ActiveState", error.get(), &state);
    if (result < 0) return error.fail(fmt::format("{}: ActiveState", unit), result);
    std::string text(state);
    ::free(state); // NOLINT(cppcoreguidelines-*): as sd-bus documents
    return text;
}

Result<std::string> ServiceManager::invocation(std::string_view unit) {
    dbus::Failure error;
    const auto path = connection_->unit_path(unit, error);
    if (!path) {
        if (error.is(dbus::no_such_unit)) return "";
        return fail(path.error().in(unit));
    }
    sd_bus_message* raw = nullptr;
    int result = sd_bus_get_property(connection_->bus.get(), dbus::destination, path->c_str(),
                                     dbus::unit_interface, "InvocationID", error.get(), &raw, "ay");
    const dbus::Message reply(raw);
    if (result < 0) return error.fail(fmt::format("{}: InvocationID", unit), result);
    const void* bytes = nullptr;
    std::size_t size = 0;
    if (result = sd_bus_message_read_array(raw, 'y', &bytes, &size); result < 0) {
        return fail_errno("read systemd's answer", -result);
    }
    std::string text;
    for (const std::uint8_t byte : std::span(static_cast<const std::uint8_t*>(bytes), size))
        text += fmt::format("{:02x}", byte);
    return text;
}

Result<ServiceManager::Answer> ServiceManager::start(std::string_view unit) {
    return connection_->queue("StartUnit", unit);
}

Result<ServiceManager::Answer> ServiceManager::stop(std::string_view unit) {
    return connection_->queue("StopUnit", unit);
}

Result<ServiceManager::Answer> ServiceManager::start_transient(const TransientService& service) {
    auto job = meshprobe::start_transient(connection_->bus.get(), service);
    if (!job) return fail(job.error());
    if (job->empty()) return Answer::running;
    connection_->jobs.insert(std::move(*job));
    return Answer::queued;
}

Status ServiceManager::reset_failed(std::string_view unit) {
    dbus::Failure error;
    const auto reply = connection_->call("ResetFailedUnit", {std::string(unit)}, error);
    if (reply || error.is(dbus::no_such_unit)) return {};
    return fail(reply.error().in(unit));
}

Status ServiceManager::reload() {
    dbus::Failure error;
    if (const auto reply = connection_->call("Reload", {}, error); !reply) return fail(reply.error());
    return {};
}

std::size_t ServiceManager::jobs() const {
    return connection_->jobs.size();
}

std::string ServiceManager::last_result(std::string_view unit) const {
    const auto found = connection_->last_results.find(unit);
    return found == connection_->last_results.end() ? "" : found->second;
}

Status ServiceManager::wait(Microseconds timeout) {
    bool any = false;
    while (true) {
        const int result = sd_bus_process(connection_->bus.get(), nullptr);
        if (result < 0) return fail_errno("talk to systemd", -result);
        if (result == 0) break;
        any = true;
    }
    if (any) return {};
    const int result = sd_bus_wait(connection_->bus.get(), static_cast<std::uint64_t>(timeout.count()));
    if (result < 0 && result != -EINTR) return fail_errno("wait for systemd", -result);
    while (true) {
        const int processed = sd_bus_process(connection_->bus.get(), nullptr);
        if (processed < 0) return fail_errno("talk to systemd", -processed);
        if (processed == 0) return {};
    }
}

Result<bool> ServiceManager::wait_for_jobs(Microseconds timeout) {
    const auto end = std::chrono::steady_clock::now() + timeout;
    while (jobs() > 0) {
        const auto left = std::chrono::duration_cast<Microseconds>(end - std::chrono::steady_clock::now());
        if (left <= Microseconds(0)) return false;
        if (auto waited = wait(left); !waited) return fail(waited.error());
    }
    return true;
}

} // namespace meshprobe
