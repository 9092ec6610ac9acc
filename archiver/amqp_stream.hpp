// Frames in both directions, never waiting. librabbitmq encodes and decodes them, but would write each frame
// on its own (three system calls or TLS records a message), wait inside a write for as long as a blocked
// broker likes, and serve heartbeats only when asked. So bytes are moved here: many messages in one write,
// and whatever can be read is read while the other direction is full.
#pragma once

#include "archiver/wire.hpp"
#include "lib/amqp/connection.hpp"
#include "lib/error.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// What travels with a message; views are only read during append_publish().
struct AmqpPublication {
    std::string_view exchange;
    std::string_view routing_key;
    std::string_view message_id;
    std::string_view body;
    std::uint64_t timestamp = 0; ///< UNIX seconds
};

class AmqpStream {
  public:
    using Handler = std::function<Status(const amqp_frame_t&)>;

    explicit AmqpStream(const AmqpConnection& connection);

    /// Appends basic.publish, mandatory and persistent, with its header and body frames.
    void append_publish(const AmqpPublication& publication);
    /// Writes what can be written, reads what can be read, keeps up the heartbeats. An error of the handler,
    /// or of the connection, ends it.
    [[nodiscard]] Status exchange(const Handler& handler);

    [[nodiscard]] bool has_output() const { return written_ < output_.size(); }
    /// False in the middle of a frame: nothing of the library's may be written then.
    [[nodiscard]] bool at_boundary() const { return !has_output(); }
    /// Since when nothing was read, and nothing written although there was something to write.
    [[nodiscard]] Microseconds silent_for() const;

  private:
    using Clock = std::chrono::steady_clock;

    void append_frame(std::uint8_t type, std::string_view payload);
    [[nodiscard]] Status write();
    [[nodiscard]] Status read(const Handler& handler);
    [[nodiscard]] Status decode(std::string_view bytes, const Handler& handler);
    [[nodiscard]] Status read_what_the_login_left(const Handler& handler);

    amqp_connection_state_t state_;
    Wire wire_;
    std::size_t frame_size_;
    Microseconds heartbeat_;

    std::string output_;
    std::size_t written_ = 0;
    std::string scratch_;
    std::vector<char> input_;
    bool login_left_something_ = true;
    Clock::time_point last_read_ = Clock::now();
    Clock::time_point last_write_ = last_read_;
    Clock::time_point last_progress_ = last_read_;
};

} // namespace meshprobe
