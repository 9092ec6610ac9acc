#include "ctl/compare/listener.hpp"

#include "lib/amqp/login.hpp"
#include "lib/termination.hpp"

#include <amqp_framing.h>
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>

namespace meshprobe::comparison {

namespace {

using Clock = std::chrono::steady_clock;

/// Frees what the library allocated for a delivery.
class Envelope {
  public:
    Envelope() = default;
    Envelope(const Envelope&) = delete;
    Envelope& operator=(const Envelope&) = delete;
    ~Envelope() { amqp_destroy_envelope(&envelope_); }
    [[nodiscard]] amqp_envelope_t* get() { return &envelope_; }
    [[nodiscard]] std::string_view body() const {
        const amqp_bytes_t& bytes = envelope_.message.body;
        return {static_cast<const char*>(bytes.bytes), bytes.len};
    }

  private:
    amqp_envelope_t envelope_{};
};

Status answer_to(const AmqpConnection& connection, std::string_view doing) {
    const auto reply = amqp_get_rpc_reply(connection.state());
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return {};
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const auto& close = *static_cast<const amqp_channel_close_t*>(reply.reply.decoded);
        return fail(ErrorKind::refused, fmt::format("{}: {}", doing, amqp_text(close.reply_text)));
    }
    return fail(ErrorKind::unreachable, fmt::format("{}: the broker hung up", doing));
}

class Listener {
  public:
    Listener(AmqpConnection connection, const Listening& listening, FileDescriptor signals)
        : connection_(std::move(connection)), listening_(listening), signals_(std::move(signals)) {}

    [[nodiscard]] Status bind() {
        const auto channel = AmqpConnection::channel;
        const auto* queue =
            amqp_queue_declare(connection_.state(), channel, amqp_empty_bytes, 0, 0, 1, 1, amqp_empty_table);
        if (auto declared = answer_to(connection_, "a queue of our own (the user needs the permission to "
                                                   "configure, write and read amq.gen-.*)");
            !declared)
            return declared;
        const std::string name(static_cast<const char*>(queue->queue.bytes), queue->queue.len);
        amqp_queue_bind(connection_.state(), channel, bytes_of(name), bytes_of(listening_.exchange),
                        bytes_of(listening_.routing_key), amqp_empty_table);
        if (auto bound =
                answer_to(connection_, fmt::format("exchange \"{}\" (the user needs the permission to read "
                                                   "from it)",
                                                   listening_.exchange));
            !bound)
            return bound;
        // Without acknowledgements: what is lost with this process, is compared by nobody.
        amqp_basic_consume(connection_.state(), channel, bytes_of(name), amqp_empty_bytes, 0, 1, 1,
                           amqp_empty_table);
        return answer_to(connection_, "listen");
    }

    [[nodiscard]] Status run(Recording& recording) {
        const auto end = Clock::now() + listening_.duration;
        while (Clock::now() < end && !is_stopped()) {
            if (auto taken = take_one(recording); !taken) return taken;
        }
        connection_.close();
        return {};
    }

  private:
    [[nodiscard]] bool is_stopped() const {
        pollfd signal{signals_.get(), POLLIN, 0};
        return ::poll(&signal, 1, 0) > 0;
    }

    [[nodiscard]] Status take_one(Recording& recording) {
        constexpr timeval a_moment{0, 200'000};
        amqp_maybe_release_buffers(connection_.state());
        Envelope envelope;
        const auto reply = amqp_consume_message(connection_.state(), envelope.get(), &a_moment, 0);
        if (reply.reply_type == AMQP_RESPONSE_NORMAL) return recording.add(envelope.body());
        const bool is_quiet = reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
                              (reply.library_error == AMQP_STATUS_TIMEOUT ||
                               reply.library_error == AMQP_STATUS_UNEXPECTED_STATE);
        if (!is_quiet) {
            return fail(ErrorKind::unreachable,
                        fmt::format("the connection to the broker is lost ({}); what came since is missed",
                                    reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION
                                        ? amqp_error_string2(reply.library_error)
                                        : "it was closed by the broker"));
        }
        if (reply.library_error == AMQP_STATUS_TIMEOUT) return {};
        // A frame that is no delivery, such as the end of our queue.
        amqp_frame_t frame{};
        if (amqp_simple_wait_frame_noblock(connection_.state(), &frame, &a_moment) != AMQP_STATUS_OK)
            return {};
        const bool is_end = frame.frame_type == AMQP_FRAME_METHOD &&
                            (frame.payload.method.id == AMQP_BASIC_CANCEL_METHOD ||
                             frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD ||
                             frame.payload.method.id == AMQP_CONNECTION_CLOSE_METHOD);
        return is_end ? fail(ErrorKind::unreachable, "the broker ended our queue; what came since is missed")
                      : Status{};
    }

    AmqpConnection connection_;
    const Listening& listening_;
    FileDescriptor signals_;
};

std::string own_name() {
    std::array<char, 256> host{};
    return fmt::format("meshprobectl compare on {}",
                       ::gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "?");
}

} // namespace

Status listen(const Paths& paths, const Archive& broker, const Listening& listening, Recording& recording) {
    auto login = login_of(paths, broker);
    if (!login) return fail(login.error());
    login->name = own_name();
    login->heartbeat = Microseconds(0); // nobody would serve them while the library waits
    std::optional<AmqpTls> tls;
    if (login->url.tls) {
        auto read = AmqpTls::read(paths, broker.connection, login->url.host);
        if (!read) return fail(read.error());
        tls.emplace(std::move(*read));
    }
    auto signals = termination_signals();
    if (!signals) return fail(signals.error());
    auto connection = AmqpConnection::open(*login, tls ? &*tls : nullptr);
    if (!connection) return fail(connection.error().in(login->url.text()));
    Listener listener(std::move(*connection), listening, std::move(*signals));
    if (auto bound = listener.bind(); !bound) return fail(bound.error().in(login->url.text()));
    if (listening.bound) listening.bound();
    return listener.run(recording);
}

} // namespace meshprobe::comparison
