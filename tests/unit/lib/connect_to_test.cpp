#include "lib/connect_to.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

TEST_CASE("where to connect instead, in all forms, and as curl wants it") {
    struct Row {
        std::string_view text;
        std::string_view curl;
    };
    const auto row = GENERATE(values<Row>({
        {"192.0.2.8", "::192.0.2.8:"},
        {"192.0.2.8:8443", "::192.0.2.8:8443"},
        {"Ps8.Example.org", "::ps8.example.org:"},
        {"2001:db8::8", "::[2001:db8::8]:"},
        {"[2001:db8::8]:8443", "::[2001:db8::8]:8443"},
        {"ps1.example.org:443:192.0.2.8:8443", "ps1.example.org:443:192.0.2.8:8443"},
        {"ps1.example.org::[2001:db8::8]:", "ps1.example.org::[2001:db8::8]:"},
        {":443::8443", ":443::8443"},
        {"::192.0.2.8:", "::192.0.2.8:"},
        {"[::1]:443:192.0.2.8:", "[::1]:443:192.0.2.8:"},
    }));
    CAPTURE(row.text);
    const auto entry = parse_connect_to(row.text);
    REQUIRE(entry);
    CHECK(entry->text() == row.curl);
    CHECK(parse_connect_to(entry->text()) == *entry);
}

TEST_CASE("what is no place to connect to is refused") {
    const auto* text =
        GENERATE("", "a b", ":443", "h:0", "h:65536", "h:x", "h:443:192.0.2.8", "h:443:192.0.2.8:1:2",
                 ":::", "h:443::", "[::1", "h:44 3:192.0.2.8:", "h%0a:443:x:1", "-:443:x:1", "::1]:x:y");
    CAPTURE(text);
    const auto entry = parse_connect_to(text);
    REQUIRE_FALSE(entry);
    CHECK(entry.error().kind == ErrorKind::configuration);
    CHECK(entry.error().message.find("HOST:PORT:HOST2:PORT2") != std::string::npos);
}

TEST_CASE("the first entry that is about a connection decides") {
    const auto entry = parse_connect_to("ps1.example.org:443:192.0.2.8:");
    REQUIRE(entry);
    CHECK(entry->is_about("ps1.example.org", 443));
    CHECK_FALSE(entry->is_about("ps1.example.org", 8443));
    CHECK_FALSE(entry->is_about("ps2.example.org", 443));
    CHECK(parse_connect_to("::192.0.2.8:")->is_about("any.example.org", 1));
}
