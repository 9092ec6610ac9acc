#include "lib/host_name.hpp"
#include "lib/instance.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

namespace {

struct Row {
    Instance instance;
    std::string name;
};

// One table proves the name and its inverse.
const Row table[] = {
    {{"default", "ps-lat.example.org"}, "meshprobe@ps-lat.example.org"},
    {{"default", "ps1.example.org:8443"}, "meshprobe@ps1.example.org:8443"},
    {{"default", "192.0.2.8"}, "meshprobe@192.0.2.8"},
    {{"default", "[2001:db8::1]"}, "meshprobe@\\x5b2001:db8::1\\x5d"},
    {{"default", "[2001:db8::1]:8443"}, "meshprobe@\\x5b2001:db8::1\\x5d:8443"},
    {{"hourly", "a_b.example.org"}, "meshprobe-hourly@a_b.example.org"},
    {{"low-rate", "x"}, "meshprobe-low-rate@x"},
};

} // namespace

TEST_CASE("names of instances and their inverse") {
    for (const auto& row : table) {
        CAPTURE(row.name);
        CHECK(check_instance(row.instance));
        CHECK(row.instance.name() == row.name);
        for (const char* suffix : {"", ".timer", ".service"}) {
            const auto parsed = parse_instance(row.name + suffix);
            REQUIRE(parsed);
            CHECK(*parsed == row.instance);
        }
    }
    CHECK(parse_instance("ps1.example.org")->host == "ps1.example.org");
    CHECK(parse_instance("PS1.Example.Org:443")->host == "ps1.example.org");
    CHECK(parse_instance("ps1.example.service")->host == "ps1.example.service"); // not a suffix without '@'
}

TEST_CASE("what is no instance is refused") {
    for (const char* text :
         {"", "@", "meshprobe@", "other@host", "meshprobe-default@host", "meshprobe-archive@host",
          "meshprobe-@host", "meshprobe@a/b", "meshprobe@..", "meshprobe@a\\x2fb", "meshprobe@a\\x00b",
          "meshprobe@a\nb", "meshprobe@%i", "meshprobe-Up@host", "meshprobe@a b"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_instance(text));
    }
    const std::string label(60, 'a');
    const std::string longest = label + "." + label + "." + label; // 182 bytes
    CHECK(parse_instance("meshprobe@" + longest));
    CHECK_FALSE(parse_instance("meshprobe@" + longest + "." + label)); // over 200
}

TEST_CASE("host names") {
    const std::pair<const char*, const char*> good[] = {
        {"PS.Example.ORG", "ps.example.org"},
        {"ps.example.org.", "ps.example.org"},
        {"ps.example.org:443", "ps.example.org"},
        {"ps.example.org:80", "ps.example.org"},
        {"ps.example.org:8080", "ps.example.org:8080"},
        {"2001:DB8:0::1", "[2001:db8::1]"},
        {"[2001:db8::1]:443", "[2001:db8::1]"},
        {"host_with_underscore", "host_with_underscore"},
        {"ps.3com", "ps.3com"},
    };
    for (const auto& [text, expected] : good) {
        const auto name = parse_host_name(text);
        CAPTURE(text);
        REQUIRE(name);
        CHECK(name->text() == expected);
        CHECK(parse_host_name(name->text())->text() == expected);
    }
    for (const char* text : {"",           " ",       ".",    "a..b",         "-a",           "a-",
                             "a b",        "a/b",     "a@b",  "user:pw@host", "host:",        "host:0",
                             "host:65536", "host:08", "[::1", "[::1]x",       "1.2.3",        "0x7f.1",
                             "300.1.1.1",  "::g",     "a\tb", "a%25b",        "ü.example.org"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_host_name(text));
    }
    CHECK_FALSE(parse_host_name(std::string(64, 'a')));
    CHECK_THAT(parse_host_name("ü.example.org").error().message, Catch::Matchers::Contains("xn--"));
    CHECK_FALSE(parse_host_name(std::string_view("a\0b", 3)));
}

TEST_CASE("classes of addresses, in IPv6 clothes as well") {
    const std::pair<const char*, AddressClass> table_of_classes[] = {
        {"ps.example.org", AddressClass::name},
        {"192.0.2.1", AddressClass::global},
        {"127.0.0.1", AddressClass::loopback},
        {"127.9.9.9", AddressClass::loopback},
        {"[::1]", AddressClass::loopback},
        {"localhost", AddressClass::loopback},
        {"a.localhost", AddressClass::loopback},
        {"169.254.169.254", AddressClass::link_local},
        {"[fe80::1]", AddressClass::link_local},
        {"10.1.2.3", AddressClass::private_use},
        {"172.31.0.1", AddressClass::private_use},
        {"172.32.0.1", AddressClass::global},
        {"192.168.0.1", AddressClass::private_use},
        {"[fd00::1]", AddressClass::private_use},
        {"0.0.0.0", AddressClass::unusable},
        {"224.0.0.1", AddressClass::unusable},
        {"[::]", AddressClass::unusable},
        {"[ff02::1]", AddressClass::unusable},
        {"[::ffff:127.0.0.1]", AddressClass::loopback},
        {"[::ffff:10.0.0.1]", AddressClass::private_use},
        {"[64:ff9b::7f00:1]", AddressClass::loopback},
        {"[2001:db8::1]", AddressClass::global},
    };
    for (const auto& [text, expected] : table_of_classes) {
        CAPTURE(text);
        REQUIRE(parse_host_name(text));
        CHECK(parse_host_name(text)->address_class() == expected);
    }
}

TEST_CASE("URLs") {
    const auto url = parse_url("HTTPS://PS.example.org:443/esmond/perfsonar/archive/?a=b#c");
    REQUIRE(url);
    CHECK(url->scheme == "https");
    CHECK(url->host.text() == "ps.example.org");
    CHECK(url->path == "/esmond/perfsonar/archive/?a=b");
    CHECK(parse_url("http://h:443/")->host.text() == "h:443"); // not the default port of http
    CHECK(parse_url("http://h")->path == "/");
    CHECK(parse_url("http://h?x")->path == "/?x");
    for (const char* text : {"", "asdf", "//h/", "ftp://h/", "file:///etc/passwd", "http://", "http:///x",
                             "http://u:p@h/", "http://h /", "http://h\n/", "http://[::1/", "https:h"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_url(text));
    }
}
