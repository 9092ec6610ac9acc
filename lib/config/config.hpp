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
    std::string connect_to;        ///< "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT"; name and SNI stay the host's
    std::string proxy;             ///< http://…, socks5h://…; empty: none (the environment is not consulted)
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
};

struct Limit {
    std::string name;
    std::string type;               ///< "age"
    Microseconds max = Microseconds(0);
};

enum class Unroutable { drop, retry, fail };
enum class WhenFull { block, drop_oldest, refetch };

struct Archive {
    std::string name;
    std::string archiver; ///< "sqlite", "rabbitmq"
    bool enabled = true;
    std::string url;
    std::string credential;
    std::string format = "raw";
    std::string exchange;    ///< default "osg.ps.raw" for format raw
    std::string routing_key; ///< default "perfsonar.raw.{event-type}" for format raw
    Unroutable unroutable = Unroutable::drop;
    unsigned window = 1000;  ///< unconfirmed messages in flight
    Microseconds heartbeat = std::chrono::seconds(30);
    Microseconds idle = std::chrono::minutes(10); ///< how long the archiver stays after the spool was last non-empty
    std::optional<std::uint64_t> quota; ///< bytes; default: design of lib/spool
    WhenFull when_full = WhenFull::block;
    std::optional<Microseconds> retention_age;
    std::optional<std::uint64_t> retention_size;
    Connection connection;   ///< default trust ca
};

enum class LogMode { each, changes, hourly };
enum class Enable { mesh, manual };

/// What one task does on one host, after task, host pattern, host and host's task were laid over each other.
struct TaskSettings {
    bool enabled = true;
    Enable enable = Enable::mesh;
    std::vector<std::string> collect = {"esmond"};
    Microseconds interval = std::chrono::minutes(5);
    std::string calendar;                 ///< replaces interval if not empty
    std::vector<std::string> event_types;
    Microseconds first_run = std::chrono::days(1);
    Microseconds catch_up = std::chrono::days(30);
    Microseconds overlap = std::chrono::hours(1);
    Microseconds reread = std::chrono::days(1); ///< window of the once-a-day longer re-read
    std::vector<std::string> limits;
    std::vector<std::string> archives;    ///< sorted; may name an archive that is disabled: then nothing goes there
    unsigned max_requests = 4;
    Microseconds timeout = std::chrono::minutes(10);       ///< of the whole run
    Microseconds inactivity = std::chrono::seconds(20);    ///< a transfer without a byte for so long has failed
    LogMode log = LogMode::each;
    Connection connection;                ///< default trust first_use

    bool operator==(const TaskSettings&) const; ///< the generator writes drop-ins for what differs from its task
};

class Node; // the merged YAML with its source marks: config/tree.hpp

struct Config {
    std::map<std::string, Mesh, std::less<>> meshes;
    std::map<std::string, Limit, std::less<>> limits;
    std::map<std::string, Archive, std::less<>> archives;
    std::map<std::string, TaskSettings, std::less<>> tasks; ///< as configured under tasks.NAME
    bool merge_same_address = false;
    unsigned slots = 16; ///< probes of this machine that fetch at once

    /// The settings of a task on a host; `enabled` is false if the task or the host is switched off.
    [[nodiscard]] TaskSettings task(std::string_view task, std::string_view host) const;

    struct HostSection {
        std::string pattern;              ///< name, host:port or glob
        std::shared_ptr<const Node> node; ///< laid over the task by task(); checked when it was loaded
    };
    std::vector<HostSection> host_sections; ///< globs shortest first, then exact names: later wins
};

} // namespace meshprobe
