// Archive type `rabbitmq`: publishes to an exchange that is there already, persistent and mandatory, and
// counts a message as delivered when the broker confirmed it and did not return it.
#include "archiver/amqp_stream.hpp"
#include "archiver/archive_type.hpp"
#include "archiver/confirmations.hpp"
#include "archiver/reporter.hpp"
#include "archiver/routes.hpp"
#include "archiver/routing_key.hpp"
#include "lib/amqp/connection.hpp"
#include "lib/amqp/login.hpp"

#include <amqp_framing.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace meshprobe {
namespace {

constexpr std::size_t short_string = 255; // of the protocol
constexpr auto confirm_patience = std::chrono::minutes(5);

class RabbitmqArchive : public ArchiveType {
  public:
    RabbitmqArchive(const ArchiveContext& context, AmqpLogin login, std::optional<AmqpTls> tls,
                    RoutingKey routing_key)
        : archive_(context.archive), reporter_(context.reporter), login_(std::move(login)),
          tls_(std::move(tls)), exchange_(context.archive.exchange), routing_key_(std::move(routing_key)),
          routes_(context.archive.unroutable,
                  context.paths.local_archive() / (context.archive.name + ".routes"), exchange_,
                  context.reporter) {}

    Status connect() override {
        disconnect();
        auto connection = AmqpConnection::open(login_, tls_ ? &*tls_ : nullptr);
        if (!connection) return fail(connection.error().in(login_.url.text()));
        connection_.emplace(std::move(*connection));
        stream_.emplace(*connection_);
        reporter_.logged_in();
        return {};
    }

    void disconnect() override {
        if (connection_ && !broken_ && stream_->at_boundary()) connection_->close();
        stream_.reset();
        connection_.reset();
        confirmations_.clear();
        verdicts_.clear();
        broken_ = false;
        blocked_ = false;
        returning_ = {};
    }

    Status send(std::span<const Item> batch) override {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        const auto timestamp =
            static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
        for (const Item& item : batch) {
            const std::string& key = routing_key_.of(*item.segment, *item.message);
            if (std::max(key.size(), item.message->id.size()) > short_string) {
                verdicts_.push_back(
                    {item.ticket, Verdict::Kind::refused,
                     fmt::format("its routing key or id is longer than {} bytes", short_string)});
                continue;
            }
            stream_->append_publish({exchange_, key, item.message->id, item.message->body, timestamp});
            confirmations_.add({item.ticket, item.message, &routes_.entry(key)});
        }
        return exchange();
    }

    Result<std::vector<Verdict>> settle() override {
        if (auto exchanged = exchange(); !exchanged) return fail(exchanged.error());
        routes_.tick();
        return std::exchange(verdicts_, {});
    }

    int descriptor() const override { return connection_ ? connection_->socket() : -1; }
    bool has_output() const override { return stream_ && stream_->has_output(); }
    Microseconds service_interval() const override {
        const Microseconds heartbeat = connection_ ? connection_->heartbeat() : Microseconds(0);
        return heartbeat.count() > 0 ? std::max<Microseconds>(heartbeat / 4, std::chrono::milliseconds(100))
                                     : std::chrono::minutes(1);
    }
    Window window() const override { return {archive_.window, 8U << 20}; }
    std::string held_up() const override { return blocked_ ? blocked_why_ : std::string(); }
    std::string place() const override { return fmt::format("{} exchange {}", login_.url.text(), exchange_); }

  private:
    /// The message that the broker is giving back, frame by frame.
    struct Returning {
        bool active = false;
        std::uint64_t body_left = 0;
    };

    Status exchange() {
        auto exchanged = stream_->exchange([this](const amqp_frame_t& frame) { return handle(frame); });
        if (exchanged && !blocked_ && !confirmations_.empty() && stream_->silent_for() > confirm_patience &&
            confirmations_.waiting_for() > confirm_patience) {
            exchanged = fail(ErrorKind::unreachable, "the broker confirmed nothing for 5 min");
        }
        if (exchanged) return {};
        // After an exception of the channel the connection still works, and can be ended politely.
        broken_ = !std::exchange(channel_closed_, false);
        return fail(exchanged.error().in(login_.url.text()));
    }

    Status handle(const amqp_frame_t& frame) {
        if (frame.frame_type == AMQP_FRAME_HEADER) return begin_return(frame);
        if (frame.frame_type == AMQP_FRAME_BODY) {
            returning_.body_left -=
                std::min<std::uint64_t>(returning_.body_left, frame.payload.body_fragment.len);
            return {};
        }
        if (frame.frame_type != AMQP_FRAME_METHOD) return {};
        const void* method = frame.payload.method.decoded;
        switch (frame.payload.method.id) {
        case AMQP_BASIC_ACK_METHOD: {
            const auto& ack = *static_cast<const amqp_basic_ack_t*>(method);
            return confirm(ack.delivery_tag, ack.multiple != 0, true);
        }
        case AMQP_BASIC_NACK_METHOD: {
            const auto& nack = *static_cast<const amqp_basic_nack_t*>(method);
            return confirm(nack.delivery_tag, nack.multiple != 0, false);
        }
        case AMQP_BASIC_RETURN_METHOD:
            returning_.active = true; // its header frame follows, and says which message it is
            return {};
        case AMQP_CHANNEL_CLOSE_METHOD:
            return explain(*static_cast<const amqp_channel_close_t*>(method));
        case AMQP_CONNECTION_CLOSE_METHOD: {
            const auto& close = *static_cast<const amqp_connection_close_t*>(method);
            return fail(close.reply_code == AMQP_CONNECTION_FORCED ? ErrorKind::unreachable
                                                                   : ErrorKind::protocol,
                        fmt::format("the broker closed the connection: {}", amqp_text(close.reply_text)));
        }
        case AMQP_CONNECTION_BLOCKED_METHOD: {
            const auto& blocked = *static_cast<const amqp_connection_blocked_t*>(method);
            blocked_ = true;
            blocked_why_ = fmt::format("the broker blocks publishers: {}", amqp_text(blocked.reason));
            reporter_.held_up(blocked_why_);
            return {};
        }
        case AMQP_CONNECTION_UNBLOCKED_METHOD:
            blocked_ = false;
            return {};
        default:
            return {};
        }
    }

    Status begin_return(const amqp_frame_t& frame) {
        if (!std::exchange(returning_.active, false)) return {};
        returning_.body_left = frame.payload.properties.body_size;
        const auto& properties =
            *static_cast<const amqp_basic_properties_t*>(frame.payload.properties.decoded);
        const std::string_view id(static_cast<const char*>(properties.message_id.bytes),
                                  properties.message_id.len);
        confirmations_.mark_returned(id);
        return {};
    }

    Status confirm(std::uint64_t tag, bool multiple, bool positive) {
        const auto settle = [&](const Confirmations::Entry& entry) {
            if (!positive) {
                verdicts_.push_back(
                    {entry.ticket, Verdict::Kind::busy,
                     "the broker does not take responsibility (basic.nack): a queue is full or has failed"});
            } else if (entry.returned) {
                verdicts_.push_back(routes_.returned(*entry.route, entry.ticket));
            } else {
                routes_.routed(*entry.route);
                verdicts_.push_back({entry.ticket, Verdict::Kind::delivered, {}});
            }
        };
        if (confirmations_.settle(tag, multiple, settle)) return {};
        return fail(ErrorKind::protocol,
                    fmt::format("the broker confirms message {}, which was never sent", tag));
    }

    Status explain(const amqp_channel_close_t& close) {
        channel_closed_ = true;
        const std::string text = amqp_text(close.reply_text);
        switch (close.reply_code) {
        case AMQP_NOT_FOUND:
            return fail(ErrorKind::configuration,
                        fmt::format("{}; declare the exchange \"{}\" there, or correct archives.{}.exchange "
                                    "(meshprobe declares nothing)",
                                    text, exchange_, archive_.name));
        case AMQP_ACCESS_REFUSED:
            return fail(ErrorKind::configuration,
                        fmt::format("{}; the user needs the permission to write to the exchange", text));
        case AMQP_PRECONDITION_FAILED:
        case AMQP_CONTENT_TOO_LARGE:
            return fail(ErrorKind::refused, text); // one of the messages is to blame
        default:
            return fail(ErrorKind::protocol, fmt::format("the broker closed the channel: {}", text));
        }
    }

    const Archive& archive_;
    Reporter& reporter_;
    const AmqpLogin login_;
    std::optional<AmqpTls> tls_;
    const std::string exchange_;
    RoutingKey routing_key_;
    Routes routes_;
    std::optional<AmqpConnection> connection_;
    std::optional<AmqpStream> stream_;
    Confirmations confirmations_;
    std::vector<Verdict> verdicts_;
    Returning returning_;
    bool channel_closed_ = false;
    bool broken_ = false;
    bool blocked_ = false;
    std::string blocked_why_;
};

std::string machine() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "?";
}

/// Others may read the configuration, and so the URL.
void warn_of_password(const ArchiveContext& context, const AmqpLogin& login) {
    const Archive& archive = context.archive;
    if (!archive.credential.empty() || !login.url.password) return;
    context.reporter.journal().log(
        Priority::warning,
        fmt::format("{}: the password stands in the URL, where others may read it; put it into "
                    "/etc/meshprobe/credentials/archive/ and name it in archives.{}.credential",
                    archive.name, archive.name));
}

} // namespace

Result<std::unique_ptr<ArchiveType>> make_rabbitmq(const ArchiveContext& context) {
    const Archive& archive = context.archive;
    const auto in_section = [&](const Error& error) { return fail(error.in("archives." + archive.name)); };
    auto routing_key = RoutingKey::parse(archive.routing_key);
    if (!routing_key) return in_section(routing_key.error());
    auto login = login_of(context.paths, archive);
    if (!login) return fail(login.error());
    login->name = fmt::format("meshprobe-archive {} on {}", archive.name, machine());
    warn_of_password(context, *login);

    std::optional<AmqpTls> tls;
    if (login->url.tls) {
        auto read = AmqpTls::read(context.paths, archive.connection, login->url.host);
        if (!read) return in_section(read.error());
        tls.emplace(std::move(*read));
    }
    return std::make_unique<RabbitmqArchive>(context, std::move(*login), std::move(tls),
                                             std::move(*routing_key));
}

} // namespace meshprobe
