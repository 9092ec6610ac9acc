// The parts of archive type rabbitmq that need no broker.
#include "archiver/confirmations.hpp"
#include "archiver/reporter.hpp"
#include "archiver/routes.hpp"
#include "archiver/routing_key.hpp"
#include "lib/amqp/resolve.hpp"
#include "lib/config/amqp_url.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace meshprobe;

TEST_CASE("AMQP URLs") {
    struct Row {
        const char* url;
        const char* text;
        const char* user;
        const char* password;
    };
    const auto row = GENERATE(values<Row>({
        {"amqp://h", "amqp://h:5672/", "", nullptr},
        {"amqps://h/", "amqps://h:5671/", "", nullptr},
        {"amqps://u@h:5000/v", "amqps://h:5000/v", "u", nullptr},
        {"amqp://u:p@h/%2f", "amqp://h:5672/", "u", "p"},
        {"amqp://a%40b:%3a%2F@h/osg%2Fnma", "amqp://h:5672/osg/nma", "a@b", ":/"},
        {"amqp://u:@h", "amqp://h:5672/", "u", ""},
        {"amqp://[2001:db8::1]:99/x", "amqp://[2001:db8::1]:99/x", "", nullptr},
    }));
    const auto url = parse_amqp_url(row.url);
    REQUIRE(url);
    CHECK(url->text() == row.text);
    CHECK(url->user == row.user);
    CHECK(url->password ==
          (row.password == nullptr ? std::nullopt : std::optional<std::string>(row.password)));
}

TEST_CASE("URLs that are refused") {
    const auto* text =
        GENERATE("", "http://h", "amqp://", "amqp://h:0", "amqp://h:70000", "amqp://h:1x", "amqp://h/a/b",
                 "amqp://h/%zz", "amqp://h/%00", "amqp://[::1", "amqp://u:sec%ret@h", "amqp://h?heartbeat=3",
                 "amqp://h?auth_mechanism=external", "amqp://h/#x");
    const auto url = parse_amqp_url(text);
    REQUIRE_FALSE(url);
    CHECK(url.error().kind == ErrorKind::configuration);
    CHECK(url.error().message.find("sec") == std::string::npos);
}

TEST_CASE("identity by certificate is asked for in the URL") {
    CHECK(parse_amqp_url("amqps://h/v?auth_mechanism=external")->external);
}

TEST_CASE("connect-to takes the place of host and port") {
    struct Row {
        std::vector<std::string> connect_to;
        const char* host;
        std::uint16_t port;
    };
    const auto row = GENERATE(values<Row>({{{}, "h", 5672},
                                           {{"192.0.2.1"}, "192.0.2.1", 5672},
                                           {{"192.0.2.1:99"}, "192.0.2.1", 99},
                                           {{"2001:db8::1"}, "2001:db8::1", 5672},
                                           {{"[2001:db8::1]:99"}, "2001:db8::1", 99},
                                           {{"[2001:db8::1]"}, "2001:db8::1", 5672},
                                           {{"other::192.0.2.1:", "h:5672:192.0.2.2:"}, "192.0.2.2", 5672},
                                           {{":5671:192.0.2.1:"}, "h", 5672},
                                           {{"h:::99", "192.0.2.1"}, "h", 99}}));
    const auto target = dial_target("h", 5672, row.connect_to);
    CHECK(target.host == row.host);
    CHECK(target.port == row.port);
}

TEST_CASE("routing keys") {
    const SegmentHeader header{"meshprobe@h", "h", "default", "mq", "run", "raw"};
    const Message message{"run-0", "packet-loss-rate", 1, "{}"};
    CHECK(RoutingKey::parse("perfsonar.raw.{event-type}")->of(header, message) ==
          "perfsonar.raw.packet-loss-rate");
    CHECK(RoutingKey::parse("{archive}-{task}.{host}.{instance}.x")->of(header, message) ==
          "mq-default.h.meshprobe@h.x");
    CHECK(RoutingKey::parse("fixed")->of(header, message) == "fixed");
    CHECK_FALSE(RoutingKey::parse("a.{event_type}"));
    Message summaries = message;
    summaries.event_type = "throughput/average/86400";
    CHECK(RoutingKey::parse("perfsonar.raw.{event-type}")->of(header, summaries) ==
          "perfsonar.raw.throughput");
    CHECK_FALSE(RoutingKey::parse("a.{host"));
}

namespace {

struct Sent {
    explicit Sent(std::size_t count) {
        for (std::size_t index = 0; index < count; ++index)
            ids.push_back("id" + std::to_string(index + 1));
        for (std::size_t index = 0; index < count; ++index)
            messages.push_back({ids[index], "t", 1, ""});
        for (std::size_t index = 0; index < count; ++index)
            confirmations.add({index + 1, &messages[index], nullptr});
    }
    bool settle(std::uint64_t tag, bool multiple) {
        return confirmations.settle(tag, multiple, [&](const Confirmations::Entry& entry) {
            settled.push_back(entry.ticket);
            if (entry.returned) returned.push_back(entry.ticket);
        });
    }
    std::vector<std::string> ids;
    std::vector<Message> messages;
    Confirmations confirmations;
    std::vector<std::uint64_t> settled;
    std::vector<std::uint64_t> returned;
};

} // namespace

TEST_CASE("confirmations: one, many, out of order, twice, never sent") {
    Sent sent(6);
    CHECK(sent.settle(2, false));
    CHECK(sent.settle(4, true));
    CHECK(sent.settle(3, false)); // again: harmless
    CHECK(sent.settled == std::vector<std::uint64_t>{2, 1, 3, 4});
    CHECK_FALSE(sent.settle(7, false));
    CHECK(sent.settle(0, true)); // all
    CHECK(sent.settled.size() == 6);
    CHECK(sent.confirmations.empty());
}

TEST_CASE("returned messages are known by their id") {
    Sent sent(5);
    sent.confirmations.mark_returned("id2");
    CHECK(sent.settle(1, false));
    sent.confirmations.mark_returned("id4");
    sent.confirmations.mark_returned("id3"); // out of order: looked for from the start
    sent.confirmations.mark_returned("unknown");
    CHECK(sent.settle(5, true));
    CHECK(sent.returned == std::vector<std::uint64_t>{2, 3, 4});
}

namespace {

struct RouteTest {
    Routes routes(Unroutable policy = Unroutable::drop) {
        return Routes(policy, directory.path() / "memory", "x", reporter);
    }
    test::TemporaryDirectory directory;
    const Paths paths{directory.path()};
    const Journal journal{"test", Journal::Sink::standard_error};
    Reporter reporter{journal, paths, "a"};
};

} // namespace

TEST_CASE("a returned message is dropped only if the exchange is known to route something") {
    RouteTest test;
    Routes routes = test.routes();
    CHECK(routes.returned(routes.entry("a"), 1).kind == Verdict::Kind::undecided);
    routes.routed(routes.entry("b"));
    CHECK(routes.returned(routes.entry("a"), 2).kind == Verdict::Kind::dropped);
    // b was routed and is not any more: perhaps nothing is
    CHECK(routes.returned(routes.entry("b"), 3).kind == Verdict::Kind::undecided);
    CHECK(routes.returned(routes.entry("a"), 4).kind == Verdict::Kind::undecided);
    routes.routed(routes.entry("c"));
    CHECK(routes.returned(routes.entry("b"), 5).kind == Verdict::Kind::dropped);
}

TEST_CASE("what is routed is remembered, for that exchange") {
    RouteTest test;
    {
        Routes routes = test.routes();
        routes.routed(routes.entry("b"));
        CHECK(routes.returned(routes.entry("a"), 1).kind == Verdict::Kind::dropped);
        routes.tick();
    }
    Routes later = test.routes();
    CHECK(later.entry("b").second.routed);
    CHECK(later.entry("a").second.reported);
    CHECK(later.returned(later.entry("a"), 1).kind == Verdict::Kind::dropped);
    Routes elsewhere(Unroutable::drop, test.directory.path() / "memory", "y", test.reporter);
    CHECK(elsewhere.returned(elsewhere.entry("a"), 1).kind == Verdict::Kind::undecided);
}

TEST_CASE("other policies judge each message alone") {
    RouteTest test;
    Routes retry = test.routes(Unroutable::retry);
    CHECK(retry.returned(retry.entry("a"), 1).kind == Verdict::Kind::later);
    Routes failing = test.routes(Unroutable::fail);
    CHECK(failing.returned(failing.entry("a"), 1).kind == Verdict::Kind::refused);
}
