// A connection to a broker, made and ended with librabbitmq's blocking calls: TCP, TLS, login, one channel in
// confirm mode. In between, amqp_stream.hpp moves the frames.
#pragma once

#include "lib/amqp/tls.hpp"
#include "lib/config/amqp_url.hpp"
#include "lib/config/config.hpp"
#include "lib/error.hpp"

#include <amqp.h>

#include <memory>
#include <optional>
#include <string>

namespace meshprobe {

struct AmqpLogin {
    AmqpUrl url;
    std::string user;
    std::string password;
    bool external = false; ///< SASL EXTERNAL instead of PLAIN
    std::string name;      ///< shown by the broker's management
    Microseconds heartbeat = std::chrono::seconds(30);
    IpVersion ip_version = IpVersion::any;
    std::vector<std::string> connect_to; ///< as Connection has it
};

/// The library's type knows no const; it does not write.
[[nodiscard]] inline amqp_bytes_t bytes_of(std::string_view text) {
    return {text.size(), const_cast<char*>(text.data())};
}

class AmqpConnection {
  public:
    static constexpr amqp_channel_t channel = 1;

    /// Tries each address of the host, 10 s each. `tls` must stay in place as long as the connection.
    [[nodiscard]] static Result<AmqpConnection> open(const AmqpLogin& login, AmqpTls* tls);

    [[nodiscard]] amqp_connection_state_t state() const { return state_.get(); }
    [[nodiscard]] int socket() const { return amqp_get_sockfd(state_.get()); }
    [[nodiscard]] SSL* session() const { return session_; } ///< nullptr: no TLS
    [[nodiscard]] std::size_t frame_size() const { return frame_size_; }
    [[nodiscard]] Microseconds heartbeat() const { return heartbeat_; } ///< as negotiated; 0: none

    /// Says good-bye; only when no frame was written half.
    void close();

  private:
    struct Destroy {
        void operator()(amqp_connection_state_t_* state) const { amqp_destroy_connection(state); }
    };
    AmqpConnection() = default;
    [[nodiscard]] Status dial(const AmqpLogin& login, const std::string& address, std::uint16_t port,
                              AmqpTls* tls);
    [[nodiscard]] Status log_in(const AmqpLogin& login);
    [[nodiscard]] Status open_channel();

    std::unique_ptr<amqp_connection_state_t_, Destroy> state_;
    SSL* session_ = nullptr;
    std::size_t frame_size_ = 0;
    Microseconds heartbeat_{};
};

/// "404 NOT_FOUND - no exchange …", made printable.
[[nodiscard]] std::string amqp_text(amqp_bytes_t bytes);

} // namespace meshprobe
