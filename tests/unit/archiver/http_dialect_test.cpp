// What requests say and what answers mean, without a network.
#include "archiver/http_dialect.hpp"
#include "archiver/text_template.hpp"
#include "tests/unit/archiver/items.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace meshprobe;
using test::Items;
using Kind = Verdict::Kind;

namespace {

Archive archive_of(std::string archiver, HttpDelivery delivery = {}) {
    Archive archive;
    archive.name = "a";
    archive.archiver = std::move(archiver);
    archive.http = std::move(delivery);
    return archive;
}

bool has_line(const HttpRequest& request, const std::string& line) {
    return std::ranges::find(request.headers, line) != request.headers.end();
}

std::vector<Kind> kinds(const Outcome& outcome) {
    std::vector<Kind> kinds;
    for (const Verdict& verdict : outcome.verdicts)
        kinds.push_back(verdict.kind);
    return kinds;
}

} // namespace

TEST_CASE("what a status means for what was sent") {
    struct Row {
        long status;
        Outcome::Kind kind;
        ErrorKind error;
        Kind blame;
    };
    const auto row = GENERATE(values<Row>({
        {400, Outcome::Kind::refused, ErrorKind::refused, Kind::refused},
        {413, Outcome::Kind::refused, ErrorKind::refused, Kind::refused},
        {422, Outcome::Kind::refused, ErrorKind::refused, Kind::refused},
        {401, Outcome::Kind::lost, ErrorKind::credentials, Kind::refused},
        {407, Outcome::Kind::lost, ErrorKind::credentials, Kind::refused},
        {408, Outcome::Kind::lost, ErrorKind::unreachable, Kind::refused},
        {425, Outcome::Kind::lost, ErrorKind::unreachable, Kind::refused},
        {429, Outcome::Kind::lost, ErrorKind::unreachable, Kind::refused},
        {503, Outcome::Kind::lost, ErrorKind::unreachable, Kind::refused},
        {403, Outcome::Kind::unclear, ErrorKind::refused, Kind::refused},
        {404, Outcome::Kind::unclear, ErrorKind::refused, Kind::refused},
        {405, Outcome::Kind::unclear, ErrorKind::refused, Kind::refused},
        {500, Outcome::Kind::unclear, ErrorKind::refused, Kind::later},
        {304, Outcome::Kind::unclear, ErrorKind::refused, Kind::refused},
    }));
    CAPTURE(row.status);
    const auto outcome = outcome_of({row.status, "why\r\n\x1b[31mso", {}});
    CHECK(outcome.kind == row.kind);
    CHECK(outcome.error.kind == row.error);
    CHECK(outcome.blame == row.blame);
    CHECK(outcome.error.message == fmt::format("HTTP status {}: why [31mso", row.status));
}

TEST_CASE("placeholders") {
    const Items items({"{}"});
    const auto fill = [&](std::string_view pattern) {
        return TextTemplate(pattern).fill([&](std::string_view name) {
            return std::string(placeholder(name, items.header, items.message(0)));
        });
    };
    CHECK(fill("x/{host}/{task}.{event-type}/{id}-{archive}/{instance}") ==
          "x/h:8443/default.throughput/run-0-a/meshprobe@h:8443");
    CHECK(fill("plain") == "plain");
    CHECK(TextTemplate("plain").is_constant());
    CHECK(TextTemplate("{id}").has("id"));
    CHECK_FALSE(TextTemplate("{id}").has("host"));
}

TEST_CASE("http: a message each, with its id") {
    const Items items({"{\"a\":1}", "{\"a\":2}"});
    const auto dialect = make_messages_dialect(archive_of("http"), "https://c.example.org/{host}/{id}");
    CHECK(dialect->count(items.span()) == 1);
    const auto request = dialect->ask(items.span().subspan(1, 1));
    CHECK(request.url == "https://c.example.org/h%3A8443/run-1");
    CHECK(request.method == "POST");
    CHECK(request.body == "{\"a\":2}");
    CHECK(has_line(request, "Content-Type: application/json"));
    CHECK(has_line(request, "Idempotency-Key: \"run-1\""));
    CHECK(kinds(dialect->hear(items.span().subspan(1, 1), {204, {}, {}})) == std::vector{Kind::delivered});
}

TEST_CASE("http: arrays, lines, own header fields") {
    const Items items({"{}", "[1]", "3"});
    HttpDelivery delivery{.method = "PUT", .headers = {}, .body = HttpBody::array, .batch = 2, .index = {}};
    const auto array = make_messages_dialect(archive_of("http", delivery), "https://c/");
    CHECK(array->count(items.span()) == 2);
    const auto put = array->ask(items.span());
    CHECK(put.method == "PUT");
    CHECK(put.body == "[{},[1],3]");
    CHECK(has_line(put, "Content-Type: application/json"));

    delivery.body = HttpBody::ndjson;
    delivery.headers = {{"content-type", "application/json; x"}, {"X-A", "b"}, {"Accept", ""}};
    const auto lines = make_messages_dialect(archive_of("http", delivery), "https://c/");
    const auto post = lines->ask(items.span());
    CHECK(post.body == "{}\n[1]\n3\n");
    CHECK(post.headers == std::vector<std::string>{"Accept:", "X-A: b", "content-type: application/json; x"});
}

TEST_CASE("http: only what goes to the same place and has the same format goes together") {
    Items items({"1", "2", "3"});
    HttpDelivery delivery{.headers = {}, .body = HttpBody::ndjson, .batch = 10, .index = {}};
    const auto same = make_messages_dialect(archive_of("http", delivery), "https://c/{event-type}");
    CHECK(same->count(items.span()) == 3);
    items.rename_type(1, "failures");
    CHECK(same->count(items.span()) == 1);
    CHECK(same->count(items.span().subspan(2)) == 1);

    items.header.format = "lines";
    CHECK(has_line(same->ask(items.span().subspan(0, 1)), "Content-Type: text/plain; charset=utf-8"));
    CHECK(same->objection(items.span()[0]).empty());
    delivery.body = HttpBody::array;
    const auto array = make_messages_dialect(archive_of("http", delivery), "https://c/");
    CHECK_FALSE(array->objection(items.span()[0]).empty());
}

TEST_CASE("opensearch: documents are created under their message id") {
    const Items items({R"({"@timestamp":"2026-11-27T23:59:59Z","test":{"type":"latencybg"},"x":1})",
                       R"({"test":{"type":"Odd/Name"}})", R"({"x":2})"});
    const auto dialect = make_bulk_dialect(
        archive_of("opensearch", {.headers = {{"X-A", "b"}}, .batch = 2, .index = "p_{test-type}-{date}"}),
        "https://o:9200/");
    CHECK(dialect->count(items.span()) == 2);
    const auto request = dialect->ask(items.span());
    CHECK(request.url.starts_with("https://o:9200/_bulk?filter_path="));
    CHECK(request.body == R"({"create":{"_index":"p_latencybg-2026.11.27","_id":"run-0"}})"
                          "\n"
                          R"({"@timestamp":"2026-11-27T23:59:59Z","test":{"type":"latencybg"},"x":1})"
                          "\n"
                          R"({"create":{"_index":"p_odd_name-unknown","_id":"run-1"}})"
                          "\n"
                          R"({"test":{"type":"Odd/Name"}})"
                          "\n"
                          R"({"create":{"_index":"p_unknown-unknown","_id":"run-2"}})"
                          "\n"
                          R"({"x":2})"
                          "\n");
    CHECK(has_line(request, "X-A: b"));
}

TEST_CASE("opensearch: each document has a fate of its own") {
    const Items items({"{}", "{}", "{}", "{}", "{}", "{}", "{}"});
    const auto dialect =
        make_bulk_dialect(archive_of("opensearch", {.headers = {}, .batch = 9, .index = "i"}), "https://o");
    const auto outcome = dialect->hear(items.span(), {200,
                                                      R"({"errors":true,"items":[
        {"create":{"status":201}},
        {"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"exists"}}},
        {"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue"}}},
        {"create":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse field [x]"}}},
        {"create":{"status":404,"error":{"type":"index_not_found_exception","reason":"no such index"}}},
        {"create":{"status":400,"error":{"type":"validation_exception","reason":"maximum shards open"}}},
        {"index":7}]})",
                                                      {}});
    REQUIRE(outcome.kind == Outcome::Kind::settled);
    CHECK(kinds(outcome) == std::vector{Kind::delivered, Kind::delivered, Kind::busy, Kind::refused,
                                        Kind::busy, Kind::busy, Kind::busy});
    CHECK(outcome.verdicts[3].reason ==
          "HTTP status 400: mapper_parsing_exception: failed to parse field [x]");
}

TEST_CASE("opensearch: an answer that is none of a bulk request loses the connection, never a document") {
    const Items items({"{}", "{}"});
    const auto dialect =
        make_bulk_dialect(archive_of("opensearch", {.headers = {}, .batch = 9, .index = "i"}), "https://o");
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    for (const std::string& body :
         {std::string("<html>"), std::string(R"({"items":[{"create":{"status":201}}]})"), std::string("{}"),
          std::string("[]"), std::string(R"({"items":7})"), deep}) {
        const auto outcome = dialect->hear(items.span(), {200, body, {}});
        CHECK(outcome.kind == Outcome::Kind::lost);
        CHECK(outcome.error.kind == ErrorKind::protocol);
    }
    CHECK(dialect->hear(items.span(), {413, {}, {}}).kind == Outcome::Kind::refused);
    CHECK(dialect->hear(items.span(), {503, {}, {}}).kind == Outcome::Kind::lost);
}

namespace {

constexpr const char* metadata = R"({"source":"192.0.2.1","event-types":[{"event-type":"throughput"}]})";

std::string esmond_body(std::string_view points) {
    return fmt::format(R"({{"metadata":{},"org-metadata-key":"x","data":[{}]}})", metadata, points);
}

HttpAnswer with_key(std::string_view key) {
    return {201, fmt::format(R"({{"metadata-key":"{}"}})", key), {}};
}

} // namespace

TEST_CASE("esmond: registers once, then puts all points") {
    const Items items(
        {esmond_body(R"({"ts":1,"val":[]},{"ts":2,"val":[]})"), esmond_body(R"({"ts":3,"val":[]})")});
    const auto dialect = make_esmond_dialect("https://m/archive/");
    const auto first = items.span().subspan(0, 1);
    CHECK(dialect->count(items.span()) == 1);
    auto request = dialect->ask(first);
    CHECK((request.method == "POST" && request.url == "https://m/archive/" && request.body == metadata));
    CHECK(dialect->hear(first, with_key("0f1e")).kind == Outcome::Kind::unfinished);
    request = dialect->ask(first);
    CHECK(request.method == "PUT");
    CHECK(request.url == "https://m/archive/0f1e/");
    CHECK(request.body == R"({"data":[{"ts":1,"val":[]},{"ts":2,"val":[]}]})");
    CHECK(kinds(dialect->hear(first, {201, {}, {}})) == std::vector{Kind::delivered});

    const auto second = items.span().subspan(1, 1);
    CHECK(dialect->ask(second).body == R"({"data":[{"ts":3,"val":[]}]})"); // the key is known
    CHECK(kinds(dialect->hear(second, {409, {}, {}})) == std::vector{Kind::delivered});
    dialect->forget();
    CHECK(dialect->ask(second).method == "POST");
}

TEST_CASE("esmond: what is there already, and what is wrong, is found point by point") {
    const Items items({esmond_body(R"({"ts":1,"val":[]},{"ts":2,"val":[]},{"ts":3,"val":[]})")});
    const auto dialect = make_esmond_dialect("https://m/archive/");
    const auto batch = items.span();
    static_cast<void>(dialect->ask(batch));
    static_cast<void>(dialect->hear(batch, with_key("k")));
    static_cast<void>(dialect->ask(batch));
    CHECK(dialect->hear(batch, {409, {}, {}}).kind == Outcome::Kind::unfinished);
    CHECK(dialect->ask(batch).body == R"({"data":[{"ts":1,"val":[]}]})");
    CHECK(dialect->hear(batch, {409, {}, {}}).kind == Outcome::Kind::unfinished);
    CHECK(dialect->ask(batch).body == R"({"data":[{"ts":2,"val":[]}]})");

    SECTION("one of them is wrong: the others are stored, the message is refused") {
        CHECK(dialect->hear(batch, {400, "bad value", {}}).kind == Outcome::Kind::unfinished);
        CHECK(dialect->ask(batch).body == R"({"data":[{"ts":3,"val":[]}]})");
        const auto outcome = dialect->hear(batch, {201, {}, {}});
        CHECK(kinds(outcome) == std::vector{Kind::refused});
        CHECK(outcome.verdicts[0].reason == "1 of its 3 points: HTTP status 400: bad value");
    }
    SECTION("a pause in the middle") {
        CHECK(dialect->hear(batch, {503, {}, {}}).kind == Outcome::Kind::lost);
        CHECK(dialect->ask(batch).body == R"({"data":[{"ts":2,"val":[]}]})");
        CHECK(dialect->hear(batch, {200, {}, {}}).kind == Outcome::Kind::unfinished);
        static_cast<void>(dialect->ask(batch));
        CHECK(kinds(dialect->hear(batch, {409, {}, {}})) == std::vector{Kind::delivered});
    }
    SECTION("it has forgotten the key") {
        CHECK(dialect->hear(batch, {404, {}, {}}).kind == Outcome::Kind::unfinished);
        CHECK(dialect->ask(batch).method == "POST");
        static_cast<void>(dialect->hear(batch, with_key("l")));
        CHECK(dialect->ask(batch).url == "https://m/archive/l/");
        CHECK(dialect->hear(batch, {404, {}, {}}).kind == Outcome::Kind::unclear);
    }
}

TEST_CASE("esmond: answers that are none, an archive that only answers, messages that are none") {
    const Items items({esmond_body(R"({"ts":1,"val":[]})")});
    const auto dialect = make_esmond_dialect("https://m/archive/");
    for (const char* body :
         {"<html>", "{}", R"({"metadata-key":7})", R"({"metadata-key":"../x"})", R"({"metadata-key":""})"}) {
        static_cast<void>(dialect->ask(items.span()));
        const auto outcome = dialect->hear(items.span(), {200, body, {}});
        CHECK(outcome.kind == Outcome::Kind::lost);
        CHECK(outcome.error.kind == ErrorKind::protocol);
    }
    const auto read_only = dialect->hear(items.span(), {405, {}, {}});
    CHECK(read_only.kind == Outcome::Kind::lost);
    CHECK(read_only.error.kind == ErrorKind::configuration);

    const Items others({"{}", "not json", R"({"metadata":{},"data":[]})", R"({"metadata":7,"data":[{}]})"});
    for (const Item& item : others.span())
        CHECK_FALSE(dialect->objection(item).empty());
    CHECK(dialect->objection(items.span()[0]).empty());
}
