// An archive as the configuration describes it: where results go, and how.
#pragma once

#include "lib/config/connection.hpp"
#include "lib/config/file_settings.hpp"
#include "lib/config/http_delivery.hpp"
#include "lib/config/socket_settings.hpp"
#include "lib/config/syslog_settings.hpp"
#include "lib/units_of_measure.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace meshprobe {

enum class Unroutable { drop, retry, fail };
enum class WhenFull { block, drop_oldest, refetch };

struct Archive {
    std::string name;
    std::string archiver; ///< one of lib/config/archivers.hpp
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
    HttpDelivery http;
    std::string path; ///< file: of the file, a template; syslog: of the socket
    FileSettings file;
    SocketSettings socket; ///< tcp, udp
    SyslogSettings syslog; ///< syslog, and what tcp and udp put before messages
    Connection connection; ///< default trust ca
    Description description;
};

} // namespace meshprobe
