#include "ctl/connect/target.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

TEST_CASE("host and port of an URL, the usual port unless it is given") {
    struct Row {
        const char* url;
        const char* host;
        std::uint16_t port;
        bool tls;
    };
    const auto row =
        GENERATE(Row{"https://ps1.example.org/esmond/", "ps1.example.org", 443, true},
                 Row{"http://ps1.example.org:8080/", "ps1.example.org", 8080, false},
                 Row{"amqps://user:p%40ss@rmq.example.org/vhost", "rmq.example.org", 5671, true},
                 Row{"amqp://[2001:db8::1]:5673", "2001:db8::1", 5673, false},
                 Row{"https://[2001:db8::1]/", "2001:db8::1", 443, true},
                 Row{"postgresql://db.example.org/x?sslmode=require", "db.example.org", 5432, false},
                 Row{"tcp://198.51.100.7:9000", "198.51.100.7", 9000, false},
                 Row{"tls://logs.example.org:6514", "logs.example.org", 6514, true},
                 Row{"udp://[2001:db8::1]:514", "2001:db8::1", 514, false});
    CAPTURE(row.url);
    const auto endpoint = endpoint_of(row.url);
    REQUIRE(endpoint);
    CHECK(endpoint->host == row.host);
    CHECK(endpoint->port == row.port);
    CHECK(endpoint->tls == row.tls);
}

TEST_CASE("what is no such URL") {
    CHECK_FALSE(endpoint_of(GENERATE("", "local", "gopher://x/", "https://", "https://:443/", "amqp://x:port",
                                     "amqp://x:99999", "tcp://x", "https://[2001:db8::1]x:/")));
}

TEST_CASE("paths of this machine") {
    CHECK(local_path_of("file:/srv/results") == "/srv/results");
    CHECK(local_path_of("unix:/dev/log") == "/dev/log");
    CHECK(local_path_of("tcp://file:1").empty());
    CHECK(local_path_of("https://ps1.example.org/").empty());
}
