#include "lib/http/session.hpp"
#include "tests/unit/lib/scripted_server.hpp"

#include <catch2/catch.hpp>
#include <poll.h>

#include <functional>
#include <optional>

using namespace meshprobe;
using namespace std::chrono_literals;
using test::ScriptedServer;

namespace {

HttpSession session(unsigned max_in_flight = 4) {
    HttpSession::Settings settings;
    settings.user_agent = "meshprobe/test";
    settings.max_in_flight = max_in_flight;
    settings.inactivity = 1s;
    return std::move(*HttpSession::create(Paths("/"), settings));
}

struct Fetched {
    Result<HttpResponse> response = fail(ErrorKind::internal, "on_done was never called");
    std::string body;
};

Fetched fetch(const std::string& url, std::uint64_t max_bytes = 1 << 20) {
    auto http = session();
    Fetched fetched;
    http.start({.url = url,
                .headers = {},
                .max_bytes = max_bytes,
                .total = 5s,
                .on_body =
                    [&](std::string_view chunk) {
                        fetched.body += chunk;
                        return Status{};
                    }},
               [&](Result<HttpResponse> response) { fetched.response = std::move(response); });
    REQUIRE(http.run());
    return fetched;
}

} // namespace

TEST_CASE("an answer and what its headers tell") {
    ScriptedServer server([](std::string_view) {
        return ScriptedServer::answer("[1,2]",
                                      "Content-Type: application/json; charset=utf-8\r\nETag: \"x\"\r\n"
                                      "Date: Sun, 22 Nov 2026 10:00:00 GMT\r\nRetry-After: 120\r\n");
    });
    const auto fetched = fetch(server.url());
    REQUIRE(fetched.response);
    CHECK(fetched.response->status == 200);
    CHECK(fetched.response->content_type == "application/json; charset=utf-8");
    CHECK(fetched.response->etag == "\"x\"");
    CHECK(fetched.response->date == std::chrono::system_clock::from_time_t(1795341600));
    CHECK(fetched.response->retry_after == 120s);
    CHECK(fetched.body == "[1,2]");
}

TEST_CASE("other statuses are answers whose body goes to nobody but the error text") {
    ScriptedServer server(
        [](std::string_view) { return ScriptedServer::answer(R"({"detail":"no"})", "", "404 Not Found"); });
    const auto fetched = fetch(server.url());
    REQUIRE(fetched.response);
    CHECK(fetched.response->status == 404);
    CHECK(fetched.response->error_body == R"({"detail":"no"})");
    CHECK(fetched.body.empty());
}

TEST_CASE("redirects stay on the host, and end") {
    std::string target;
    ScriptedServer server([&](std::string_view line) {
        if (line.find("/start") == std::string_view::npos) return ScriptedServer::answer("there");
        return ScriptedServer::answer("", fmt::format("Location: {}\r\nETag: \"r\"\r\n", target),
                                      "301 Moved");
    });
    target = "/end/";
    const auto moved = fetch(server.url("/start"));
    CHECK(moved.body == "there");
    CHECK(moved.response.value().etag.empty()); // the redirect's own, not the document's
    for (const char* elsewhere : {"http://example.org/", "http://127.0.0.1:1/", "file:///etc/passwd",
                                  "ftp://127.0.0.1/", "http://u@127.0.0.1/"}) {
        target = elsewhere;
        CAPTURE(target);
        const auto fetched = fetch(server.url("/start"));
        REQUIRE_FALSE(fetched.response);
        CHECK(fetched.response.error().kind == ErrorKind::protocol);
    }
    target = "/start";
    const int before = server.requests();
    CHECK_FALSE(fetch(server.url("/start")).response);
    CHECK(server.requests() - before == 6); // the first and five more
}

TEST_CASE("what a server can stretch is bounded") {
    SECTION("body") {
        ScriptedServer server(
            [](std::string_view) { return ScriptedServer::answer(std::string(2000, 'x')); });
        const auto fetched = fetch(server.url(), 1999);
        REQUIRE_FALSE(fetched.response);
        CHECK(fetched.response.error().kind == ErrorKind::protocol);
        CHECK(fetch(server.url(), 2000).response);
    }
    SECTION("headers") {
        ScriptedServer server([](std::string_view) {
            std::string headers;
            for (int i = 0; i < 100; ++i)
                headers += fmt::format("X-{}: {}\r\n", i, std::string(1000, 'x'));
            return ScriptedServer::answer("x", headers);
        });
        CHECK(fetch(server.url()).response.error().kind == ErrorKind::protocol);
    }
    SECTION("silence") {
        ScriptedServer server([](std::string_view) { return std::string(); });
        const auto fetched = fetch(server.url());
        REQUIRE_FALSE(fetched.response);
        CHECK(fetched.response.error().kind == ErrorKind::unreachable);
    }
    SECTION("a body that is cut short") {
        ScriptedServer server([](std::string_view) {
            return std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc");
        });
        const auto fetched = fetch(server.url());
        REQUIRE_FALSE(fetched.response);
        CHECK(fetched.response.error().kind == ErrorKind::protocol);
        CHECK(fetched.body == "abc");
    }
    SECTION("nonsense") {
        ScriptedServer server([](std::string_view) {
            return std::string("\x16\x03\x01 this is not HTTP\r\n\r\nConnection: close");
        });
        CHECK_FALSE(fetch(server.url()).response);
    }
}

TEST_CASE("transfers share a bounded number of kept-alive connections") {
    ScriptedServer server([](std::string_view) { return ScriptedServer::answer("x"); });
    auto http = session(3);
    int done = 0;
    for (int i = 0; i < 20; ++i) {
        http.start({.url = server.url(), .headers = {}, .on_body = {}},
                   [&](const Result<HttpResponse>& response) {
                       CHECK(response);
                       if (++done == 20) {
                           http.start({.url = server.url("/more"), .headers = {}, .on_body = {}},
                                      [&](const auto&) { ++done; });
                       }
                   });
    }
    CHECK(http.run());
    CHECK(done == 21);
    CHECK(http.requests() == 21);
    CHECK(server.requests() == 21);
    CHECK(server.connections() <= 3);
    CHECK(http.connected());
}

TEST_CASE("on_body may refuse, stop ends everything, refusals to connect are told apart") {
    ScriptedServer server([](std::string_view line) {
        return line.find("/silent") == std::string_view::npos ? ScriptedServer::answer("x") : std::string();
    });
    auto http = session(1);
    std::vector<ErrorKind> kinds;
    const auto note = [&](const Result<HttpResponse>& response) { kinds.push_back(response.error().kind); };
    http.start({.url = server.url(),
                .headers = {},
                .on_body = [](std::string_view) -> Status { return fail(ErrorKind::storage, "full"); }},
               note);
    CHECK(http.run());
    http.start({.url = server.url("/silent"), .headers = {}, .on_body = {}}, note);
    http.start({.url = server.url(), .headers = {}, .on_body = {}}, note);
    CHECK_FALSE(http.run([&] { return server.requests() >= 2; }));
    CHECK(kinds == std::vector{ErrorKind::storage, ErrorKind::interrupted, ErrorKind::interrupted});

    auto nobody = session();
    nobody.start({.url = "http://127.0.0.1:1/", .headers = {}, .on_body = {}}, note);
    CHECK(nobody.run());
    CHECK(kinds.back() == ErrorKind::unreachable);
    CHECK_FALSE(nobody.connected());
}

namespace {

/// As a loop of the caller's own does it.
void step_until(HttpSession& http, const std::function<bool()>& done) {
    for (int round = 0; round < 1000 && !done(); ++round) {
        REQUIRE(http.step());
        pollfd ready{http.descriptor(), POLLIN, 0};
        if (!done()) ::poll(&ready, 1, 100);
    }
}

} // namespace

TEST_CASE("a session that is stepped does what one that runs does, and never waits") {
    ScriptedServer server([](std::string_view line) {
        return line.find("/silent") == std::string_view::npos ? ScriptedServer::answer("x") : std::string();
    });
    auto http = session(1);
    CHECK(http.descriptor() >= 0);
    int done = 0;
    const auto get = [&](std::string_view path) {
        http.start({.url = server.url(path), .headers = {}, .on_body = {}},
                   [&](const Result<HttpResponse>& response) {
                       CHECK((response && response->status == 200));
                       ++done;
                   });
    };
    get("/");
    get("/");
    step_until(http, [&] { return done == 2; });
    CHECK(done == 2);
    CHECK(http.connections() == 1);

    get("/silent");
    step_until(http, [&] { return server.requests() == 3; });
    bool was_told = false;
    http.start({.url = server.url("/waits"), .headers = {}, .on_body = {}},
               [&](const auto& /*response*/) { was_told = true; });
    http.drop(); // without a word to either
    get("/");
    step_until(http, [&] { return done == 3; });
    CHECK(done == 3);
    CHECK_FALSE(was_told);
    CHECK(http.connections() == 2); // the silent one was in the middle of an answer
    CHECK(server.requests() == 4);

    auto nobody = session();
    std::optional<ErrorKind> kind;
    nobody.start({.url = "http://127.0.0.1:1/", .headers = {}, .on_body = {}},
                 [&](const Result<HttpResponse>& response) { kind = response.error().kind; });
    step_until(nobody, [&] { return kind.has_value(); });
    CHECK(kind == ErrorKind::unreachable);
}

TEST_CASE("what writes names its method, and loses nothing to a redirect") {
    std::vector<std::string> seen;
    std::string status = "201 Created";
    ScriptedServer server([&](const ScriptedServer::Request& request) {
        seen.push_back(request.head.substr(0, request.head.find(" HTTP")) + " " + request.body);
        if (request.head.find(" /old ") != std::string::npos)
            return ScriptedServer::answer("", "Location: /new\r\n", status);
        return ScriptedServer::answer("");
    });
    const auto put = [&](std::string_view path) {
        auto http = session();
        Result<HttpResponse> response = fail(ErrorKind::internal, "on_done was never called");
        http.start({.url = server.url(path),
                    .headers = {},
                    .method = "PUT",
                    .body = "b",
                    .writes = true,
                    .on_body = {}},
                   [&](Result<HttpResponse> result) { response = std::move(result); });
        REQUIRE(http.run());
        return response;
    };
    CHECK(put("/new"));
    CHECK(seen == std::vector<std::string>{"PUT /new b"});
    for (const char* kept : {"307 Temporary", "308 Permanent"}) {
        seen.clear();
        status = kept;
        CHECK(put("/old"));
        CHECK(seen == std::vector<std::string>{"PUT /old b", "PUT /new b"});
    }
    for (const char* lost : {"301 Moved", "302 Found", "303 See Other"}) {
        seen.clear();
        status = lost;
        const auto response = put("/old");
        REQUIRE_FALSE(response);
        CHECK(response.error().kind == ErrorKind::protocol);
        CHECK(seen == std::vector<std::string>{"PUT /old b"});
    }
}

TEST_CASE("settings that cannot work are refused before anything is sent") {
    HttpSession::Settings settings;
    settings.connection.certificate = "/nonexistent/certificate.pem";
    CHECK(HttpSession::create(Paths("/"), settings).error().kind == ErrorKind::credentials);
    settings.connection.certificate.clear();
    settings.connection.trust = Trust::pin;
    CHECK(HttpSession::create(Paths("/"), settings).error().kind == ErrorKind::configuration);
}
