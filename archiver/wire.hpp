// Bytes over a connected socket, inside of TLS or not, never waiting.
#pragma once

#include "lib/error.hpp"

#include <openssl/ssl.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace meshprobe {

class Wire {
  public:
    /// `peer`, as messages call it ("the broker"), outlives this. Without a session there is no TLS.
    Wire(int socket, SSL* session, std::string_view peer) : socket_(socket), session_(session), peer_(peer) {}

    /// How much was taken; 0: not now. With TLS it may have to be read first, and the other way round.
    [[nodiscard]] Result<std::size_t> write(std::string_view bytes);
    /// 0: not now. At the end it is an error, too.
    [[nodiscard]] Result<std::size_t> read(std::span<char> into);
    /// The other side has said that nothing more will come.
    [[nodiscard]] bool has_ended() const { return ended_; }

  private:
    [[nodiscard]] Result<std::size_t> explain(int result, std::string_view doing);
    [[nodiscard]] tl::unexpected<Error> end();

    int socket_;
    SSL* session_;
    std::string_view peer_;
    bool ended_ = false;
};

} // namespace meshprobe
