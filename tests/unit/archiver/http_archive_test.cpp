// An archive over HTTP against a server that says what a test tells it to say.
#include "archiver/http_archive.hpp"
#include "archiver/reporter.hpp"
#include "archiver/stop.hpp"
#include "tests/unit/archiver/items.hpp"
#include "tests/unit/lib/scripted_server.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <poll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <fstream>
#include <map>
#include <mutex>

using namespace meshprobe;
using namespace std::chrono_literals;
using test::Items;
using test::ScriptedServer;
using Kind = Verdict::Kind;

namespace {

struct Rig {
    explicit Rig(ScriptedServer::FullScript script, HttpDelivery delivery = {}, std::string path = "/")
        : server([this, script = std::move(script)](const ScriptedServer::Request& request) {
              const std::lock_guard lock(mutex);
              requests.push_back(request);
              return script(request);
          }) {
        archive.name = "a";
        archive.archiver = "http";
        archive.url = server.url(path);
        archive.http = std::move(delivery);
        archive.http.timeout = 1s;
    }

    void make() {
        auto made = make_http({paths, archive, reporter, stop});
        REQUIRE(made);
        type = std::move(*made);
        REQUIRE(type->connect());
    }

    /// Until there are so many verdicts, or an error.
    Result<std::map<std::uint64_t, Verdict>> deliver(std::span<const Item> items) {
        if (!type) make();
        if (auto sent = type->send(items); !sent) return fail(sent.error());
        std::map<std::uint64_t, Verdict> verdicts;
        for (int round = 0; round < 1000 && verdicts.size() < items.size(); ++round) {
            auto settled = type->settle();
            if (!settled) return fail(settled.error());
            for (Verdict& verdict : *settled)
                verdicts.emplace(verdict.ticket, std::move(verdict));
            pollfd ready{type->descriptor(), POLLIN, 0};
            const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(type->service_interval());
            if (verdicts.size() < items.size())
                ::poll(&ready, 1, static_cast<int>(std::min(wait, 100ms).count()));
        }
        return verdicts;
    }

    test::TemporaryDirectory directory;
    const Paths paths{directory.path()};
    const Journal journal{"test", Journal::Sink::standard_error};
    Reporter reporter{journal, paths, "a"};
    const Stop stop{FileDescriptor(eventfd(0, EFD_CLOEXEC))};
    std::mutex mutex;
    std::vector<ScriptedServer::Request> requests;
    Archive archive;
    ScriptedServer server;
    std::unique_ptr<ArchiveType> type;
};

std::string ok() {
    return ScriptedServer::answer("", "", "201 Created");
}

HttpDelivery batches(HttpBody body, unsigned size) {
    HttpDelivery delivery;
    delivery.body = body;
    delivery.batch = size;
    return delivery;
}

} // namespace

TEST_CASE("one connection, one request at a time, in their order") {
    Rig rig([](const auto&) { return ok(); });
    const Items items({"0", "1", "2", "3", "4"});
    const auto verdicts = rig.deliver(items.span());
    REQUIRE(verdicts);
    CHECK(verdicts->size() == 5);
    for (const auto& [ticket, verdict] : *verdicts)
        CHECK(verdict.kind == Kind::delivered);
    CHECK(rig.server.connections() == 1);
    std::string order;
    for (const auto& request : rig.requests)
        order += request.body;
    CHECK(order == "01234");
}

TEST_CASE("the one that is refused is found among the others") {
    const auto status = GENERATE("400 Bad Request", "413 Too Large", "422 No");
    Rig rig(
        [&](const ScriptedServer::Request& request) {
            return request.body.find("bad") == std::string::npos
                       ? ok()
                       : ScriptedServer::answer("it is bad", "", status);
        },
        batches(HttpBody::ndjson, 8));
    const Items items({"0", "1", "2", "3", "4", "\"bad\"", "6", "7"});
    const auto verdicts = rig.deliver(items.span());
    REQUIRE(verdicts);
    REQUIRE(verdicts->size() == 8);
    for (const auto& [ticket, verdict] : *verdicts)
        CHECK(verdict.kind == (ticket == 6 ? Kind::refused : Kind::delivered));
    CHECK(verdicts->at(6).reason ==
          fmt::format("HTTP status {}: it is bad", std::string(status).substr(0, 3)));
    std::string order;
    for (const auto& request : rig.requests)
        if (request.body.find("bad") == std::string::npos) order += request.body;
    CHECK(order == "0\n1\n2\n3\n4\n6\n7\n");
}

TEST_CASE("where it is unclear who is to blame, all wait until others were delivered") {
    std::atomic<bool> is_open = false;
    const auto* status = GENERATE("400 Bad Request", "403 Forbidden", "404 Not Found", "500 Oops");
    CAPTURE(status);
    Rig rig(
        [&](const ScriptedServer::Request& request) {
            const bool is_good = is_open && request.body.find("bad") == std::string::npos;
            return is_good ? ok() : ScriptedServer::answer("", "", status);
        },
        batches(HttpBody::array, 2));
    const Items items({"\"bad\"", "1", "2"});
    auto verdicts = rig.deliver(items.span());
    REQUIRE(verdicts);
    REQUIRE(verdicts->size() == 3);
    for (const auto& [ticket, verdict] : *verdicts) {
        CHECK(verdict.kind == Kind::busy);
        CHECK(verdict.reason.find(std::string(status).substr(0, 3)) != std::string::npos);
    }
    // It takes others now: so it is this one.
    is_open = true;
    verdicts = rig.deliver(items.span().subspan(1));
    REQUIRE(verdicts);
    CHECK(verdicts->at(2).kind == Kind::delivered);
    verdicts = rig.deliver(items.span().subspan(0, 1));
    REQUIRE(verdicts);
    // A failure of the server is no judgement.
    CHECK(verdicts->at(1).kind ==
          (std::string_view(status).starts_with("500") ? Kind::later : Kind::refused));
}

TEST_CASE("an archive that is busy is not asked before it said") {
    std::atomic<int> refusals = 2;
    Rig rig([&](const auto&) {
        if (refusals-- > 0) return ScriptedServer::answer("", "Retry-After: 1\r\n", "429 Slow Down");
        return ok();
    });
    const Items items({"0", "1"});
    rig.make();
    REQUIRE(rig.type->send(items.span()));
    for (int round = 0; round < 100 && rig.type->held_up().empty(); ++round) {
        const auto settled = rig.type->settle();
        REQUIRE(settled);
        REQUIRE(settled->empty());
        pollfd ready{rig.type->descriptor(), POLLIN, 0};
        ::poll(&ready, 1, 100);
    }
    CHECK(rig.type->held_up() == "HTTP status 429");
    CHECK(rig.type->service_interval() <= 1s);
    CHECK(rig.server.requests() == 1);
    std::size_t count = 0;
    for (int round = 0; round < 100 && count < 2; ++round) {
        const auto settled = rig.type->settle();
        REQUIRE(settled);
        count += settled->size();
        pollfd ready{rig.type->descriptor(), POLLIN, 0};
        ::poll(&ready, 1, 100);
    }
    CHECK(count == 2);
    CHECK(rig.server.requests() == 4);
    CHECK(rig.type->held_up().empty());
}

TEST_CASE("what loses the connection, and as what") {
    struct Row {
        const char* status;
        const char* headers;
        ErrorKind kind;
    };
    const auto row = GENERATE(values<Row>({
        {"503 Unavailable", "", ErrorKind::unreachable},
        {"429 Slow Down", "", ErrorKind::unreachable},
        {"401 Who", "", ErrorKind::credentials},
        {"302 Login", "Location: /login\r\n", ErrorKind::protocol}, // its 200 would be no delivery
        {"307 Elsewhere", "Location: http://192.0.2.1/\r\n", ErrorKind::protocol},
    }));
    CAPTURE(row.status);
    Rig rig([&](const ScriptedServer::Request& request) {
        if (request.head.find(" /login ") != std::string::npos) return ok();
        return ScriptedServer::answer("", row.headers, row.status);
    });
    const Items items({"0", "1"});
    const auto verdicts = rig.deliver(items.span());
    REQUIRE_FALSE(verdicts);
    CHECK(verdicts.error().kind == row.kind);
    CHECK(verdicts.error().message.find(rig.server.url()) != std::string::npos);
    CHECK(rig.server.requests() == 1);
}

TEST_CASE("a redirect that keeps method and body is followed within the host") {
    Rig rig([&](const ScriptedServer::Request& request) {
        if (request.head.find(" /new ") != std::string::npos) return ok();
        return ScriptedServer::answer("", "Location: /new\r\n", "308 Moved");
    });
    const Items items({"{}"});
    const auto verdicts = rig.deliver(items.span());
    REQUIRE(verdicts);
    CHECK(verdicts->at(1).kind == Kind::delivered);
    REQUIRE(rig.requests.size() == 2);
    CHECK(rig.requests[1].head.starts_with("POST /new "));
    CHECK(rig.requests[1].body == "{}");
}

TEST_CASE("silence ends, and what was on its way is sent again") {
    std::atomic<bool> is_silent = true;
    Rig rig([&](const auto&) { return is_silent ? std::string() : ok(); });
    const Items items({"0"});
    const auto lost = rig.deliver(items.span());
    REQUIRE_FALSE(lost);
    CHECK(lost.error().kind == ErrorKind::unreachable);
    is_silent = false;
    REQUIRE(rig.type->connect());
    const auto verdicts = rig.deliver(items.span());
    REQUIRE(verdicts);
    CHECK(verdicts->at(1).kind == Kind::delivered);
}

TEST_CASE("who we are: a credential, never shown") {
    struct Row {
        const char* user;
        const char* secret;
        const char* field;
    };
    const auto row = GENERATE(values<Row>({
        {"", "t0ken~", "Authorization: Bearer t0ken~"},
        {"", "ApiKey u:k", "Authorization: ApiKey u:k"},
        {"", "u:p w", "Authorization: Basic dTpwIHc="},
        {"u%40v@", "p:w", "Authorization: Basic dUB2OnA6dw=="},
    }));
    CAPTURE(row.secret);
    Rig rig([](const auto&) { return ScriptedServer::answer("", "", "401 Who"); });
    const auto file = rig.directory.path() / "secret";
    std::ofstream(file) << row.secret << "\n";
    rig.archive.credential = file;
    rig.archive.url.insert(rig.archive.url.find("://") + 3, row.user);
    const Items items({"0"});
    const auto lost = rig.deliver(items.span());
    REQUIRE_FALSE(lost);
    CHECK(rig.requests.at(0).head.find(std::string("\r\n") + row.field + "\r\n") != std::string::npos);
    CHECK(lost.error().message.find(row.secret) == std::string::npos);
    CHECK(rig.type->place() == rig.server.url());
}

TEST_CASE("credentials that cannot be one") {
    Rig rig([](const auto&) { return ok(); });
    for (const char* secret : {"", "a\nb", "a\tb"}) {
        const auto file = rig.directory.path() / "secret";
        std::ofstream(file) << secret;
        rig.archive.credential = file;
        const auto made = make_http({rig.paths, rig.archive, rig.reporter, rig.stop});
        REQUIRE_FALSE(made);
        CHECK(made.error().kind == ErrorKind::credentials);
    }
    rig.archive.credential.clear();
    rig.archive.url = "http://u%zz@127.0.0.1/";
    CHECK(make_http({rig.paths, rig.archive, rig.reporter, rig.stop}).error().kind ==
          ErrorKind::configuration);
}
