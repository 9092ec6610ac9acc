// amqp-tool PORT COMMAND ARGUMENT…: what tests ask of a broker on this machine, as user guest, in one login.
//
//   declare-exchange NAME | delete-exchange NAME | declare-queue NAME [MAX-LENGTH] | delete-queue NAME
//   bind QUEUE EXCHANGE KEY
//   take QUEUE      prints and removes all messages: {"id","key","host","type","mode","size","body"} (JSON
//   Lines) count QUEUE     prints how many messages there are
// Several commands may follow each other, separated by ",".
#include "lib/json.hpp"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <fmt/core.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Destroy {
    void operator()(amqp_connection_state_t_* state) const { amqp_destroy_connection(state); }
};
using Connection = std::unique_ptr<amqp_connection_state_t_, Destroy>;

std::string text(amqp_bytes_t bytes) {
    return {static_cast<const char*>(bytes.bytes), bytes.len};
}

void check(const Connection& connection, const std::string& doing) {
    const auto reply = amqp_get_rpc_reply(connection.get());
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
        throw std::runtime_error(
            doing + ": " + text(static_cast<const amqp_channel_close_t*>(reply.reply.decoded)->reply_text));
    }
    throw std::runtime_error(doing + ": " + amqp_error_string2(reply.library_error));
}

Connection connect(int port) {
    Connection connection(amqp_new_connection());
    amqp_socket_t* socket = amqp_tcp_socket_new(connection.get());
    if (amqp_socket_open(socket, "127.0.0.1", port) != AMQP_STATUS_OK) throw std::runtime_error("connect");
    const auto reply =
        amqp_login(connection.get(), "/", 1, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest");
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) throw std::runtime_error("login");
    amqp_channel_open(connection.get(), 1);
    check(connection, "channel");
    return connection;
}

unsigned declare(const Connection& connection, const std::string& name, bool passive, int max_length) {
    amqp_table_entry_t entries[2]{};
    entries[0].key = amqp_cstring_bytes("x-max-length");
    entries[0].value.kind = AMQP_FIELD_KIND_I32;
    entries[0].value.value.i32 = max_length;
    entries[1].key = amqp_cstring_bytes("x-overflow");
    entries[1].value.kind = AMQP_FIELD_KIND_UTF8;
    entries[1].value.value.bytes = amqp_cstring_bytes("reject-publish");
    const amqp_table_t table{max_length > 0 ? 2 : 0, entries};
    const auto* declared = amqp_queue_declare(connection.get(), 1, amqp_cstring_bytes(name.c_str()),
                                              passive ? 1 : 0, 1, 0, 0, table);
    check(connection, "queue " + name);
    return declared->message_count;
}

void print(const amqp_envelope_t& envelope) {
    const auto& properties = envelope.message.properties;
    const nlohmann::json line{{"id", text(properties.message_id)},     {"key", text(envelope.routing_key)},
                              {"type", text(properties.content_type)}, {"mode", properties.delivery_mode},
                              {"size", envelope.message.body.len},     {"body", text(envelope.message.body)}};
    fmt::print("{}\n", line.dump());
}

void take(const Connection& connection, const std::string& queue) {
    unsigned left = declare(connection, queue, true, 0);
    if (left == 0) return;
    amqp_basic_consume(connection.get(), 1, amqp_cstring_bytes(queue.c_str()), amqp_empty_bytes, 0, 1, 0,
                       amqp_empty_table);
    check(connection, "consume");
    for (; left > 0; --left) {
        amqp_maybe_release_buffers(connection.get());
        amqp_envelope_t envelope{};
        const timeval patience{20, 0};
        if (amqp_consume_message(connection.get(), &envelope, &patience, 0).reply_type !=
            AMQP_RESPONSE_NORMAL)
            throw std::runtime_error(fmt::format("{} messages of {} did not come", left, queue));
        print(envelope);
        amqp_destroy_envelope(&envelope);
    }
}

/// A file of raw bodies, one a line, as the old collectors publish them.
void publish(const Connection& connection, const std::string& exchange, const std::string& file) {
    std::ifstream lines(file);
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = 2;
    for (std::string line; std::getline(lines, line);) {
        const auto event_type = nlohmann::json::parse(line).at("meta").at("event-type").get<std::string>();
        const std::string key = "perfsonar.raw." + event_type;
        if (amqp_basic_publish(connection.get(), 1, amqp_cstring_bytes(exchange.c_str()),
                               amqp_cstring_bytes(key.c_str()), 0, 0, &properties,
                               amqp_cstring_bytes(line.c_str())) != AMQP_STATUS_OK)
            throw std::runtime_error("publish");
    }
}

void run(const Connection& connection, std::span<const std::string> words) {
    const auto bytes = [&](std::size_t index) { return amqp_cstring_bytes(words[index].c_str()); };
    const std::string& command = words[0];
    if (command == "declare-exchange") {
        amqp_exchange_declare(connection.get(), 1, bytes(1), amqp_cstring_bytes("topic"), 0, 1, 0, 0,
                              amqp_empty_table);
    } else if (command == "delete-exchange") {
        amqp_exchange_delete(connection.get(), 1, bytes(1), 0);
    } else if (command == "declare-queue") {
        declare(connection, words[1], false, words.size() > 2 ? std::atoi(words[2].c_str()) : 0);
    } else if (command == "delete-queue") {
        amqp_queue_delete(connection.get(), 1, bytes(1), 0, 0);
    } else if (command == "bind") {
        amqp_queue_bind(connection.get(), 1, bytes(1), bytes(2), bytes(3), amqp_empty_table);
    } else if (command == "count") {
        fmt::print("{}\n", declare(connection, words[1], true, 0));
    } else if (command == "publish") {
        return publish(connection, words[1], words[2]);
    } else if (command == "take") {
        return take(connection, words[1]);
    } else {
        throw std::runtime_error("unknown command " + command);
    }
    check(connection, command);
}

} // namespace

int main(int argc, char** argv) {
    try {
        const std::vector<std::string> words(argv + 2, argv + argc);
        const Connection connection = connect(std::atoi(argv[1]));
        for (auto start = words.begin(); start != words.end();) {
            const auto end = std::find(start, words.end(), ",");
            run(connection, {start, end});
            start = end == words.end() ? end : end + 1;
        }
        amqp_connection_close(connection.get(), AMQP_REPLY_SUCCESS);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "amqp-tool: {}\n", error.what());
        return 1;
    }
}
