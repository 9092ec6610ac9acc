// The configuration as the programs see it: complete, typed, checked. Made by config/load.hpp from YAML;
// the key table is in meshprobe.yaml(5). Plain data: copying it is fine, nothing in it refers elsewhere.
#pragma once

#include "lib/units_of_measure.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

enum class Trust { ca, first_use, pin, any };
enum class IpVersion { any, v4, v6 };

/// How to connect to a mesh URL, a measurement archive or an archive. A value with '/' is a path, otherwise
/// the name of a credential: lib/credential.hpp reads both.
struct Connection {
    Trust trust = Trust::ca;
    std::string ca;                ///< tls.ca: file or directory; empty: the system's
    std::string certificate;       ///< tls.certificate: client certificate
    std::string key;               ///< tls.key
    std::vector<std::string> pins; ///< tls.pins: "sha256//BASE64" of the public key
    bool http_fallback = false;
    IpVersion ip_version = IpVersion::any;
    std::vector<std::string> connect_to; ///< as written: lib/connect_to.hpp reads them; the first that fits
    std::string bind_address;            ///< of this machine, to connect from; empty: the system's choice
    std::string proxy; ///< http://…, socks5h://…; empty: none (the environment is not consulted)
    std::string proxy_credential;      ///< USER:PASSWORD, or the password of the user in the URL
    std::string proxy_ca;              ///< of an https proxy: file or directory; empty: the system's
    std::vector<std::string> no_proxy; ///< sorted: names (and what is below them), addresses, networks

    [[nodiscard]] static Connection with(Trust trust) {
        Connection connection;
        connection.trust = trust;
        return connection;
    }
    bool operator==(const Connection&) const = default;
};

/// What people note down about a mesh, an archive, a task or a host: free text, kept as it is written.
struct Description {
    std::string description;
    std::string site;
    std::string country;
    std::string contact;
    std::string version;
    std::map<std::string, std::string, std::less<>> labels;
};

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

enum class Unroutable { drop, retry, fail };
enum class WhenFull { block, drop_oldest, refetch };

struct Archive {
    std::string name;
    std::string archiver; ///< "sqlite", "rabbitmq"
    bool enabled = true;  ///< false: nothing is spooled for it, nothing delivered to it
    bool shadow = false;  ///< all is done but the delivery: what would be delivered is noted down
    /// Its section has errors: tasks go on spooling for it, so that nothing is lost, but it has no archiver
    /// until the section is corrected. The other members are not to be relied upon.
    bool faulty = false;
    std::string url;
    std::string credential;
    std::string format = "raw"; ///< one of lib/format/format.hpp
    std::string transform;      ///< name of one; empty: none
    std::string exchange;       ///< default "osg.ps.raw" for format raw without transform
    std::string routing_key;    ///< default "perfsonar.FORMAT.{event-type}"
    Unroutable unroutable = Unroutable::drop;
    unsigned window = 1000; ///< unconfirmed messages in flight
    Microseconds heartbeat = std::chrono::seconds(30);
    Microseconds idle =
        std::chrono::minutes(10);       ///< how long the archiver stays after the spool was last non-empty
    std::optional<std::uint64_t> quota; ///< bytes; default: design of lib/spool
    WhenFull when_full = WhenFull::block;
    std::optional<Microseconds> retention_age;
    std::optional<std::uint64_t> retention_size;
    Connection connection; ///< default trust ca
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
