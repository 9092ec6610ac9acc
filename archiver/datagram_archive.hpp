// What the archive types have in common that send a datagram for each message, and hear nothing of it
// again: syslog and udp.
#pragma once

#include "archiver/archive_type.hpp"
#include "archiver/syslog_header.hpp"
#include "lib/file.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace meshprobe {

class DatagramArchive : public ArchiveType {
  public:
    struct Way {
        std::string place;
        std::function<Result<FileDescriptor>()> open; ///< a connected socket that does not wait
        std::size_t most = 0;                         ///< bytes of a datagram
        std::string_view limit;                       ///< what says so, for messages
        std::size_t burst = 0; ///< bytes in a millisecond, as nothing tells us to slow down; 0: no limit
    };

    DatagramArchive(const ArchiveContext& context, SyslogHeader header, Way way);

    Status connect() override;
    void disconnect() override;
    Status send(std::span<const Item> batch) override;
    Result<std::vector<Verdict>> settle() override;

    int descriptor() const override { return socket_.get(); }
    bool has_output() const override { return is_full_; }
    Microseconds service_interval() const override;
    Window window() const override { return {archive_.window, 1U << 20}; }
    std::string place() const override { return way_.place; }

  private:
    using Clock = std::chrono::steady_clock;
    enum class Step { sent, full };
    [[nodiscard]] bool may_send();
    [[nodiscard]] Result<Step> send_one(const Item& item);
    [[nodiscard]] Status find_bounced() const;
    void refuse(std::uint64_t ticket, std::size_t size, std::string_view limit);

    const Archive& archive_;
    Reporter& reporter_;
    const SyslogHeader header_;
    const Way way_;
    FileDescriptor socket_;
    std::deque<Item> queue_;
    bool is_full_ = false; ///< the socket takes nothing for now
    Clock::time_point burst_begun_;
    std::size_t burst_size_ = 0;
    std::string datagram_;
    std::vector<Verdict> verdicts_;
};

} // namespace meshprobe
