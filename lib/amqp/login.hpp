// Who we are to the broker of an archive: a certificate, or a user with a password.
#pragma once

#include "lib/amqp/connection.hpp"
#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

namespace meshprobe {

/// Reads the credential now. `name` of the login is left to the caller.
[[nodiscard]] Result<AmqpLogin> login_of(const Paths& paths, const Archive& archive);

} // namespace meshprobe
