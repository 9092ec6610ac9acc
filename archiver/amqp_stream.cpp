#include "archiver/amqp_stream.hpp"

#include <amqp_framing.h>
#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {
namespace {

constexpr std::size_t frame_overhead = 8; // type, channel, size; end mark
constexpr std::size_t read_size = 1U << 17;

void append_number(std::string& out, std::uint64_t number, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        out += static_cast<char>(number >> shift & 0xff);
}

/// The library's encoders want room up front and say how much they used; every field is bounded by the
/// caller.
template <class Encode>
void append_encoded(std::string& out, Encode encode) {
    constexpr std::size_t room = 4096;
    const std::size_t before = out.size();
    out.resize(before + room);
    const int used = encode(amqp_bytes_t{room, out.data() + before});
    out.resize(before + static_cast<std::size_t>(std::max(used, 0)));
}

} // namespace

AmqpStream::AmqpStream(const AmqpConnection& connection)
    : state_(connection.state()), wire_(connection.socket(), connection.session(), "the broker"),
      frame_size_(connection.frame_size()), heartbeat_(connection.heartbeat()), input_(read_size) {}

// --- out ---

void AmqpStream::append_frame(std::uint8_t type, std::string_view payload) {
    output_ += static_cast<char>(type);
    append_number(output_, type == AMQP_FRAME_HEARTBEAT ? 0 : AmqpConnection::channel, 2);
    append_number(output_, payload.size(), 4);
    output_ += payload;
    output_ += static_cast<char>(AMQP_FRAME_END);
}

void AmqpStream::append_publish(const AmqpPublication& publication) {
    amqp_basic_publish_t publish{};
    publish.exchange = bytes_of(publication.exchange);
    publish.routing_key = bytes_of(publication.routing_key);
    publish.mandatory = 1;
    scratch_.clear();
    append_number(scratch_, AMQP_BASIC_PUBLISH_METHOD, 4);
    append_encoded(scratch_, [&](amqp_bytes_t room) {
        return amqp_encode_method(AMQP_BASIC_PUBLISH_METHOD, &publish, room);
    });
    append_frame(AMQP_FRAME_METHOD, scratch_);

    // No headers: RabbitMQ decodes them of each message, and takes a fifth longer; the body says it all.
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                        AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG;
    properties.content_type = bytes_of("application/json");
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    properties.message_id = bytes_of(publication.message_id);
    properties.timestamp = publication.timestamp;
    scratch_.clear();
    append_number(scratch_, AMQP_BASIC_CLASS, 2);
    append_number(scratch_, 0, 2); // "weight"
    append_number(scratch_, publication.body.size(), 8);
    append_encoded(scratch_, [&](amqp_bytes_t room) {
        return amqp_encode_properties(AMQP_BASIC_CLASS, &properties, room);
    });
    append_frame(AMQP_FRAME_HEADER, scratch_);

    const std::size_t piece = frame_size_ - frame_overhead;
    for (std::size_t at = 0; at < publication.body.size(); at += piece)
        append_frame(AMQP_FRAME_BODY, publication.body.substr(at, piece));
}

Status AmqpStream::write() {
    while (has_output()) {
        const auto written = wire_.write(std::string_view(output_).substr(written_));
        if (!written) return fail(written.error());
        if (*written == 0) break;
        written_ += *written;
        last_write_ = last_progress_ = Clock::now();
    }
    if (!has_output()) {
        output_.clear();
        written_ = 0;
    }
    return {};
}

// --- in ---

Status AmqpStream::read(const Handler& handler) {
    if (std::exchange(login_left_something_, false)) {
        if (auto read = read_what_the_login_left(handler); !read) return read;
    }
    // Bounded, so that a flood of returns cannot keep us from writing.
    for (int round = 0; round < 16; ++round) {
        const auto size = wire_.read(input_);
        if (!size) return fail(size.error());
        if (*size == 0) break;
        last_read_ = last_progress_ = Clock::now();
        if (auto decoded = decode({input_.data(), *size}, handler); !decoded) return decoded;
    }
    return {};
}

Status AmqpStream::read_what_the_login_left(const Handler& handler) {
    constexpr timeval not_at_all{0, 0};
    while (amqp_frames_enqueued(state_) != 0 || amqp_data_in_buffer(state_) != 0) {
        amqp_frame_t frame{};
        if (amqp_simple_wait_frame_noblock(state_, &frame, &not_at_all) != AMQP_STATUS_OK) break;
        if (auto handled = handler(frame); !handled) return handled;
    }
    return {};
}

Status AmqpStream::decode(std::string_view bytes, const Handler& handler) {
    while (!bytes.empty()) {
        amqp_frame_t frame{};
        const int used = amqp_handle_input(state_, bytes_of(bytes), &frame);
        if (used <= 0) {
            return fail(ErrorKind::protocol,
                        fmt::format("the broker sends what is not AMQP: {}", amqp_error_string2(used)));
        }
        bytes.remove_prefix(static_cast<std::size_t>(used));
        if (frame.frame_type == 0 || frame.frame_type == AMQP_FRAME_HEARTBEAT)
            continue; // half a frame, or nothing in it
        if (auto handled = handler(frame); !handled) return handled;
    }
    amqp_maybe_release_buffers(state_);
    return {};
}

// --- both ---

Status AmqpStream::exchange(const Handler& handler) {
    const auto now = Clock::now();
    if (heartbeat_.count() > 0 && !has_output() && now - last_write_ >= heartbeat_ / 2)
        append_frame(AMQP_FRAME_HEARTBEAT, {});
    if (auto written = write(); !written) {
        // What the broker had to say before it hung up explains more than the broken pipe.
        auto read_first = read(handler);
        return read_first ? written : read_first;
    }
    if (auto done = read(handler); !done) return done;
    if (has_output()) {
        if (auto written = write(); !written) return written;
    }
    if (heartbeat_.count() > 0 && now - last_read_ > 2 * heartbeat_) {
        return fail(ErrorKind::unreachable, fmt::format("the broker was silent for two heartbeats ({})",
                                                        format_duration(2 * heartbeat_)));
    }
    return {};
}

Microseconds AmqpStream::silent_for() const {
    return std::chrono::duration_cast<Microseconds>(Clock::now() - last_progress_);
}

} // namespace meshprobe
