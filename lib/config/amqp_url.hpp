// amqp[s]://[USER[:PASSWORD]@]HOST[:PORT][/VHOST][?auth_mechanism=external], as RabbitMQ's URI specification
// has it.
#pragma once

#include "lib/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

struct AmqpUrl {
    bool tls = false;
    std::string host; ///< IPv6 literals without brackets
    std::uint16_t port = 0;
    std::string vhost = "/";
    std::string user; ///< empty: none given
    std::optional<std::string> password;
    bool external = false; ///< the client certificate is the identity

    /// Without secrets: for messages.
    [[nodiscard]] std::string text() const;
};

/// `configuration` errors never quote a password.
[[nodiscard]] Result<AmqpUrl> parse_amqp_url(std::string_view url);

} // namespace meshprobe
