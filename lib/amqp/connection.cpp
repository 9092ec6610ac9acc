#include "lib/amqp/connection.hpp"

#include "lib/amqp/resolve.hpp"

#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <fmt/core.h>

#include <array>

namespace meshprobe {
namespace {

constexpr timeval patience{10, 0};
constexpr int largest_frame = 131072;

amqp_table_entry_t entry(std::string_view name, std::string_view text) {
    amqp_table_entry_t made{};
    made.key = bytes_of(name);
    made.value.kind = AMQP_FIELD_KIND_UTF8;
    made.value.value.bytes = bytes_of(text);
    return made;
}

amqp_table_entry_t entry(std::string_view name, bool value) {
    amqp_table_entry_t made{};
    made.key = bytes_of(name);
    made.value.kind = AMQP_FIELD_KIND_BOOLEAN;
    made.value.value.boolean = value ? 1 : 0;
    return made;
}

/// What a broker says when it closes instead of letting us in.
tl::unexpected<Error> refusal(const amqp_method_t& method, const AmqpLogin& login) {
    if (method.id != AMQP_CONNECTION_CLOSE_METHOD) {
        const auto& close = *static_cast<const amqp_channel_close_t*>(method.decoded);
        return fail(ErrorKind::protocol,
                    fmt::format("the broker refused a channel: {}", amqp_text(close.reply_text)));
    }
    const auto& close = *static_cast<const amqp_connection_close_t*>(method.decoded);
    const std::string text = amqp_text(close.reply_text);
    if (close.reply_code == AMQP_ACCESS_REFUSED) {
        const std::string who =
            login.external ? "the client certificate" : fmt::format("user \"{}\"", login.user);
        return fail(
            ErrorKind::credentials,
            fmt::format("the broker does not let {} in: {}; check the user and the password", who, text));
    }
    if (close.reply_code == AMQP_NOT_ALLOWED) {
        return fail(ErrorKind::configuration,
                    fmt::format("the broker does not let user \"{}\" into virtual host \"{}\": {}",
                                login.user, login.url.vhost, text));
    }
    return fail(ErrorKind::unreachable, fmt::format("the broker closed the connection: {}", text));
}

Status judge(const amqp_rpc_reply_t& reply, const AmqpLogin& login) {
    switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
        return {};
    case AMQP_RESPONSE_SERVER_EXCEPTION:
        return refusal(reply.reply, login);
    default:
        if (reply.library_error == AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD) {
            return fail(ErrorKind::configuration,
                        fmt::format("the broker does not offer SASL {}{}",
                                    login.external ? "EXTERNAL" : "PLAIN",
                                    login.external ? "; enable its plugin rabbitmq_auth_mechanism_ssl" : ""));
        }
        if (reply.library_error == AMQP_STATUS_CONNECTION_CLOSED) {
            return fail(ErrorKind::unreachable,
                        "the broker hung up during the login (TLS and plain ports mixed up?)");
        }
        return fail(ErrorKind::unreachable,
                    fmt::format("login: {}", amqp_error_string2(reply.library_error)));
    }
}

} // namespace

std::string amqp_text(amqp_bytes_t bytes) {
    std::string text(static_cast<const char*>(bytes.bytes), std::min<std::size_t>(bytes.len, 500));
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    return text;
}

Result<AmqpConnection> AmqpConnection::open(const AmqpLogin& login, AmqpTls* tls) {
    const auto target = dial_target(login.url.host, login.url.port, login.connect_to);
    const auto addresses = resolve(target.host, login.ip_version);
    if (!addresses) return fail(addresses.error());
    Error last;
    for (const std::string& address : *addresses) {
        AmqpConnection connection;
        auto opened = connection.dial(login, address, target.port, tls);
        if (!opened) {
            last = opened.error();
            if (last.kind == ErrorKind::untrusted || last.kind == ErrorKind::credentials)
                break; // the next is no better
            continue;
        }
        opened = connection.log_in(login);
        if (opened) opened = connection.open_channel();
        if (!opened) return fail(opened.error());
        return connection;
    }
    return fail(std::move(last));
}

Status AmqpConnection::dial(const AmqpLogin& login, const std::string& address, std::uint16_t port,
                            AmqpTls* tls) {
    state_.reset(amqp_new_connection());
    if (!state_) return fail(ErrorKind::internal, "librabbitmq: out of memory");
    amqp_socket_t* socket =
        tls == nullptr ? amqp_tcp_socket_new(state_.get()) : amqp_ssl_socket_new(state_.get());
    if (socket == nullptr) return fail(ErrorKind::internal, "librabbitmq: no socket");
    if (tls != nullptr) {
        // Ours judges instead, inside the handshake and with reasons.
        amqp_ssl_socket_set_verify_peer(socket, 0);
        amqp_ssl_socket_set_verify_hostname(socket, 0);
        if (auto installed = tls->install(static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket)));
            !installed)
            return installed;
    }
    const int opened = amqp_socket_open_noblock(socket, address.c_str(), port, &patience);
    if (opened == AMQP_STATUS_OK) {
        session_ = tls == nullptr ? nullptr : tls->session();
        return {};
    }
    const std::string where = fmt::format("{} (address {}, port {})", login.url.host, address, port);
    if (tls != nullptr && !tls->problem().empty())
        return fail(ErrorKind::untrusted, fmt::format("TLS with {}: {}", where, tls->problem()));
    if (opened == AMQP_STATUS_SSL_CONNECTION_FAILED) {
        return fail(
            ErrorKind::unreachable,
            fmt::format("TLS with {} failed: no TLS on that port, or the broker refuses our certificate",
                        where));
    }
    return fail(ErrorKind::unreachable, fmt::format("connect to {}: {}", where,
                                                    explain_dial(address, port, amqp_error_string2(opened))));
}

Status AmqpConnection::log_in(const AmqpLogin& login) {
    // Heartbeats of less than a second do not exist in the protocol.
    const int heartbeat = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(login.heartbeat).count());
    amqp_set_handshake_timeout(state_.get(), &patience);
    amqp_set_rpc_timeout(state_.get(), &patience);
    std::array capabilities{entry("connection.blocked", true), entry("publisher_confirms", true),
                            entry("basic.nack", true), entry("authentication_failure_close", true)};
    amqp_table_entry_t capabilities_entry{};
    capabilities_entry.key = bytes_of("capabilities");
    capabilities_entry.value.kind = AMQP_FIELD_KIND_TABLE;
    capabilities_entry.value.value.table = {static_cast<int>(capabilities.size()), capabilities.data()};
    std::array properties{entry("product", std::string_view("meshprobe")),
                          entry("version", std::string_view(MESHPROBE_VERSION)),
                          entry("connection_name", std::string_view(login.name)), capabilities_entry};
    const amqp_table_t table{static_cast<int>(properties.size()), properties.data()};
    const char* vhost = login.url.vhost.c_str();
    // RabbitMQ takes the user from the certificate and ignores the identity of EXTERNAL, but librabbitmq
    // takes an empty one for a lack of memory.
    const char* identity = login.user.empty() ? "certificate" : login.user.c_str();
    const auto reply =
        login.external
            ? amqp_login_with_properties(state_.get(), vhost, 1, largest_frame, heartbeat, &table,
                                         AMQP_SASL_METHOD_EXTERNAL, identity)
            : amqp_login_with_properties(state_.get(), vhost, 1, largest_frame, heartbeat, &table,
                                         AMQP_SASL_METHOD_PLAIN, login.user.c_str(), login.password.c_str());
    if (auto judged = judge(reply, login); !judged) return judged;
    frame_size_ = static_cast<std::size_t>(amqp_get_frame_max(state_.get()));
    heartbeat_ = std::chrono::seconds(amqp_get_heartbeat(state_.get()));
    // From here on the stream keeps up the heartbeats: the library would do it only inside its own calls, and
    // could put one into the middle of a frame of ours.
    amqp_tune_connection(state_.get(), 1, static_cast<int>(frame_size_), 0);
    return {};
}

Status AmqpConnection::open_channel() {
    const AmqpLogin nobody;
    amqp_channel_open(state_.get(), channel);
    if (auto judged = judge(amqp_get_rpc_reply(state_.get()), nobody); !judged) return judged;
    amqp_confirm_select(state_.get(), channel);
    return judge(amqp_get_rpc_reply(state_.get()), nobody);
}

void AmqpConnection::close() {
    constexpr timeval brief{2, 0};
    amqp_set_rpc_timeout(state_.get(), &brief);
    amqp_connection_close(state_.get(), AMQP_REPLY_SUCCESS);
}

} // namespace meshprobe
