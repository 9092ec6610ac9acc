// What the delivery loop asks of an archive: take these messages, say what became of each. A type neither
// knows the spool nor decides when to try again; it never blocks for long, except in connect().
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"
#include "lib/spool/segment.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

class Reporter;
class Stop;

/// One message on its way. Everything behind the pointers stays in place until the ticket is settled or the
/// archive was disconnected.
struct Item {
    std::uint64_t ticket = 0; ///< unique within this process, ascending
    const SegmentHeader* segment = nullptr;
    const Message* message = nullptr;
};

/// What became of a message.
struct Verdict {
    enum class Kind {
        delivered, ///< the archive has it, durably
        dropped,   ///< not wanted there, and the configuration says that this is fine
        refused,   ///< will never be taken: `reason` goes to failed/ with it
        later,     ///< not taken now; others may be, go on with them and try this one again after a while
        undecided, ///< like later, but worth trying again as soon as anything was delivered
        busy,      ///< not taken now, nor will others be: pause
    };
    std::uint64_t ticket = 0;
    Kind kind = Kind::delivered;
    std::string reason; ///< empty for delivered and dropped
};

/// How much may be on its way unsettled.
struct Window {
    std::size_t messages = 1000;
    std::size_t bytes = 16U << 20;
};

class ArchiveType {
  public:
    ArchiveType() = default;
    ArchiveType(const ArchiveType&) = delete;
    ArchiveType& operator=(const ArchiveType&) = delete;
    virtual ~ArchiveType() = default;

    /// Within bounded time; ends what is left of an earlier connection. What was sent before and not settled
    /// will be sent again.
    [[nodiscard]] virtual Status connect() = 0;
    /// Says good-bye if that can be done at once.
    virtual void disconnect() = 0;
    /// Hands messages over; they are settled later. An error loses the connection, except `refused`: one of
    /// the unsettled messages is to blame, and the loop finds out which one by sending fewer at a time.
    [[nodiscard]] virtual Status send(std::span<const Item> batch) = 0;
    /// What was settled since; never waits. Services the connection (heartbeats). Errors as in send().
    [[nodiscard]] virtual Result<std::vector<Verdict>> settle() = 0;

    /// Readable when settle() has something to do; -1: never, settle() follows send() at once.
    [[nodiscard]] virtual int descriptor() const { return -1; }
    /// settle() has something to do, too, when the descriptor is writable.
    [[nodiscard]] virtual bool has_output() const { return false; }
    /// settle() wants to be called so often.
    [[nodiscard]] virtual Microseconds service_interval() const { return std::chrono::hours(1); }
    [[nodiscard]] virtual Window window() const { return {}; }
    /// A little housekeeping (some ten milliseconds at most); true: there is more to do. Errors as in send().
    /// It may look rarely whether there is something to do, but not when this is `the_last_time`.
    [[nodiscard]] virtual Result<bool> tidy(bool the_last_time) {
        static_cast<void>(the_last_time);
        return false;
    }
    /// Connected, but the other side takes nothing for now, and says why; empty: it does.
    [[nodiscard]] virtual std::string held_up() const { return {}; }
    /// "amqps://broker.example.org/vhost", "/var/lib/…": for messages; never holds a secret.
    [[nodiscard]] virtual std::string place() const = 0;
};

/// What a type is made from; all of it outlives the type.
struct ArchiveContext {
    const Paths& paths;
    const Archive& archive;
    Reporter& reporter;
    const Stop& stop;
};

using ArchiveFactory = Result<std::unique_ptr<ArchiveType>> (*)(const ArchiveContext&);

/// By the name that `archiver:` has in the configuration; `configuration` error for an unknown one.
[[nodiscard]] Result<std::unique_ptr<ArchiveType>> make_archive(const ArchiveContext& context);

[[nodiscard]] Result<std::unique_ptr<ArchiveType>> make_esmond(const ArchiveContext& context);
[[nodiscard]] Result<std::unique_ptr<ArchiveType>> make_http(const ArchiveContext& context);
[[nodiscard]] Result<std::unique_ptr<ArchiveType>> make_opensearch(const ArchiveContext& context);
[[nodiscard]] Result<std::unique_ptr<ArchiveType>> make_sqlite(const ArchiveContext& context);
/// The same in another file than that of the archive.
[[nodiscard]] std::unique_ptr<ArchiveType> make_database(const ArchiveContext& context,
                                                         std::filesystem::path file);
/// In place of any type, for `shadow: true`.
[[nodiscard]] std::unique_ptr<ArchiveType> make_shadow(const ArchiveContext& context);
[[nodiscard]] Result<std::unique_ptr<ArchiveType>> make_file(const ArchiveContext& context);
[[nodiscard]] Result<std::unique_ptr<ArchiveType>> make_rabbitmq(const ArchiveContext& context);
[[nodiscard]] Result<std::unique_ptr<ArchiveType>> make_syslog(const ArchiveContext& context);
[[nodiscard]] Result<std::unique_ptr<ArchiveType>> make_tcp(const ArchiveContext& context);
[[nodiscard]] Result<std::unique_ptr<ArchiveType>> make_udp(const ArchiveContext& context);

} // namespace meshprobe
