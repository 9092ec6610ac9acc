#include "lib/config/socket_url.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

TEST_CASE("URLs of sockets") {
    struct Row {
        const char* text;
        const char* scheme;
        const char* host;
        std::uint16_t port;
    };
    const auto row = GENERATE(values<Row>({
        {"tcp://h:1", "tcp", "h", 1},
        {"tls://logs.example.org:6514/", "tls", "logs.example.org", 6514},
        {"udp://[2001:db8::1]:65535", "udp", "2001:db8::1", 65535},
    }));
    const auto url = parse_socket_url(row.text);
    REQUIRE(url);
    CHECK(url->scheme == row.scheme);
    CHECK(url->host == row.host);
    CHECK(url->port == row.port);
    CHECK(url->text() + "/" ==
          std::string(row.text) + (std::string_view(row.text).ends_with('/') ? "" : "/"));
}

TEST_CASE("URLs of sockets that are refused") {
    const auto* text =
        GENERATE("", "h:1", "tcp://", "tcp://h", "tcp://:1", "tcp://h:", "tcp://h:0", "tcp://h:65536",
                 "tcp://h:1x", "tcp://u:secret@h:1", "tcp://h:1/path", "tcp://h:1?query", "tcp://[::1]");
    const auto url = parse_socket_url(text);
    REQUIRE_FALSE(url);
    CHECK(url.error().kind == ErrorKind::configuration);
    CHECK(url.error().message.find("secret") == std::string::npos);
}
