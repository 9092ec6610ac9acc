// bare-publisher PORT MESSAGES SIZE WINDOW: the least that a C program must do to publish persistently and
// with confirmations over one connection, with librabbitmq as its examples do it. What the archiver is
// measured against.
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>

#include <cstdio>
#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    const long messages = std::atol(argv[2]);
    const std::string body(static_cast<std::size_t>(std::atol(argv[3])), 'x');
    const long window = std::atol(argv[4]);
    amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t* socket = amqp_tcp_socket_new(connection);
    if (amqp_socket_open(socket, "127.0.0.1", std::atoi(argv[1])) != AMQP_STATUS_OK) return 1;
    if (amqp_login(connection, "/", 1, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type !=
        AMQP_RESPONSE_NORMAL)
        return 1;
    amqp_channel_open(connection, 1);
    amqp_confirm_select(connection, 1);

    amqp_basic_properties_t properties{};
    properties._flags =
        AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG;
    properties.delivery_mode = 2;
    properties.content_type = amqp_cstring_bytes("application/json");
    properties.message_id = amqp_cstring_bytes("run-0");
    const amqp_bytes_t bytes{body.size(), const_cast<char*>(body.data())};
    long confirmed = 0;
    for (long sent = 0; confirmed < messages;) {
        for (; sent < messages && sent - confirmed < window; ++sent) {
            if (amqp_basic_publish(connection, 1, amqp_cstring_bytes("osg.ps.raw"),
                                   amqp_cstring_bytes("perfsonar.raw.throughput"), 1, 0, &properties,
                                   bytes) != AMQP_STATUS_OK)
                return 1;
        }
        amqp_frame_t frame{};
        if (amqp_simple_wait_frame(connection, &frame) != AMQP_STATUS_OK) return 1;
        if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
            return 1;
        const auto& ack = *static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
        // Single ones may overtake each other, but all are confirmed in the end: counting is enough here.
        confirmed = ack.multiple != 0 ? static_cast<long>(ack.delivery_tag) : confirmed + 1;
        amqp_maybe_release_buffers(connection);
    }
    amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(connection);
    return 0;
}
