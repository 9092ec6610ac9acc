#include "lib/file.hpp"
#include "lib/json.hpp"
#include "lib/mesh/location.hpp"
#include "lib/mesh/template.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

using namespace meshprobe;
using nlohmann::json;

namespace {

std::string fixture(const std::string& name) {
    const auto text =
        read_file(std::string(MESHPROBE_SOURCE_DIR) + "/tests/fixtures/psconfig/" + name, 16U << 20);
    REQUIRE(text);
    return *text;
}

Result<MeshDocument> parse(std::string_view text, DocumentRules rules = {}, std::string_view location = {},
                           const IncludeLookup& lookup = {}) {
    const auto read = read_mesh_template(text, location, lookup);
    if (!read) return fail(read.error());
    return extract_measurement_archives(*read, {.rules = rules});
}

MeshDocument parsed(std::string_view text, DocumentRules rules = {}) {
    const auto document = parse(text, rules, "https://mesh.example.net/pub/config/x");
    INFO((document ? "" : document.error().message));
    REQUIRE(document);
    return *document;
}

std::vector<std::string> urls(const MeshDocument& document) {
    std::vector<std::string> result;
    for (const auto& archive : document.archives)
        result.push_back(archive.url);
    std::ranges::sort(result);
    return result;
}

std::string with_archive(const std::string& archive) {
    return R"({"addresses":{},"groups":{},"tests":{},"tasks":{},"archives":{"a":)" + archive + "}}";
}

std::string esmond(const std::string& url) {
    return with_archive(json{{"archiver", "esmond"}, {"data", {{"url", url}}}}.dump());
}

/// What the collector must make of a URL of the fixtures, written down independently: nullopt is "not
/// usable".
std::optional<std::string> normalised(std::string url) {
    if (url.find("://") == std::string::npos) return std::nullopt;
    std::ranges::transform(url, url.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!url.ends_with('/')) url += '/';
    if (std::ranges::count(url, '/') == 3) url += "esmond/perfsonar/archive/";
    return url;
}

std::string refusal_text(const MeshDocument& document) {
    std::string text;
    for (const auto& refusal : document.refusals)
        text += refusal.what + ": " + refusal.reason + "\n";
    return text;
}

} // namespace

TEST_CASE("every document of the field gives the read URLs that an independent reader found") {
    const json expected = json::parse(fixture("derived.expected.json")).at("files");
    REQUIRE(expected.size() >= 14);
    for (const auto& [name, facts] : expected.items()) {
        INFO(name);
        const MeshDocument document = parsed(fixture(name));
        const bool is_template = facts.at("form") == "psconfig";
        CHECK(document.form == (is_template ? MeshForm::psconfig : MeshForm::meshconfig));

        std::set<std::string> wanted;
        std::size_t unusable = 0;
        for (const auto& url : is_template ? facts.at("archives") : facts.at("read-urls")) {
            const auto normal = url.is_null() ? std::nullopt : normalised(url.get<std::string>());
            normal ? static_cast<void>(wanted.insert(*normal)) : static_cast<void>(++unusable);
        }
        CHECK(urls(document) == std::vector<std::string>(wanted.begin(), wanted.end()));
        CHECK(document.refusals.size() == unusable);
    }
}

TEST_CASE("an include list names documents to fetch, each once") {
    const MeshDocument list = parsed(fixture("include-list.json"));
    CHECK(list.form == MeshForm::include_list);
    CHECK(list.includes ==
          std::vector<std::string>{"https://mesh.example.net/pub/config/latentput",
                                   "https://mesh.example.net/pub/config/testbed?format=psconfig"});
    CHECK(
        parsed(
            R"([{"include":"https://A.example.org:443/x"},{"include":["https://a.example.org/x","b","../c"]}])")
            .includes == std::vector<std::string>{"https://a.example.org/x",
                                                  "https://mesh.example.net/pub/config/b",
                                                  "https://mesh.example.net/pub/c"});
    CHECK(parsed("[]").includes.empty());

    const MeshDocument hostile =
        parsed(R"([{"include":["file:///etc/passwd","ftp://a.example.org/","https://ok.example.org/"]}])");
    CHECK(hostile.includes == std::vector<std::string>{"https://ok.example.org/"});
    CHECK(hostile.refusals.size() == 2);
}

TEST_CASE("what is no mesh document says what it looks like instead") {
    const std::map<std::string, std::string> cases{
        {"", "empty document"},
        {"  \n", "empty document"},
        {"<!DOCTYPE html><html><head><title> Sign in </title>",
         "an HTML page (a login page?) titled \"Sign in\""},
        {"<?xml version=\"1.0\"?><mesh/>", "XML"},
        {"not found", "not JSON; it begins with \"not found\""},
        {"{}", "an empty JSON object"},
        {R"({"error":"no such mesh"})", "the member \"error\""},
        {R"([{"a":1}])", "without any \"include\""},
        {"[1,2]", "without any \"include\""},
        {"42", "a JSON number"},
        {R"({"addresses":{"a":{"addr)", "ends early, after 24 bytes"},
        {R"({"addresses":{"a" 1}})", "broken JSON, at line 1, column 19"},
        {"{\"addresses\":\n{\"\xc3\xa9\" 1}}", "broken JSON, at line 2, column 6"},
        {"{\"addresses\":{\"\xff\xfe\":{}}", "ends early"},
        {std::string("{\"addresses\":{}}\0 garbage", 26), "broken JSON, at line 1, column 17: a NUL byte"},
        {std::string("[]\0", 3), "a NUL byte"},
        {std::string(100, '[') + std::string(100, ']'), "without any \"include\""},
        {std::string(10'000'000, '['), "ends early, after 10000000 bytes"},
        {"\x1f\x8b\x08", "gzip"},
    };
    for (const auto& [text, reason] : cases) {
        const auto document = parse(text, {});
        INFO(text.substr(0, 60));
        REQUIRE_FALSE(document);
        CHECK(document.error().kind == ErrorKind::protocol);
        CHECK_THAT(document.error().message, Catch::Matchers::Contains(reason));
    }
}

TEST_CASE("what harms only its own place in a text is told, and the rest is read") {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    struct Row {
        std::string text;     ///< of `_meta` of the address
        std::string expected; ///< what it is read as
        std::string told;
    };
    const std::string bad_text = ": no UTF-8, or half a surrogate pair; read as U+FFFD";
    const std::vector<Row> rows{
        {R"("plain")", R"("plain")", ""},
        {"\"caf\xe9\"", "\"caf\xef\xbf\xbd\"", "line 2, column 18" + bad_text},
        {"\"\xc3\xa9\xe9 \xff\"", "\"\xc3\xa9\xef\xbf\xbd \xef\xbf\xbd\"", "line 2, column 16" + bad_text},
        {R"("\ud83d")", R"("\ufffd")", "line 2, column 15" + bad_text},
        {R"("\\\uDC00\ud83d\udca1")", R"("\\\ufffd\ud83d\udca1")", "line 2, column 17" + bad_text},
        {nested(61), nested(61), ""},
        {nested(62), nested(61).replace(61, 0, "null"),
         "/addresses/a/_meta" +
             [] {
                 std::string path;
                 for (int level = 0; level < 61; ++level)
                     path += "/0";
                 return path;
             }() +
             ": it is nested more than 64 deep, and left out"},
        {R"([1e999,2])", "[null,2]", ""},
        {R"([{"x":1,"#":2,"#":3,"x":4}])", R"([{"x":4}])",
         "/addresses/a/_meta/0/x: the object has this member twice; the last one counts"},
    };
    for (const Row& row : rows) {
        INFO(row.text);
        const auto read = read_mesh_template(
            "{\"addresses\":{\"a\":{\"address\":\"a.example\",\n    \"_meta\": " + row.text + "}}}");
        REQUIRE(read);
        CHECK(read->document["addresses"]["a"]["_meta"] == json::parse(row.expected));
        CHECK(read->refusals.size() == (row.told.empty() ? 0 : 1));
        for (const Omission& omission : read->refusals) {
            CHECK(omission.what == "the document");
            CHECK_THAT(omission.reason, Catch::Matchers::StartsWith(row.told));
        }
    }
    const auto deep = read_mesh_template(R"({"addresses":{},"_meta":)" + nested(1'000'000) + "}");
    REQUIRE(deep);
    CHECK(deep->refusals.size() == 1);
}

TEST_CASE("what a list or a template does not include is told with its place") {
    const auto list = parsed(R"([{"include":["https://a.example.org/",7]},{"foo":1},5,null,{"include":3}])");
    CHECK(list.includes.size() == 1);
    CHECK_THAT(refusal_text(list), Catch::Matchers::Contains("/0/include/1: expected a URL") &&
                                       Catch::Matchers::Contains("/1: expected an object with \"include\"") &&
                                       Catch::Matchers::Contains("/2: expected an object") &&
                                       Catch::Matchers::Contains("/3: expected an object") &&
                                       Catch::Matchers::Contains("/4/include: expected an array of URLs"));
    CHECK_THAT(refusal_text(parsed(R"({"addresses":{},"includes":["https://a.example.org/",{}]})")),
               Catch::Matchers::Contains("/includes/1: expected a URL"));
}

TEST_CASE("what is of the wrong type in a MeshConfig is told with its place") {
    const auto document =
        parsed(R"({"organizations":[5,{"sites":7,"hosts":[null,"a",{"addresses":"a.example"},
        {"addresses":[5,{},null,{"address":7},"b.example"]}]}],"tests":[]})");
    const std::string told = refusal_text(document);
    for (const char* place :
         {"/organizations/0: expected an object", "/organizations/1/sites: expected an array",
          "/organizations/1/hosts/0: expected an object", "/organizations/1/hosts/1: expected an object",
          "/organizations/1/hosts/2/addresses: expected an array",
          "/organizations/1/hosts/3/addresses/0: expected an address",
          "/organizations/1/hosts/3/addresses/1: ", "/organizations/1/hosts/3/addresses/2: ",
          "/organizations/1/hosts/3/addresses/3: "})
        CHECK_THAT(told, Catch::Matchers::Contains(place));
    CHECK(document.refusals.size() == 9);
}

namespace {

/// A MeshConfig of two hosts with these tests.
json translated(const std::string& tests) {
    const auto read = read_mesh_template(
        R"({"organizations":[{"hosts":[{"addresses":["a.example"]},{"addresses":["b.example"]}]}],"tests":[)" +
        tests + "]}");
    REQUIRE(read);
    return read->document;
}

} // namespace

TEST_CASE("tests of a MeshConfig keep their own slip, whatever they share") {
    const auto test = [](const std::string& name, const std::string& parameters) {
        return R"({"description":")" + name +
               R"(","members":{"type":"mesh","members":["a.example","b.example"]},"parameters":{"type":"pinger",)" +
               parameters + "}}";
    };
    const json document = translated(test("one", R"("interval":3600,"slip":60)") + "," +
                                     test("two", R"("interval":3600,"slip":1800)") + "," +
                                     test("three", R"("interval":3600,"slip":60,"slip_randomize":false)") +
                                     "," + test("four", R"("interval":3600,"slip":60)"));
    const auto schedule = [&](const char* task) {
        return document["schedules"][document["tasks"][task]["schedule"].get<std::string>()];
    };
    CHECK(schedule("one") == json{{"repeat", "PT3600S"}, {"slip", "PT60S"}, {"sliprand", true}});
    CHECK(schedule("two") == json{{"repeat", "PT3600S"}, {"slip", "PT1800S"}, {"sliprand", true}});
    CHECK(schedule("three") == json{{"repeat", "PT3600S"}, {"slip", "PT60S"}, {"sliprand", false}});
    CHECK(document["schedules"].size() == 3);

    // The second task of a test replaces no other.
    const std::string both_ways = test("x", R"("interval":30,"force_bidirectional":1)");
    const std::string taken = test("x_scheduled_by_dest", R"("interval":60)");
    for (const auto& [tests, task, other] :
         {std::tuple(taken + "," + both_ways, "x_scheduled_by_dest", "x_scheduled_by_dest_2"),
          std::tuple(both_ways + "," + taken, "x_scheduled_by_dest_2", "x_scheduled_by_dest")}) {
        const json tasks = translated(tests)["tasks"];
        CHECK(tasks.size() == 3);
        CHECK(tasks[task]["schedule"] == "repeat-PT60S");
        CHECK(tasks[task].contains("scheduled-by") == false);
        CHECK(tasks[other]["scheduled-by"] == 1);
    }
}

TEST_CASE("a MeshConfig that includes itself is not doubled, and the loop is named") {
    const std::string text =
        R"({"organizations":[{"hosts":[{"addresses":["a.example"]}]}],"tests":[],"include":["m","part"]})";
    const auto lookup = [&](std::string_view location) -> std::optional<std::string_view> {
        if (location.ends_with("/part")) return R"({"include":["m"]})";
        return text;
    };
    const auto read = read_mesh_template(text, "https://mesh.example.net/m", lookup);
    REQUIRE(read);
    CHECK(read->document["hosts"].size() == 1);
    std::string told;
    for (const Omission& omission : read->refusals)
        told += omission.what + ": " + omission.reason + "\n";
    CHECK(read->refusals.size() == 2);
    CHECK_THAT(told, Catch::Matchers::Contains("mesh.example.net/m\": the document includes itself") &&
                         Catch::Matchers::Contains("a loop: \"https://mesh.example.net/part\" includes it"));
}

TEST_CASE("an archive behind /logstash has an OpenSearch, too") {
    const auto found = parsed(R"({"archives":{
        "plain":{"archiver":"http","data":{"_url":"https://A.example.org:8443/logstash"}},
        "other":{"archiver":"http","data":{"_url":"https://b.example.org/put"}},
        "varies":{"archiver":"http","data":{"_url":"https://{% localhost %}/logstash"}}},
      "addresses":{"c":{"address":"c.example.org"}},"groups":{"g":{"type":"list","addresses":[{"name":"c"}]}},
      "tests":{"t":{"type":"rtt","spec":{}}},"tasks":{"t":{"group":"g","test":"t","archives":["varies"]}}})");
    std::vector<std::string> searches;
    for (const MeasurementArchive& search : found.searches)
        searches.push_back(search.url);
    CHECK(searches == std::vector<std::string>{"https://a.example.org:8443/opensearch/",
                                               "https://c.example.org/opensearch/"});
}

TEST_CASE("a template may be empty, partial or commented") {
    CHECK(parsed(R"({"addresses":{},"groups":{},"tests":{},"tasks":{}})").archives.empty());
    CHECK(
        urls(
            parsed(
                R"({"archives":{"a":{"archiver":"esmond","data":{"url":"https://a.example.org/esmond/perfsonar/archive/"}}}})"))
            .size() == 1);
    const auto commented = parsed(
        R"({"#":"x","addresses":{},"archives":{"#off":{"archiver":"esmond","data":{"url":"https://off.example.org/"}},
        "on":{"#archiver":"rabbitmq","archiver":"esmond","data":{"#url":7,"url":"https://on.example.org/"}}}})");
    CHECK(urls(commented) == std::vector<std::string>{"https://on.example.org/esmond/perfsonar/archive/"});
}

TEST_CASE("spellings of a read URL become one") {
    const std::map<std::string, std::string> cases{
        {"https://PS1.Example.ORG:443/esmond/perfsonar/archive",
         "https://ps1.example.org/esmond/perfsonar/archive/"},
        {"HTTPS://ps1.example.org", "https://ps1.example.org/esmond/perfsonar/archive/"},
        {"http://ps1.example.org:80///", "http://ps1.example.org/esmond/perfsonar/archive/"},
        {"https://ps1.example.org:8443/ma///", "https://ps1.example.org:8443/ma/"},
        {" https://ps1.example.org./esmond/perfsonar/archive/?format=json#x ",
         "https://ps1.example.org/esmond/perfsonar/archive/"},
        {"ps1.example.org/esmond/perfsonar/archive", "https://ps1.example.org/esmond/perfsonar/archive/"},
        {"https://[2001:DB8:0::1]:8443/", "https://[2001:db8::1]:8443/esmond/perfsonar/archive/"},
    };
    for (const auto& [written, normal] : cases) {
        INFO(written);
        CHECK(urls(parsed(esmond(written))) == std::vector<std::string>{normal});
    }
}

TEST_CASE("http and https of one host are one archive; different paths are kept, the standard one first") {
    const auto document = parsed(R"({"archives":{
        "a":{"archiver":"esmond","data":{"url":"http://ps1.example.org/esmond/perfsonar/archive"}},
        "b":{"archiver":"esmond","data":{"url":"https://ps1.example.org/esmond/perfsonar/archive/"}},
        "c":{"archiver":"esmond","data":{"url":"https://ps1.example.org/another/"}}},"addresses":{}})");
    REQUIRE(document.archives.size() == 2);
    CHECK(document.archives[0] ==
          MeasurementArchive{"https://ps1.example.org/esmond/perfsonar/archive/", "ps1.example.org"});
    CHECK(document.archives[1] == MeasurementArchive{"https://ps1.example.org/another/", "ps1.example.org"});
}

TEST_CASE("what cannot be polled is refused with its reason") {
    const std::map<std::string, std::string> cases{
        {esmond("asdf"), "asdf"},
        {esmond(""), "no URL"},
        {esmond("https://" + std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') +
                ".example.org/"),
         "200"},
        {esmond("ftp://ps1.example.org/"), "http"},
        {esmond("https://user:secret@ps1.example.org/"), "passwords"},
        {esmond("https://ps1.example.org\\n/"), "ps1"},
        {esmond("https://ps1.example.org\n/x"), "control"},
        {esmond("http://ps1.example.org:8085/perfSONAR_PS/services/pSB"), "SOAP"},
        {esmond("https://localhost/esmond/perfsonar/archive/"), "allow-private"},
        {esmond("https://127.0.0.1/"), "allow-private"},
        {esmond("https://10.1.2.3/"), "allow-private"},
        {esmond("https://[::ffff:10.1.2.3]/"), "allow-private"},
        {esmond("https://169.254.1.1/"), "link-local"},
        {esmond("https://[fe80::1]/"), "link-local"},
        {esmond("https://0.0.0.0/"), "unspecified"},
        {esmond("https://224.0.0.1/"), "multicast"},
        {with_archive(R"({"archiver":"rabbitmq","data":{"_url":"amqp://a.example.org"}})"),
         "only pushed to archiver \"rabbitmq\""},
        {with_archive(R"({"archiver":"http","data":{"_url":"https://a.example.org/other"}})"), "/logstash"},
        {with_archive(R"({"archive":"esmond","data":{"url":"https://a.example.org/"}})"), "no archiver"},
        {with_archive(R"(17)"), "no archiver"},
        {with_archive(R"({"archiver":"esmond","data":{"url":"https://{% address[0] %}/"}})"),
         "no tuple of a task gives them a value"},
        {with_archive(R"({"archiver":"esmond","data":{"url":"https://{% address[0] "}})"), "{% address[0] "},
    };
    for (const auto& [text, reason] : cases) {
        INFO(text);
        const auto document = parsed(text);
        CHECK(document.archives.empty());
        CHECK(document.refusals.size() == 1);
        CHECK_THAT(refusal_text(document), Catch::Matchers::Contains(reason));
        const std::string shown = refusal_text(document);
        CHECK(std::ranges::all_of(shown,
                                  [](char c) { return c == '\n' || static_cast<unsigned char>(c) >= 0x20; }));
    }
}

TEST_CASE("allow-private admits private and loopback addresses, and no others") {
    for (const std::string host :
         {"localhost:8080", "127.0.0.1:8080", "[::1]:8080", "10.1.2.3", "192.168.1.1", "[fd00::1]"}) {
        INFO(host);
        CHECK(urls(parsed(esmond("http://" + host + "/"), {.allow_private = true})).size() == 1);
    }
    for (const std::string host : {"169.254.1.1", "[fe80::1]", "0.0.0.0", "[::]", "224.0.0.1"}) {
        INFO(host);
        CHECK(parsed(esmond("http://" + host + "/"), {.allow_private = true}).archives.empty());
    }
}

TEST_CASE("where a template says its results can be read, in order of preference") {
    const std::string base =
        R"("_url":"https://push.example.org:8443/logstash","url":"https://data.example.org/")";
    CHECK(
        urls(parsed(with_archive(
            R"({"archiver":"http","_meta":{"esmond_url":"https://meta.example.org/"},"data":{"_meta":{"esmond_url":"https://inner.example.org/"},)" +
            base + "}}"))) == std::vector<std::string>{"https://meta.example.org/esmond/perfsonar/archive/"});
    CHECK(urls(parsed(with_archive(
              R"({"archiver":"http","data":{"_meta":{"esmond_url":"https://inner.example.org/"},)" + base +
              "}}"))) == std::vector<std::string>{"https://inner.example.org/esmond/perfsonar/archive/"});
    CHECK(urls(parsed(with_archive(R"({"archiver":"esmond","data":{)" + base + "}}"))) ==
          std::vector<std::string>{"https://data.example.org/esmond/perfsonar/archive/"});
    CHECK(urls(parsed(with_archive(R"({"archiver":"http","data":{)" + base + "}}"))) ==
          std::vector<std::string>{"https://push.example.org:8443/esmond/perfsonar/archive/"});
}

TEST_CASE("an archive that only disabled tasks and hosts name is not polled") {
    const auto document = parsed(R"({"addresses":{},"archives":{
        "unnamed":{"archiver":"esmond","data":{"url":"https://unnamed.example.org/"}},
        "off":{"archiver":"esmond","data":{"url":"https://off.example.org/"}},
        "off-host":{"archiver":"esmond","data":{"url":"https://off-host.example.org/"}},
        "both":{"archiver":"esmond","data":{"url":"https://both.example.org/"}}},
        "tasks":{"t1":{"group":"g","test":"t","disabled":true,"archives":["off","both"]}},
        "hosts":{"h1":{"disabled":true,"archives":["off-host"]},"h2":{"archives":["both"]}}})");
    CHECK(urls(document) ==
          std::vector<std::string>{"https://both.example.org/esmond/perfsonar/archive/",
                                   "https://unnamed.example.org/esmond/perfsonar/archive/"});
}

TEST_CASE("a variable in a URL stands for every address that it can be") {
    const std::string document = R"({
        "archives":{"own":{"archiver":"esmond","data":{"url":"https://{% scheduled_by_address %}/esmond/perfsonar/archive/"}},
                    "of-host":{"archiver":"http","data":{"_url":"https://{% localhost %}:8443/logstash"}},
                    "first":{"archiver":"esmond","data":{"url":"https://{% pscheduler_address[0] %}/x"}}},
        "addresses":{"a":{"address":"a.example.org","host":"ha","pscheduler-address":"ctl.example.org"},
                     "b":{"address":"b.example.org","no-agent":true},
                     "c":{"address":"c.example.org","disabled":true},
                     "d":{"address":"2001:db8::d","labels":{"v4":{"address":"192.0.2.4"}}},
                     "e":{"address":"e.example.org"}},
        "hosts":{"ha":{"archives":["of-host"]}},
        "groups":{"g":{"type":"mesh","addresses":[{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"},{"name":"e","disabled":true}]},
                  "l":{"type":"list","addresses":[{"name":"d","label":"v4"}]}},
        "tests":{},
        "tasks":{"t":{"group":"g","test":"t","archives":["own"]},
                 "u":{"group":"l","test":"t","archives":["first"]},
                 "off":{"group":"g","test":"t","archives":["own"],"disabled":true}}})";
    const auto found = parsed(document);
    INFO(refusal_text(found));
    CHECK(urls(found) == std::vector<std::string>{"https://192.0.2.4/x/",
                                                  "https://[2001:db8::d]/esmond/perfsonar/archive/",
                                                  "https://a.example.org/esmond/perfsonar/archive/",
                                                  "https://a.example.org:8443/esmond/perfsonar/archive/"});
}

TEST_CASE("a mesh that expands without end is refused, and the rest of it is not") {
    json document{
        {"archives",
         {{"many", {{"archiver", "esmond"}, {"data", {{"url", "https://{% scheduled_by_address %}/"}}}}},
          {"one", {{"archiver", "esmond"}, {"data", {{"url", "https://one.example.org/"}}}}}}},
        {"groups", {{"g", {{"type", "mesh"}, {"addresses", json::array()}}}}},
        {"tasks", {{"t", {{"group", "g"}, {"test", "t"}, {"archives", {"many"}}}}}}};
    for (int index = 0; index < 3000; ++index) {
        const std::string name = fmt::format("h{}.example.org", index);
        document["addresses"][name] = {{"address", name}};
        document["groups"]["g"]["addresses"].push_back({{"name", name}});
    }
    const auto found = parsed(document.dump());
    CHECK(std::ranges::find(found.archives, "one.example.org", &MeasurementArchive::host) !=
          found.archives.end());
    CHECK_THAT(refusal_text(found), Catch::Matchers::Contains("too many pairs"));
}

TEST_CASE("templates are merged with what they include, their own entries first") {
    const std::map<std::string, std::string, std::less<>> parts{
        {"https://mesh.example.net/pub/config/part1",
         R"({"archives":{"a":{"archiver":"esmond","data":{"url":"https://wrong.example.org/"}},
             "b":{"archiver":"esmond","data":{"url":"https://b.example.org/"}}},"includes":["part2","x"]})"},
        {"https://mesh.example.net/pub/config/part2",
         R"({"archives":{"c":{"archiver":"esmond","data":{"url":"https://c.example.org/"}}},"includes":["part1","https://mesh.example.net/pub/config/x"]})"},
    };
    const auto lookup = [&](std::string_view location) -> std::optional<std::string_view> {
        const auto part = parts.find(location);
        return part == parts.end() ? std::nullopt : std::optional<std::string_view>(part->second);
    };
    const std::string text = R"({"includes":["part1","missing"],"addresses":{},
        "archives":{"a":{"archiver":"esmond","data":{"url":"https://a.example.org/"}}}})";
    const auto outline = outline_mesh_document(text, "https://mesh.example.net/pub/config/x");
    REQUIRE(outline);
    CHECK(outline->include_role == DocumentRole::template_part);
    CHECK(outline->includes.size() == 2);
    const auto document = parse(text, {}, "https://mesh.example.net/pub/config/x", lookup);
    REQUIRE(document);
    CHECK(urls(*document) == std::vector<std::string>{"https://a.example.org/esmond/perfsonar/archive/",
                                                      "https://b.example.org/esmond/perfsonar/archive/"});
}

TEST_CASE("what a part of a template includes is nobody's business, however little the part holds") {
    const auto includes = [](const std::string& text, DocumentRole role) {
        const auto outline = outline_mesh_document(text, "https://mesh.example.net/part", role);
        REQUIRE(outline);
        return outline->includes.size() + outline->refusals.size();
    };
    for (const std::string part : {R"({"addresses":{},"includes":["x","file:///etc/shadow"]})",
                                   R"({"_meta":{"include":["x"]},"includes":["y"]})", R"({"include":["x"]})",
                                   R"({"schedules":{"s":{"include":"x"}}})"}) {
        INFO(part);
        CHECK(includes(part, DocumentRole::template_part) == 0);
    }
    CHECK(includes(R"({"addresses":{},"includes":["x"]})", DocumentRole::whole) == 1);
    CHECK(includes(R"({"hosts":[{"include":["x"]}]})", DocumentRole::meshconfig_part) == 1);
    for (const std::string none : {"{}", "[]", R"({"error":"gone"})"}) {
        INFO(none);
        CHECK_FALSE(
            outline_mesh_document(none, "https://mesh.example.net/part", DocumentRole::template_part));
    }
}

TEST_CASE("of the URLs that a MeshConfig has for one host, the first one counts") {
    const auto document = parsed(R"({"organizations":[{"hosts":[{"addresses":["a"]}],"measurement_archives":[
            {"type":"traceroute","read_url":"https://h.example.org/third/"},
            {"type":"traceroute","read_url":"https://h.example.org:8443/other/"}]}],
        "tests":[],"measurement_archives":[
            {"type":"pinger","read_url":"https://h.example.org/esmond/perfsonar/archive"},
            {"type":"traceroute","read_url":"https://H.example.org:443/other/"}]})");
    CHECK(urls(document) == std::vector<std::string>{"https://h.example.org/esmond/perfsonar/archive/",
                                                     "https://h.example.org:8443/other/"});
}

TEST_CASE("a MeshConfig is merged with what it includes anywhere, and loops end") {
    const std::map<std::string, std::string, std::less<>> parts{
        {"https://mesh.example.net/org",
         R"({"sites":[{"hosts":[{"addresses":["h"],"include":["/host"]}]}]})"},
        {"https://mesh.example.net/host",
         R"({"measurement_archives":[{"type":"traceroute","read_url":"https://h.example.org/"}],"include":["/org","/host"]})"},
    };
    const auto lookup = [&](std::string_view location) -> std::optional<std::string_view> {
        const auto part = parts.find(location);
        return part == parts.end() ? std::nullopt : std::optional<std::string_view>(part->second);
    };
    const std::string text =
        R"({"organizations":[{"include":["/org"],"measurement_archives":[{"read_url":"https://o.example.org/"}]}],"tests":[]})";
    const auto document = parse(text, {}, "https://mesh.example.net/mesh", lookup);
    REQUIRE(document);
    CHECK(document->form == MeshForm::meshconfig);
    CHECK(urls(*document) == std::vector<std::string>{"https://h.example.org/esmond/perfsonar/archive/",
                                                      "https://o.example.org/esmond/perfsonar/archive/"});
}

TEST_CASE("a MeshConfig is read leniently, at every level") {
    const auto document =
        parsed(R"({"description":null,"measurement_archives":[{"read_url":"https://mesh.example.org/"}],
        "hosts":[{"addresses":[{"address":"x"}],"toolkit_url":"auto","no_agent":"1","measurement_archives":{"read_url":"https://host0.example.org/"}}],
        "organizations":[{"measurement_archives":[{"read_url":"https://org.example.org/"}],
            "hosts":[{"measurement_archives":[{"read_url":"https://host1.example.org/"}]}],
            "sites":[{"measurement_archives":[{"read_url":"https://site.example.org/"}],
                      "hosts":[{"measurement_archives":[{"read_url":"https://host2.example.org/"},{"write_url":"h:8569"}]}]}]}],
        "tests":[{"disabled":"0","measurement_archives":[{"read_url":"https://test.example.org/"}]},
                 {"disabled":"1","measurement_archives":[{"read_url":"https://off1.example.org/"}]},
                 {"disabled":true,"measurement_archives":[{"read_url":"https://off2.example.org/"}]},
                 {"disabled":1,"measurement_archives":[{"read_url":"https://off3.example.org/"}]}]})");
    std::vector<std::string> hosts;
    for (const auto& archive : document.archives)
        hosts.push_back(archive.host);
    CHECK(hosts == std::vector<std::string>{"host0.example.org", "host1.example.org", "host2.example.org",
                                            "mesh.example.org", "org.example.org", "site.example.org",
                                            "test.example.org"});
    CHECK(document.refusals.size() == 2); // no read_url, and tests without members
}

TEST_CASE("locations have one normal form, and the network names no files") {
    CHECK(normal_location("HTTPS://A.example.org:443/x/../y?q=1#f").value() == "https://a.example.org/y?q=1");
    CHECK(normal_location("file:///etc/meshprobe/mesh/../a.json").value() == "/etc/meshprobe/a.json");
    CHECK_FALSE(normal_location("relative.json"));
    CHECK_FALSE(normal_location("gopher://a.example.org/"));
    CHECK(resolve_location("/etc/mesh/list.json", "b.json").value() == "/etc/mesh/b.json");
    CHECK(resolve_location("/etc/mesh/list.json", "https://a.example.org/x").value() ==
          "https://a.example.org/x");
    CHECK(resolve_location("https://a.example.org/x/y", "z?q").value() == "https://a.example.org/x/z?q");
    CHECK(resolve_location("https://a.example.org/x/y", "//b.example.org/z").value() ==
          "https://b.example.org/z");
    CHECK_FALSE(resolve_location("https://a.example.org/x", "file:///etc/shadow"));
    CHECK(resolve_location("https://a.example.org/x", "/etc/shadow").value() ==
          "https://a.example.org/etc/shadow");
}

TEST_CASE("a host of a MeshConfig gets a bounded number of archives of its organization") {
    std::string archives;
    for (int i = 0; i < 40; ++i)
        archives += fmt::format(R"({}{{"read_url":"https://a{}.example/esmond/"}})", i == 0 ? "" : ",", i);
    const auto read = read_mesh_template(
        R"({"organizations":[{"measurement_archives":[)" + archives +
        R"(],"hosts":[{"addresses":["a.example"]},{"addresses":["b.example"],"measurement_archives":)" +
        R"([{"read_url":"https://own.example/esmond/"}]}]}],"tests":[]})");
    REQUIRE(read);
    const json& hosts = read->document["hosts"];
    CHECK(hosts["a.example"]["archives"].size() == 32);
    CHECK(hosts["b.example"]["archives"].size() == 32);
    CHECK(hosts["b.example"]["archives"][0] == "own.example"); // the nearest first
    REQUIRE(read->refusals.size() == 1);
    CHECK(read->refusals.front().what == "measurement_archives");
}
