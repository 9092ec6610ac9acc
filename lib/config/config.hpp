// The configuration as the programs see it: complete, typed, checked. Made by config/load.hpp from YAML;
// the key table is in meshprobe.yaml(5). Plain data: copying it is fine, nothing in it refers elsewhere.
#pragma once

#include "lib/config/archive.hpp"
#include "lib/config/connection.hpp"
#include "lib/units_of_measure.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct Mesh {
    std::string name;
    std::string url;  ///< either url …
    std::string file; ///< … or file
    bool enabled = true;
    Microseconds refresh = std::chrono::minutes(15);
    bool configure_archives = false;
    bool allow_private = false; ///< hosts at private and loopback addresses; link-local never
    Connection connection;      ///< to `url`; default trust ca
    Description description;
};

/// What becomes of a result that exceeds a limit.
enum class LimitAction {
    drop, ///< it is left out, and counted
    flag, ///< it is delivered, in a message that says so
    fail, ///< the reading of its series ends there, until the limit or the archive changes
};

/// Which members count depends on the type: config/judge.hpp.
struct Limit {
    std::string name;
    std::string
        type; ///< "age", "size", "rate", "value-range", "event-type", "pair", "duplicate", "pscheduler"
    LimitAction action = LimitAction::drop;
    Microseconds max = Microseconds(0);       ///< age
    std::optional<std::uint64_t> max_record;  ///< size: bytes of a value …
    std::optional<std::uint64_t> max_message; ///< … and of the body of a message
    unsigned max_results = 0;                 ///< rate: so many …
    Microseconds per = Microseconds(0);       ///< … in this time
    std::optional<double> min_value;          ///< value-range
    std::optional<double> max_value;
    std::vector<std::string> allow; ///< event-type: globs; pair: lib/pair_pattern.hpp
    std::vector<std::string> deny;
    std::string file;     ///< pscheduler: either the path of a limit document …
    std::string document; ///< … or its text
    Description description;
};

/// A jq program that messages pass before they are spooled: lib/transform/jq_transform.hpp.
struct Transform {
    std::string name;
    std::string script;
    std::string arguments; ///< {"NAME": VALUE, …} as JSON; empty: none
    bool output_raw = false;
    Description description;
};

/// The thirteen that the collectors before this one asked for.
[[nodiscard]] const std::vector<std::string>& default_event_types();

/// In which part of the network a probe runs. Only ever from the configuration: what a mesh says about
/// contexts is about the hosts that measure, not about this one.
enum class ContextType { none, linuxnns, linuxvrf, plugin };
struct Context {
    ContextType type = ContextType::none;
    std::string name_space; ///< linuxnns: the name of a network namespace, as of `ip netns`
    std::string interface;  ///< linuxvrf: of the VRF
    std::string program;    ///< plugin: the `change` of a pScheduler context plug-in
    std::string data;       ///< plugin: what it is told, as JSON

    bool operator==(const Context&) const = default;
};

/// For which hosts a task is: lib/config/selection.hpp. Each sorted; empty: for any.
struct Select {
    std::vector<std::string> meshes;
    std::vector<std::string> hosts; ///< HostName::text(), or globs in lower case
    std::vector<std::string> tags;
    std::vector<std::string> tests; ///< types, which also say what is fetched there
    std::vector<std::string> groups;
    std::vector<std::string> tasks; ///< of the meshes

    bool operator==(const Select&) const = default;
};

/// What the service manager allows a run; unset: no limit of its own.
struct Resources {
    std::optional<std::uint64_t> memory_max; ///< bytes
    std::optional<unsigned> cpu_quota;       ///< percent of one CPU
    std::optional<unsigned> tasks_max;       ///< processes and threads
    int nice = 0;

    bool operator==(const Resources&) const = default;
};

/// The source `http`: a document of JSON, and the jq program that picks the results from it.
struct HttpDocument {
    std::string url;    ///< "{host}" in it stands for the host's name; empty: there is none
    std::string script; ///< the program …
    std::string file;   ///< … or the path of one

    bool operator==(const HttpDocument&) const = default;
};

enum class LogMode { each, changes, hourly };
enum class Enable { mesh, manual };

/// What one task does on one host, after task, host pattern, host and host's task were laid over each other.
struct TaskSettings {
    bool enabled = true;
    Enable enable = Enable::mesh;
    std::vector<std::string> collect = {"esmond"};
    Microseconds interval = std::chrono::minutes(5);
    std::string calendar;                                         ///< replaces interval if not empty
    std::vector<std::string> event_types = default_event_types(); ///< sorted
    std::vector<std::string> summaries;                           ///< sorted: lib/summary_name.hpp
    HttpDocument http;                                            ///< complete if `collect` names it
    Microseconds first_run = std::chrono::days(1);
    Microseconds catch_up = std::chrono::days(30);
    Microseconds overlap = std::chrono::hours(1);
    /// Window of the once-a-day longer re-read. What is late by less than that minus the day is always found.
    Microseconds reread = std::chrono::days(2);
    std::vector<std::string> limits; ///< sorted; each exists
    std::vector<std::string> archives = {
        "local"}; ///< sorted; may name an archive that is disabled: then nothing goes there
    unsigned max_requests = 4;
    Microseconds timeout = std::chrono::minutes(10);    ///< of the whole run
    Microseconds inactivity = std::chrono::seconds(20); ///< a transfer without a byte for so long has failed
    LogMode log = LogMode::each;
    Context context;
    Resources resources;
    Select select;
    Connection connection = Connection::with(Trust::first_use); ///< to the host

    /// What is asked for: event types, and summaries of some.
    [[nodiscard]] std::vector<std::string> series() const;

    /// The generator writes drop-ins for what differs from its task.
    bool operator==(const TaskSettings&) const = default;
};

class Node; // the merged YAML with its source marks: config/tree.hpp

struct Config {
    std::map<std::string, Mesh, std::less<>> meshes;
    std::map<std::string, Limit, std::less<>> limits;
    std::map<std::string, Archive, std::less<>> archives;
    std::map<std::string, Transform, std::less<>> transforms; ///< those without errors
    /// As configured under tasks.NAME. A task whose section has errors is not here, and runs nowhere.
    std::map<std::string, TaskSettings, std::less<>> tasks;
    bool merge_same_address = false;
    unsigned slots = 16; ///< probes of this machine that fetch at once

    /// The settings of a task on a host; `enabled` is false if the task or the host is switched off.
    [[nodiscard]] TaskSettings task(std::string_view task, std::string_view host) const;
    /// What is noted down about a host.
    [[nodiscard]] Description description_of(std::string_view host) const;

    struct HostSection {
        std::string pattern; ///< HostName::text(), or a glob in lower case
        std::string key;     ///< the same as it is written
        bool is_glob = false;
        bool faulty = false;              ///< it has errors: the hosts that it is about are switched off
        std::shared_ptr<const Node> node; ///< laid over the task by task(); checked when it was loaded …
        std::string compiled; ///< … or, if that is null, the same as the compiled configuration holds it
    };
    /// Later wins: globs, shortest first, then names sorted by byte.
    std::vector<HostSection> host_sections;

    /// The sections that are about a host, most general first: globs, its name without port, with port.
    [[nodiscard]] std::vector<const HostSection*> sections_of(std::string_view host) const;
};

} // namespace meshprobe
