// Archives that page in other ways than the simulator of tests/peers does.
#include "probe/fetch/esmond.hpp"
#include "probe/fetch/window_reader.hpp"
#include "tests/unit/lib/scripted_server.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

using namespace meshprobe;
using namespace std::chrono_literals;
using test::ScriptedServer;

namespace {

HttpSession session() {
    HttpSession::Settings settings;
    settings.user_agent = "meshprobe/test";
    settings.inactivity = 2s;
    return std::move(*HttpSession::create(Paths("/"), settings));
}

/// Of a parameter of the query; 0 if it is absent.
std::size_t number(std::string_view request, std::string_view name) {
    std::size_t value = 0;
    for (const std::string_view separator : {"?", "&"}) {
        const auto key = fmt::format("{}{}=", separator, name);
        if (const auto at = request.find(key); at != std::string_view::npos)
            std::from_chars(request.data() + at + key.size(), request.data() + request.size(), value);
    }
    return value;
}

/// A metadata search over `total` entries, `most` of them on a page, which says that there are `told`.
ScriptedServer::Script entries(std::size_t total, std::size_t most, std::optional<std::size_t> told) {
    return [=](std::string_view request) {
        const auto limit = number(request, "limit");
        const auto size = limit == 0 ? most : std::min(most, limit);
        const auto offset = number(request, "offset");
        std::string body = "[";
        for (std::size_t i = offset; i < std::min(total, offset + size); ++i) {
            body +=
                fmt::format(R"({}{{"metadata-key":"{:032x}","event-types":[]{}}})", i == offset ? "" : ",", i,
                            told ? fmt::format(R"(,"metadata-count-total":{})", *told) : "");
        }
        return ScriptedServer::answer(body + "]");
    };
}

struct Found {
    std::size_t entries = 0;
    std::size_t largest_page = 0;
    Status status;
};

Found search(const ScriptedServer& server) {
    auto http = session();
    MetadataSearch all(http, server.url("/esmond/perfsonar/archive/"), 1, {});
    Found found;
    while (true) {
        const auto page = all.next({});
        if (!page) {
            found.status = fail(page.error());
            return found;
        }
        if (!*page) return found;
        found.entries += (*page)->entries.size();
        found.largest_page = std::max(found.largest_page, (*page)->entries.size());
    }
}

class Seen final : public PointSink {
  public:
    [[nodiscard]] Status take(std::span<const Point> points, const Window& asked) override {
        for (const auto& point : points) {
            if (point.ts >= asked.from && point.ts <= asked.until) times.insert(point.ts);
        }
        return {};
    }
    void covered(Timestamp until) override { complete_until = std::max(complete_until, until); }
    [[nodiscard]] bool go_on() override { return true; }

    std::set<Timestamp> times;
    Timestamp complete_until = 0;
};

} // namespace

TEST_CASE("a search is paged to its end, however small its pages are") {
    const ScriptedServer server(entries(450, 3, 450));
    const auto found = search(server);
    CHECK(found.status);
    CHECK(found.entries == 450);
}

TEST_CASE("a search that does not say how many there are goes on while its pages are full") {
    const ScriptedServer server(entries(2200, 100'000, {}));
    const auto found = search(server);
    CHECK(found.status);
    CHECK(found.entries == 2200);
    CHECK(found.largest_page <= 1000);
}

TEST_CASE("a search without end is an error, not a short list") {
    const ScriptedServer server(entries(1'000'000'000, 1, 1'000'000'000));
    CHECK_THAT(search(server).status.error().message, Catch::Contains("goes on after 1000 pages"));
}

TEST_CASE("a server that shows its first page for ever is an error, not a short list") {
    for (const std::size_t shown : {1U, 20U, 1000U}) {
        const ScriptedServer server([=](std::string_view) {
            return entries(1'000'000, shown, 1'000'000)("GET /?offset=0 HTTP/1.1");
        });
        const auto found = search(server);
        CHECK(found.entries == shown);
        CHECK_THAT(found.status.error().message, Catch::Contains("shows the same entries again"));
    }
}

TEST_CASE("a total that is only an estimate, and too high, is no error") {
    for (const std::size_t size : {4U, 7U, 500U, 1000U}) {
        INFO(size << " on a page");
        const ScriptedServer server(entries(1500, size, 1600));
        const auto found = search(server);
        CHECK(found.status);
        CHECK(found.entries == 1500);
    }
}

TEST_CASE("pages of elmond that are neither full nor in order lose nothing") {
    // 11 000 rows, every other one without a value and so dropped after the limit was applied; newest first.
    const ScriptedServer server([](std::string_view request) {
        const auto from = number(request, "time-start");
        const auto until = std::min<std::size_t>(number(request, "time-end"), 11'000);
        std::string body;
        auto left = number(request, "limit");
        for (auto ts = until; ts >= std::max<std::size_t>(from, 1) && left > 0; --ts, --left) {
            if (ts % 2 == 0 || ts % 7 == 0)
                body += fmt::format(R"({}{{"ts":{},"val":1}})", body.empty() ? "" : ",", ts);
        }
        return ScriptedServer::answer("[" + body + "]");
    });
    auto http = session();
    Seen seen;
    ReadResult result;
    result.status = fail(ErrorKind::internal, "never done");
    WindowReader::start(http, server.url("/base/0"), Flavour::elmond, {1, 20'000}, seen,
                        [&](ReadResult done) { result = std::move(done); });
    REQUIRE(http.run());
    CHECK(result.status);
    CHECK(seen.times.size() == 11'000 / 2 + (11'000 / 7 - 11'000 / 14));
    CHECK(seen.complete_until == 20'000);
}
