// Archive type `tcp`: messages one after the other over a connection, with TLS or without. Nobody there says
// that he has understood; a message counts as delivered once the other machine's kernel has acknowledged it.
#include "archiver/archive_type.hpp"
#include "archiver/reporter.hpp"
#include "archiver/stream_socket.hpp"
#include "archiver/syslog_header.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

namespace meshprobe {
namespace {

using namespace std::chrono_literals;

constexpr Microseconds held_up_after = 10s;  ///< without any progress
constexpr Microseconds give_up_after = 5min; ///< until a connection without progress is given up
constexpr std::size_t most_written_kept = 1U << 20;

class TcpArchive : public ArchiveType {
  public:
    TcpArchive(const ArchiveContext& context, SocketUrl url, std::optional<AmqpTls> tls)
        : archive_(context.archive), reporter_(context.reporter), url_(std::move(url)), tls_(std::move(tls)),
          header_(context.archive.syslog, SyslogHeader::To::another) {}

    Status connect() override {
        disconnect();
        auto socket = StreamSocket::open(url_, archive_.connection, tls_ ? &*tls_ : nullptr);
        if (!socket) return fail(socket.error().in(url_.text()));
        socket_.emplace(std::move(*socket));
        last_progress_ = Clock::now();
        reporter_.logged_in();
        return {};
    }

    void disconnect() override {
        if (socket_) socket_->close();
        socket_.reset();
        output_.clear();
        written_ = 0;
        framed_ = 0;
        queue_.clear();
        unacknowledged_.clear();
        verdicts_.clear();
        is_held_up_ = false;
    }

    Status send(std::span<const Item> batch) override {
        if (!is_pending()) last_progress_ = Clock::now();
        const auto now = std::chrono::system_clock::now();
        for (const Item& item : batch) {
            append(item, now);
            queue_.push_back({item.ticket, framed_ + output_.size()});
        }
        return {};
    }

    Result<std::vector<Verdict>> settle() override {
        // First, so that nothing is sent to where nobody listens any more.
        Status alive = read();
        const bool has_ended = !alive && socket_->has_ended();
        if (!alive && !has_ended) return fail(alive.error().in(url_.text()));
        if (!has_ended) {
            if (auto written = write(); !written) return fail(written.error().in(url_.text()));
        }
        collect();
        if (has_ended && verdicts_.empty()) return fail(alive.error().in(url_.text()));
        if (auto watched = watch(); !watched) return fail(watched.error().in(url_.text()));
        return std::exchange(verdicts_, {});
    }

    int descriptor() const override { return socket_ ? socket_->descriptor() : -1; }
    bool has_output() const override { return written_ < output_.size(); }
    /// Acknowledgements make nothing readable: they are looked for, soon after sending, then less often.
    Microseconds service_interval() const override {
        if (!is_pending()) return 1h;
        return std::clamp<Microseconds>(silent_for() / 4, 1ms, 250ms);
    }
    Window window() const override { return {archive_.window, 8U << 20}; }
    std::string held_up() const override {
        if (!is_pending() || silent_for() < held_up_after) return {};
        return fmt::format("{}: the other side is connected, but takes nothing", url_.text());
    }
    std::string place() const override { return url_.text(); }

  private:
    using Clock = std::chrono::steady_clock;
    /// A message, and where it ends: in what was framed, or in what went over the wire.
    struct Mark {
        std::uint64_t ticket = 0;
        std::uint64_t end = 0;
    };

    void append(const Item& item, std::chrono::system_clock::time_point now) {
        const bool counts = archive_.socket.framing == Framing::octet_counted;
        head_.clear();
        header_.append(head_, item, now);
        const std::string_view body = item.message->body;
        if (counts) output_ += fmt::format("{} ", head_.size() + body.size());
        output_ += head_;
        output_ += body;
        if (!counts) output_ += '\n';
    }

    Status write() {
        while (has_output()) {
            const auto count = socket_->write(std::string_view(output_).substr(written_));
            if (!count) return fail(count.error());
            if (*count == 0) break;
            written_ += *count;
            last_progress_ = Clock::now();
            for (; !queue_.empty() && queue_.front().end <= framed_ + written_; queue_.pop_front())
                unacknowledged_.push_back({queue_.front().ticket, socket_->sent()});
        }
        if (!has_output() || written_ >= most_written_kept) {
            framed_ += written_;
            output_.erase(0, written_);
            written_ = 0;
        }
        return {};
    }

    /// Nothing is expected; whatever comes is thrown away. An error if the connection is over.
    Status read() {
        std::array<char, 4096> ignored{};
        for (int round = 0; round < 16; ++round) {
            const auto count = socket_->read(ignored);
            if (!count) return fail(count.error());
            if (*count == 0) break;
        }
        return {};
    }

    void collect() {
        const std::uint64_t acknowledged = socket_->acknowledged();
        for (; !unacknowledged_.empty() && unacknowledged_.front().end <= acknowledged;
             unacknowledged_.pop_front()) {
            verdicts_.push_back({unacknowledged_.front().ticket, Verdict::Kind::delivered, {}});
            last_progress_ = Clock::now();
            is_held_up_ = false;
        }
    }

    Status watch() {
        const std::string why = held_up();
        if (why.empty()) return {};
        if (silent_for() > give_up_after)
            return fail(ErrorKind::unreachable, "the other side has taken nothing for 5 min");
        if (!std::exchange(is_held_up_, true)) reporter_.held_up(why);
        return {};
    }

    [[nodiscard]] bool is_pending() const { return !queue_.empty() || !unacknowledged_.empty(); }
    [[nodiscard]] Microseconds silent_for() const {
        return std::chrono::duration_cast<Microseconds>(Clock::now() - last_progress_);
    }

    const Archive& archive_;
    Reporter& reporter_;
    const SocketUrl url_;
    std::optional<AmqpTls> tls_;
    const SyslogHeader header_;
    std::optional<StreamSocket> socket_;
    std::string output_;
    std::size_t written_ = 0;  ///< of output_
    std::uint64_t framed_ = 0; ///< bytes that were in output_ before
    std::deque<Mark> queue_;   ///< not written completely
    std::deque<Mark> unacknowledged_;
    std::vector<Verdict> verdicts_;
    std::string head_;
    Clock::time_point last_progress_ = Clock::now();
    bool is_held_up_ = false;
};

} // namespace

Result<std::unique_ptr<ArchiveType>> make_tcp(const ArchiveContext& context) {
    const Archive& archive = context.archive;
    const auto in_section = [&](const Error& error) { return fail(error.in("archives." + archive.name)); };
    auto url = parse_socket_url(archive.url);
    if (!url) return in_section(url.error());
    std::optional<AmqpTls> tls;
    if (url->scheme == "tls") {
        auto read = AmqpTls::read(context.paths, archive.connection, url->host);
        if (!read) return in_section(read.error());
        tls.emplace(std::move(*read));
    }
    return std::make_unique<TcpArchive>(context, std::move(*url), std::move(tls));
}

} // namespace meshprobe
