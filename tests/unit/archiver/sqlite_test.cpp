#include "archiver/archive_type.hpp"
#include "archiver/database.hpp"
#include "archiver/raw_body.hpp"
#include "archiver/reporter.hpp"
#include "archiver/schema.hpp"
#include "archiver/stop.hpp"
#include "lib/file.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <csignal>
#include <deque>

using namespace meshprobe;

namespace {

std::string body_of(std::string_view points, std::string_view event_type = "throughput",
                    std::string_view key = "k1", std::string_view source = "192.0.2.1") {
    return fmt::format(
        R"({{"meta":{{"subject_type":"point-to-point","source":"{}","destination":null,"org_metadata_key":"{}",)"
        R"("event-type":"{}","time_duration":30,"summaries":0}},"version":2,"datapoints":{{{}}}}})",
        source, key, event_type, points);
}

std::string flagged_body(std::string_view points, std::string_view limits) {
    std::string body = body_of(points);
    body.insert(body.find("},\"version\""), fmt::format(R"(,"limits":{})", limits));
    return body;
}

/// An archive of its own in a scratch root.
class Local {
  public:
    explicit Local(std::optional<Microseconds> age = {}, std::optional<std::uint64_t> size = {}) {
        archive.name = "a";
        archive.archiver = "sqlite";
        archive.retention_age = age;
        archive.retention_size = size;
        auto made = make_archive({paths, archive, reporter, stop});
        REQUIRE(made);
        type = std::move(*made);
    }
    void connect() { REQUIRE(type->connect()); }
    /// The verdict on one message.
    Result<Verdict> send(const std::string& body, const std::string& host = "h",
                         const std::string& format = "raw") {
        SegmentHeader header{"meshprobe@h", host, "default", "a", "r", format};
        const Message message{"r-0", "throughput", 1, body};
        const std::array items{Item{++ticket, &header, &message}};
        if (auto sent = type->send(items); !sent) return fail(sent.error());
        auto verdicts = type->settle();
        REQUIRE(verdicts);
        REQUIRE(verdicts->size() == 1);
        return verdicts->front();
    }
    void deliver(const std::string& body, const std::string& host = "h") {
        const auto verdict = send(body, host);
        REQUIRE(verdict);
        CHECK(verdict->kind == Verdict::Kind::delivered);
    }
    std::string ask(std::string_view sql) const {
        auto database = Database::open(file());
        REQUIRE(database);
        auto query = (*database)->prepare(sql);
        if (!query) FAIL(query.error().message);
        std::string answer;
        while (*query->step())
            answer += fmt::format("{}{}", answer.empty() ? "" : " ", query->text(0));
        return answer;
    }
    void tidy() {
        for (auto more = type->tidy(true);; more = type->tidy(false)) {
            REQUIRE(more);
            if (!*more) return;
        }
    }
    std::filesystem::path file() const { return paths.local_archive() / "a.db"; }

    test::TemporaryDirectory directory;
    const Paths paths{directory.path()};
    const Journal journal{"test", Journal::Sink::standard_error};
    Reporter reporter{journal, paths, "a"};
    const Stop stop{FileDescriptor(eventfd(0, EFD_CLOEXEC))};
    Archive archive;
    std::unique_ptr<ArchiveType> type;
    std::uint64_t ticket = 0;
};

} // namespace

TEST_CASE("values keep their type") {
    Local local;
    local.connect();
    local.deliver(body_of(
        R"("1":5,"2":1.5,"3":{"10.1": 3},"4":[1, 2],"5":"text","6":null,"7":true,"8":123456789012345678901234567890,"9":-7)"));
    CHECK(local.ask("SELECT typeof(value) FROM results ORDER BY ts") ==
          "integer real text text text text text text integer");
    CHECK(local.ask("SELECT value FROM results ORDER BY ts") ==
          R"(5 1.5 {"10.1": 3} [1, 2] "text" null true 123456789012345678901234567890 -7)");
}

TEST_CASE("the view shows what describes a point") {
    Local local;
    local.connect();
    local.deliver(body_of(R"("1700000000":1)"), "ps1.example.org");
    CHECK(local.ask("SELECT host || metadata_key || event_type || ts || time || source || subject_type || "
                    "time_duration || "
                    "(destination IS NULL) FROM results") ==
          "ps1.example.orgk1throughput17000000002023-11-14T22:13:20Z192.0.2.1point-to-point301");
}

TEST_CASE("a point delivered twice is there once, with its last value") {
    Local local;
    local.connect();
    local.deliver(body_of(R"("1":5,"2":6)"));
    local.deliver(body_of(R"("2":6,"3":7)"));
    local.deliver(body_of(R"("3":{"a":1})"));
    CHECK(local.ask("SELECT ts || '=' || value FROM results ORDER BY ts") == R"(1=5 2=6 3={"a":1})");
    CHECK(local.ask("SELECT points FROM volume") == "3");
}

TEST_CASE("the same key of another archive, or another event type, is another series") {
    Local local;
    local.connect();
    local.deliver(body_of(R"("1":5)"), "h1");
    local.deliver(body_of(R"("1":6)"), "h2");
    local.deliver(body_of(R"("1":7)", "packet-loss-rate"), "h1");
    CHECK(local.ask("SELECT count(*) FROM results") == "3");
    CHECK(local.ask("SELECT count(*) FROM metadata") == "2");
}

TEST_CASE("changed metadata is updated in place") {
    Local local;
    local.connect();
    local.deliver(body_of(R"("1":5)", "throughput", "k1", "192.0.2.1"));
    local.deliver(body_of(R"("2":5)", "throughput", "k1", "192.0.2.2"));
    CHECK(local.ask("SELECT DISTINCT source FROM results") == "192.0.2.2");
}

TEST_CASE("volume counts points and bytes by host and day") {
    Local local;
    local.connect();
    local.deliver(body_of(R"("86399":5,"86400":123)"), "h1");
    CHECK(local.ask("SELECT host || ' ' || day || ' ' || points || ' ' || bytes FROM volume") ==
          "h1 1970-01-01 1 1 h1 1970-01-02 1 3");
}

TEST_CASE("bodies of another shape are refused, and leave nothing behind") {
    Local local;
    local.connect();
    const auto* body =
        GENERATE("", "x", "[]", "{}", R"({"meta":{}})", R"({"meta":7,"datapoints":{}})",
                 R"({"meta":{"org_metadata_key":"k","event-type":"e"},"datapoints":[]})",
                 R"({"meta":{"org_metadata_key":"k","event-type":"e"},"datapoints":{"x":1}})",
                 R"({"meta":{"org_metadata_key":"k","event-type":"e"},"datapoints":{"-5":1}})",
                 R"({"meta":{"org_metadata_key":"k","event-type":"e"},"datapoints":{"1":1},)",
                 R"({"meta":{"org_metadata_key":"k","event-type":"e"},"datapoints":{"1":1}}{})",
                 R"({"meta":{"org_metadata_key":"","event-type":"e"},"datapoints":{"1":1}})");
    const auto verdict = local.send(body);
    REQUIRE(verdict);
    CHECK(verdict->kind == Verdict::Kind::refused);
    CHECK_FALSE(verdict->reason.empty());
    CHECK(local.ask("SELECT count(*) FROM point") == "0");
}

TEST_CASE("another format is refused") {
    Local local;
    local.connect();
    CHECK(local.send(body_of(R"("1":1)"), "h", "lines")->kind == Verdict::Kind::refused);
}

TEST_CASE("confirmed points survive the end of the connection") {
    Local local;
    local.connect();
    local.deliver(body_of(R"("1":1)"));
    local.type->disconnect();
    local.connect();
    local.deliver(body_of(R"("2":1)"));
    CHECK(local.ask("SELECT count(*) FROM results") == "2");
}

TEST_CASE("retention by age deletes whole days, and what described them") {
    Local local(std::chrono::days(30));
    local.connect();
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    local.deliver(body_of(fmt::format(R"("{}":1,"{}":1)", now - 40 * 86400, now - 29 * 86400)));
    local.deliver(body_of(fmt::format(R"("{}":1)", now - 35 * 86400), "throughput", "k2"));
    local.deliver(body_of(fmt::format(R"("{}":1)", now)));
    local.deliver(body_of(fmt::format(R"("{}":1)", now + 400 * 86400)), "ahead"); // by its own clock
    local.tidy();
    CHECK(local.ask("SELECT min(ts) FROM results") == std::to_string(now - 29 * 86400));
    CHECK(local.ask("SELECT sum(points) FROM volume WHERE host = 'h'") == "2");
    CHECK(local.ask("SELECT DISTINCT key FROM metadata") == "k1");
    // a series that was deleted and comes back
    local.deliver(body_of(fmt::format(R"("{}":1)", now), "throughput", "k2"));
    CHECK(local.ask("SELECT count(*) FROM results WHERE host = 'h'") == "3");
}

TEST_CASE("retention by age counts from the newest result: a clock that is years ahead empties nothing") {
    Local local(std::chrono::days(30));
    local.connect();
    local.deliver(body_of(R"("1700000000":1,"1697000000":1)"));
    local.tidy();
    CHECK(local.ask("SELECT ts FROM results") == "1700000000");
}

TEST_CASE("retention by size deletes the oldest days and bounds the file") {
    constexpr std::uint64_t size = 4U << 20;
    Local local({}, size);
    local.connect();
    const std::string value = fmt::format("\"{}\"", std::string(1000, 'x'));
    for (int day = 0; day < 30; ++day) {
        std::string points;
        for (int point = 0; point < 500; ++point) {
            points += fmt::format("{}\"{}\":{}", point == 0 ? "" : ",", 1'700'000'000 + day * 86'400 + point,
                                  value);
        }
        local.deliver(body_of(points));
    }
    local.tidy();
    CHECK(local.ask("SELECT max(ts) FROM point") == std::to_string(1'700'000'000 + 29 * 86'400 + 499));
    CHECK(std::stoll(local.ask("SELECT min(ts) FROM point")) > 1'700'000'000 + 20 * 86'400);
    CHECK(local.ask("SELECT (SELECT count(*) FROM point) = (SELECT sum(points) FROM volume)") == "1");
    CHECK(std::filesystem::file_size(local.file()) <= size); // with the connection still up
}

TEST_CASE("retention looks once a minute, and when it is the last time") {
    Local local(std::chrono::days(30));
    local.connect();
    local.tidy();
    local.deliver(body_of(R"("1700000000":1,"1697000000":1)"));
    REQUIRE_FALSE(*local.type->tidy(false));
    CHECK(local.ask("SELECT count(*) FROM point") == "2");
    local.tidy();
    CHECK(local.ask("SELECT count(*) FROM point") == "1");
}

TEST_CASE("a database that is taken away while it is open gets nothing that counts as delivered") {
    Local local;
    local.connect();
    local.deliver(body_of(R"("1":1)"));
    SECTION("removed") {
        for (const char* suffix : {"", "-wal", "-shm"})
            std::filesystem::remove(local.file().string() + suffix);
    }
    SECTION("moved") {
        std::filesystem::rename(local.file(), local.file().string() + ".old");
    }
    SECTION("replaced") {
        std::filesystem::rename(local.file(), local.file().string() + ".old");
        REQUIRE(write_file_atomically(local.file(), ""));
    }
    const auto verdict = local.send(body_of(R"("2":1)"));
    REQUIRE_FALSE(verdict);
    CHECK(verdict.error().message.find("moved or removed") != std::string::npos);
    REQUIRE(local.type->settle());
    local.connect();
    local.deliver(body_of(R"("2":1)"));
    CHECK(local.ask("SELECT ts FROM results") == "2");
}

TEST_CASE("somebody else's database is left alone") {
    Local local;
    std::filesystem::create_directories(local.file().parent_path());
    REQUIRE((*Database::open(local.file()))->execute("CREATE TABLE mine (a)"));
    const auto connected = local.type->connect();
    REQUIRE_FALSE(connected);
    CHECK(connected.error().kind == ErrorKind::configuration);
    CHECK(local.ask("SELECT name FROM sqlite_master") == "mine");
}

TEST_CASE("a damaged database is a clear error") {
    Local local;
    local.connect();
    local.deliver(body_of(R"("1":1)"));
    local.type->disconnect();
    REQUIRE(write_file_atomically(local.file(), std::string(100'000, 'x')));
    const auto connected = local.type->connect();
    REQUIRE_FALSE(connected);
    CHECK(connected.error().kind == ErrorKind::storage);
    CHECK(connected.error().message.find("is damaged") != std::string::npos);
    CHECK(connected.error().message.find("still in the spool") != std::string::npos);
}

TEST_CASE("which limits flagged a point is kept beside it") {
    Local local;
    local.connect();
    local.deliver(body_of(R"("1":5)"));
    local.deliver(flagged_body(R"("2":6,"3":7)", R"(["odd","far"])"));
    local.deliver(flagged_body(R"("4":8)", R"(["odd"])"));
    CHECK(local.ask("SELECT ts || ':' || ifnull(flagged_by, '-') FROM results ORDER BY ts") ==
          "1:- 2:far,odd 3:far,odd 4:odd");
    CHECK(local.ask("SELECT host || metadata_key || event_type || ts || '=' || value FROM flagged "
                    "WHERE limit_name = 'far' ORDER BY ts") == "hk1throughput2=6 hk1throughput3=7");
    SECTION("a second delivery says what holds now") {
        local.deliver(flagged_body(R"("2":6)", R"(["odd"])"));
        local.deliver(body_of(R"("3":7)"));
        CHECK(local.ask("SELECT ts || limit_name FROM flagged ORDER BY ts") == "2odd 4odd");
    }
    SECTION("names that are none are refused") {
        CHECK(local.send(flagged_body(R"("5":6)", R"("odd")"))->kind == Verdict::Kind::refused);
        CHECK(local.send(flagged_body(R"("5":6)", "[7]"))->kind == Verdict::Kind::refused);
    }
}

TEST_CASE("flags go with the day that they are of") {
    Local local(std::chrono::days(30));
    local.connect();
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    local.deliver(
        flagged_body(fmt::format(R"("{}":1,"{}":1)", now - 40 * 86400, now - 29 * 86400), R"(["odd"])"));
    local.deliver(flagged_body(fmt::format(R"("{}":1)", now - 40 * 86400), R"(["odd"])"), "other");
    local.deliver(body_of(fmt::format(R"("{}":1)", now)));
    local.tidy();
    CHECK(local.ask("SELECT ts FROM flag") == std::to_string(now - 29 * 86400));
    CHECK(local.ask("SELECT ts FROM flagged") == std::to_string(now - 29 * 86400));
}

TEST_CASE("a database of version 1 goes on with what it has, and keeps flags from now on") {
    Local local;
    REQUIRE(make_directories(local.file().parent_path()));
    {
        auto old = Database::open(local.file());
        REQUIRE(old);
        REQUIRE((*old)->execute(first_schema));
        REQUIRE((*old)->execute("INSERT INTO measurement_archive VALUES (1, 'h');"
                                "INSERT INTO event_type VALUES (1, 'throughput');"
                                "INSERT INTO metadata (id, measurement_archive, key) VALUES (1, 1, 'k1');"
                                "INSERT INTO series VALUES (1, 1, 1);"
                                "INSERT INTO point VALUES (1, 1, 5)"));
    }
    local.connect();
    CHECK(local.ask("SELECT version FROM schema_version") == "2");
    local.deliver(flagged_body(R"("2":6)", R"(["odd"])"));
    CHECK(local.ask("SELECT ts || ':' || value || ':' || ifnull(flagged_by, '-') FROM results ORDER BY ts") ==
          "1:5:- 2:6:odd");
    CHECK(local.ask("SELECT count(*) FROM series") == "1");
    local.type->disconnect();
    local.connect();
    CHECK(local.ask("SELECT count(*) FROM flagged") == "1");

    Local fresh; // the way there does not matter
    fresh.connect();
    constexpr auto* tables =
        "SELECT type || name || sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name";
    CHECK(local.ask(tables) == fresh.ask(tables));
}

TEST_CASE("an upgrade that fails half-way leaves the old tables") {
    Local local;
    REQUIRE(make_directories(local.file().parent_path()));
    {
        auto old = Database::open(local.file());
        REQUIRE(old);
        REQUIRE((*old)->execute(first_schema));
        REQUIRE((*old)->execute("CREATE TABLE flag (mine)"));
    }
    CHECK_FALSE(local.type->connect());
    CHECK(local.ask("SELECT version FROM schema_version") == "1");
    CHECK(local.ask("SELECT count(*) FROM sqlite_master WHERE name = 'limit_name'") == "0");
}

TEST_CASE("a database of a later version is left alone") {
    Local local;
    local.connect();
    local.type->disconnect();
    REQUIRE((*Database::open(local.file()))->execute("UPDATE schema_version SET version = 99"));
    const auto connected = local.type->connect();
    REQUIRE_FALSE(connected);
    CHECK(connected.error().kind == ErrorKind::configuration);
}

TEST_CASE("a full disk is an error, loses nothing, and passes") {
    Local local;
    local.connect();
    local.deliver(body_of(R"("1":1)"));
    // as a full disk, the file size limit makes writes fail half-way
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const rlimit tiny{200'000, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &tiny) == 0);
    const std::string big = body_of(fmt::format(R"("2":"{}","3":1)", std::string(1'000'000, 'x')));
    const auto verdict = local.send(big);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    REQUIRE_FALSE(verdict);
    CHECK(verdict.error().kind == ErrorKind::storage);
    CHECK(local.ask("SELECT count(*) FROM results") == "1");
    local.type->disconnect();
    local.connect();
    local.deliver(big);
    CHECK(local.ask("SELECT count(*) FROM results") == "3");
}

TEST_CASE("raw bodies: members in any order, blanks, escapes, fractions of seconds") {
    RawBodyReader reader;
    const auto body = reader.read(
        R"( {"datapoints": { "1.75" : { "a" : 1 } , "2" : 3 } , "x": [{"y":[]}], "meta": {"event-type":"e","org_metadata_key":"k\u00e9"}} )");
    REQUIRE(body);
    CHECK((*body)->metadata_key == "k\u00e9");
    REQUIRE((*body)->points.size() == 2);
    CHECK((*body)->points[0].ts == 1);
    CHECK(std::get<std::string_view>((*body)->points[0].value) == R"({ "a" : 1 })");
    CHECK(std::get<std::int64_t>((*body)->points[1].value) == 3);
}

TEST_CASE("summaries are series of their own beside the results they are made from") {
    Local local;
    local.connect();
    local.deliver(body_of(R"("300":1)", "packet-loss-rate"));
    const auto summaries = [](std::string_view window, std::string_view data) {
        return fmt::format(
            R"({{"meta":{{"source":"192.0.2.1","org_metadata_key":"k1","event-type":"packet-loss-rate","summaries":1}},)"
            R"("version":2,"summaries":[{{"event_type":"packet-loss-rate","summary_type":"aggregation",)"
            R"("summary_window":{},"summary_data":{}}}]}})",
            window, data);
    };
    local.deliver(summaries(R"("300")", R"([[300,0.5],[600,{"mean":2}]])"));
    local.deliver(summaries("3600", "[[0,7]]")); // as others write the window
    local.deliver(summaries(R"("300")", "[[600,8]]"));
    CHECK(local.ask("SELECT event_type || ':' || ts || '=' || value FROM results ORDER BY event_type, ts") ==
          "packet-loss-rate:300=1 packet-loss-rate/aggregation/300:300=0.5 "
          "packet-loss-rate/aggregation/300:600=8 packet-loss-rate/aggregation/3600:0=7");
    CHECK(local.ask("SELECT count(*) FROM metadata") == "1");
    for (const auto* wrong : {"[[300]]", "[[300,1,2]]", "[5]", "{}", R"([["x",1]])"}) {
        CAPTURE(wrong);
        const auto verdict = local.send(summaries("300", wrong));
        REQUIRE(verdict);
        CHECK(verdict->kind != Verdict::Kind::delivered);
    }
    const auto no_window = local.send(summaries("\"300/x\"", "[[300,1]]"));
    REQUIRE(no_window);
    CHECK(no_window->kind != Verdict::Kind::delivered);
}
