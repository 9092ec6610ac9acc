// Against the tuples that the upstream tests assert, and against counts made by an independent evaluator.
#include "lib/file.hpp"
#include "lib/json.hpp"
#include "lib/mesh/address_class.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/template.hpp"
#include "lib/mesh/validate.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using namespace meshprobe;
using nlohmann::json;

namespace {

json fixture(const std::string& name) {
    const auto text =
        read_file(std::string(MESHPROBE_SOURCE_DIR) + "/tests/fixtures/psconfig/" + name, 16U << 20);
    REQUIRE(text);
    return json::parse(*text);
}

json addresses(const MeshTuple& tuple) {
    json result = json::array();
    for (const Participant& member : tuple.members)
        result.push_back(member.address);
    return result;
}

} // namespace

TEST_CASE("tasks expand to the tuples that upstream asserts") {
    for (const std::string name :
         {"unit-list", "unit-mesh", "unit-disjoint", "unit-labels", "unit-noagent"}) {
        const json document = fixture(name + ".json");
        const json expected = fixture(name + ".expected.json");
        MeshExpansion expansion(document);
        for (const json& wanted_task : expected.at("tasks")) {
            const std::string task_name = wanted_task.at("task");
            INFO(name << " " << task_name);
            const json& mine = wanted_task.at("match-addresses");
            json tuples = json::array();
            const MeshTask* task = expansion.find(task_name);
            REQUIRE(task != nullptr);
            CHECK(task->problem.empty());
            REQUIRE(expansion.each(*task, [&](const MeshTuple& tuple) {
                const json scheduler = tuple.members[tuple.scheduler].top_address;
                if (!mine.empty() && std::ranges::find(mine, scheduler) == mine.end()) return;
                CHECK(expansion.archives(*task, tuple));
                tuples.push_back(addresses(tuple));
            }));
            json wanted = wanted_task.at("tuples");
            if (!wanted_task.at("ordered").get<bool>()) {
                std::sort(wanted.begin(), wanted.end());
                std::sort(tuples.begin(), tuples.end());
            }
            CHECK(tuples == wanted);
        }
        CHECK(expansion.refusals().empty());
    }
}

TEST_CASE("every template of the field expands to the counted tuples") {
    const json derived =
        fixture("derived.expected.json"); // not in the loop's head, which would not keep it alive
    for (const auto& [name, facts] : derived.at("files").items()) {
        if (facts.at("form") != "psconfig") continue;
        const json document = fixture(name);
        MeshExpansion expansion(document);
        CHECK(expansion.tasks().size() == facts.at("tasks").size());
        for (const auto& [task_name, counted] : facts.at("tasks").items()) {
            if (counted.at("tuples").is_null()) continue; // only DNS or jq could tell
            INFO(name << " " << task_name);
            const MeshTask* task = expansion.find(task_name);
            REQUIRE(task != nullptr);
            CHECK(task->disabled == counted.at("disabled").get<bool>());
            std::size_t tuples = 0;
            REQUIRE(expansion.each(*task, [&](const MeshTuple&) { ++tuples; }));
            CHECK(tuples == counted.at("tuples").get<std::size_t>());
        }
    }
}

TEST_CASE("filters select addresses; what only DNS or jq could tell selects as well") {
    const json document = json::parse(R"({
        "addresses":{"a":{"address":"192.0.2.1","tags":["X"],"host":"h"},"b":{"address":"2001:db8::1"},
                     "c":{"address":"c.example.org","tags":["y"]},"d":{"address":"192.0.2.130","host":"n"}},
        "hosts":{"h":{"tags":["z"]},"n":{"no-agent":true}},
        "address-classes":{
          "all":{"data-source":{"type":"current-config"}},
          "mine":{"data-source":{"type":"requesting-agent"}},
          "tag":{"match-filter":{"type":"tag","tag":"x"}},
          "host-tag":{"match-filter":{"type":"tag","tag":"Z"}},
          "host":{"match-filter":{"type":"host"}},
          "no-agent":{"match-filter":{"type":"host","no-agent":true}},
          "v6":{"match-filter":{"type":"ip-version","ip-version":6}},
          "net":{"match-filter":{"type":"netmask","netmask":"192.0.2.0/25"}},
          "not-net":{"exclude-filter":{"type":"netmask","netmask":"192.0.2.0/25"}},
          "both":{"match-filter":{"type":"or","filters":[{"type":"tag","tag":"x"},{"type":"tag","tag":"y"}]},
                  "exclude-filter":{"type":"address-class","class":"tag"}},
          "none":{"match-filter":{"type":"or","filters":[]}},
          "loop":{"match-filter":{"type":"not","filter":{"type":"address-class","class":"loop"}}},
          "jq":{"match-filter":{"type":"and","filters":[{"type":"jq","jq":{"script":"."}},{"type":"tag","tag":"y"}]}}}})");
    Oracle oracle({});
    RefusalList refusals;
    AddressClasses classes(document, oracle, refusals);
    const auto members = [&](const std::string& name) {
        std::string text;
        for (const ClassMember& member : classes.members(name))
            text += member.name;
        return text;
    };
    CHECK(members("all") == "abcd");
    CHECK(members("mine").empty());
    CHECK(members("tag") == "a");
    CHECK(members("host-tag") == "a");
    CHECK(members("host") == "a");
    CHECK(members("no-agent") == "d");
    CHECK(members("v6") == "bc");
    CHECK(members("net") == "ac");
    CHECK(members("not-net") == "bcd");
    CHECK(members("both") == "c");
    CHECK(members("none").empty());
    CHECK(members("jq") == "c");
    CHECK(members("unknown").empty());
    CHECK_NOTHROW(members("loop"));
}

namespace {

json tuples_of(MeshExpansion& expansion, std::string_view name) {
    json tuples = json::array();
    const MeshTask* task = expansion.find(name);
    REQUIRE(task != nullptr);
    REQUIRE(expansion.each(*task, [&](const MeshTuple& tuple) { tuples.push_back(addresses(tuple)); }));
    return tuples;
}

} // namespace

TEST_CASE("MeshConfigs expand to the counted pairs") {
    const json derived = fixture("derived.expected.json");
    for (const auto& [name, facts] : derived.at("files").items()) {
        if (facts.at("form") != "meshconfig") continue;
        const auto read = read_mesh_template(fixture(name).dump());
        REQUIRE(read);
        MeshExpansion expansion(read->document);
        for (const json& test : facts.at("tests")) {
            std::string task = test.at("description");
            std::ranges::replace(task, ' ', '_');
            INFO(name << " " << task);
            CHECK(tuples_of(expansion, task).size() == test.at("pairs").get<std::size_t>());
            const std::string_view type = expansion.find(task)->test_type;
            CHECK((test.at("type") == "pinger") == (type == "rtt"));
            CHECK((test.at("type") == "perfsonarbuoy/bwctl") == (type == "throughput"));
        }
    }
}

TEST_CASE("labels and remote addresses: what one address shows to another") {
    const json document = json::parse(R"({"addresses":{
        "p":{"address":"p.example","labels":{"x":{"address":"192.0.2.1"}}},
        "q":{"address":"q.example","remote-addresses":{"p":{"labels":{"x":{"address":"192.0.2.9"}}}}},
        "r":{"address":"r.example"}},
        "groups":{"g":{"type":"mesh","default-address-label":"x","addresses":[{"name":"p"},{"name":"q"},{"name":"r"}]}},
        "tests":{"t":{"type":"rtt","spec":{}}},"tasks":{"t":{"group":"g","test":"t"}}})");
    MeshExpansion expansion(document);
    CHECK(tuples_of(expansion, "t") ==
          json::parse(R"([["192.0.2.1","192.0.2.9"],["192.0.2.9","192.0.2.1"]])"));
}

TEST_CASE("variables have the documented values, and a tuple without a value fails alone") {
    const json document = json::parse(R"({"addresses":{
        "a":{"address":"2001:db8::1","no-agent":true},"b":{"address":"b.example","pscheduler-address":"ctl.example:8443"}},
        "archives":{"all":{"archiver":"http","data":{"_url":"https://{% scheduled_by_address %}/logstash","x":[
            "{% flip %}","is {% flip %}","{%flip%}","{% localhost %}","{% pscheduler_address[0] %}",
            "{% pscheduler_address[1] %}","{% lead_bind_address[1] %}","http://{% address[0] %}/","{% jq .x %}"]}},
            "bad":{"archiver":"http","data":{"u":"{% nothing %}"}}},
        "groups":{"g":{"type":"disjoint","unidirectional":true,"a-addresses":[{"name":"a"}],"b-addresses":[{"name":"b"}]}},
        "schedules":{"s":{"repeat":"PT1H30M"},"month":{"repeat":"P1M"}},
        "tests":{"t":{"type":"rtt","spec":{}}},
        "tasks":{"t":{"group":"g","test":"t","archives":["all"],"schedule":"s"},
                 "u":{"group":"g","test":"t","archives":["bad"],"schedule":"month"},
                 "v":{"group":"g","test":"t","scheduled-by":-1},"w":{"group":"g","test":"t","scheduled-by":2}}})");
    MeshOracle oracle;
    oracle.jq = [](const std::string& program, const json& input) -> Result<std::optional<json>> {
        CHECK(program == ".x");
        CHECK(input.at("addresses").size() == 2);
        return std::optional<json>(nullptr);
    };
    MeshExpansion expansion(document, std::move(oracle));
    const MeshTask& task = *expansion.find("t");
    CHECK(task.interval == 5400.0);
    int visited = 0;
    REQUIRE(expansion.each(task, [&](const MeshTuple& tuple) {
        ++visited;
        CHECK(tuple.flip);
        CHECK(tuple.scheduler == 1);
        const auto archives = expansion.archives(task, tuple);
        INFO((archives ? "" : archives.error().message));
        REQUIRE(archives);
        REQUIRE(archives->size() == 1);
        CHECK(archives->front()->object.at("data").at("x") ==
              json::parse(
                  R"([true,"is true","{%flip%}","b.example","[2001:db8::1]","ctl.example:8443","b.example",
                  "http://[2001:db8::1]/",null])"));
        REQUIRE(archives->front()->read_urls.size() == 1);
        CHECK(archives->front()->read_urls.front().url == "https://b.example/esmond/perfsonar/archive/");
    }));
    CHECK(visited == 1);
    CHECK_FALSE(expansion.find("u")->problem.empty());
    REQUIRE(expansion.each(*expansion.find("u"), [&](const MeshTuple& tuple) {
        CHECK_FALSE(expansion.archives(*expansion.find("u"), tuple));
    }));
    CHECK_FALSE(expansion.each(*expansion.find("v"), [](const MeshTuple&) {}));
    CHECK_FALSE(expansion.each(*expansion.find("w"), [](const MeshTuple&) {}));
}

TEST_CASE("hostile entries are left out, and the rest is not") {
    json document = json::parse(R"({"groups":{"g":{"type":"mesh","addresses":[{"name":"a"},{"name":"b"}]}},
        "tests":{"t":{"type":"rtt","spec":{}}},"tasks":{"t":{"group":"g","test":"t"},"x\ny":{"group":"g","test":"t"}},
        "addresses":{"a":{"address":"a.example"},"b":{"address":"b.example"}}})");
    for (const std::string& bad :
         {std::string("c\nd"), std::string("../../etc/passwd"), std::string("%i"), std::string("\"q\""),
          std::string("\x01"), std::string("\u0430.example"), std::string(300, 'a'), std::string("-rf")}) {
        document["addresses"][bad] = {{"address", bad}};
        document["groups"]["g"]["addresses"].push_back({{"name", bad}});
    }
    MeshExpansion expansion(document);
    CHECK(tuples_of(expansion, "t") ==
          json::parse(R"([["a.example","b.example"],["b.example","a.example"]])"));
    CHECK(expansion.refusals().size() == 9);
}

TEST_CASE("validation tells each problem with its place") {
    const auto problems = [](const std::string& name) {
        std::string text;
        const auto stages = validate_mesh_document(fixture(name).dump(), {}, {}, {});
        REQUIRE(stages);
        for (const MeshStage& stage : *stages) {
            for (const MeshProblem& problem : stage.problems)
                text += stage.name + " " + problem.path + ": " + problem.reason + "\n";
        }
        return text;
    };
    for (const char* valid :
         {"unit-mesh.json", "unit-list.json", "unit-disjoint.json", "unit-labels.json", "unit-noagent.json",
          "doc-example-1-simple.json", "doc-example-5-classes.json"}) {
        INFO(valid);
        CHECK(problems(valid).empty());
    }
    const std::string invalid = problems("unit-validate-invalid.json");
    INFO(invalid);
    CHECK_THAT(invalid, Catch::Matchers::Contains("/archive: there is no such property here") &&
                            Catch::Matchers::Contains("\"archiver\" is missing"));
}

namespace {

json patched(const std::string& patch) {
    INFO(patch);
    json document = json::parse(R"({"addresses":{"a":{"address":"a.example"},"b":{"address":"b.example"}},
        "groups":{"g":{"type":"mesh","addresses":[{"name":"a"},{"name":"b"}]}},
        "tests":{"t":{"type":"rtt","spec":{}}},"tasks":{"t":{"group":"g","test":"t"}}})");
    document.merge_patch(json::parse(patch));
    return document;
}

struct Told {
    std::string problems; ///< "STAGE PATH: REASON" a line
    std::string remarks;
};

Told told(const json& document, MeshOracle oracle = {}, const IncludeLookup& lookup = {}) {
    const auto stages =
        validate_mesh_document(document.dump(), "https://mesh.example.net/m", lookup, std::move(oracle));
    REQUIRE(stages);
    Told all;
    for (const MeshStage& stage : *stages) {
        for (const MeshProblem& problem : stage.problems)
            all.problems += stage.name + " " + problem.path + ": " + problem.reason + "\n";
        for (const MeshProblem& remark : stage.remarks)
            all.remarks += stage.name + " " + remark.path + ": " + remark.reason + "\n";
    }
    return all;
}

const std::string of_agent = R"({"address-classes":{"ra":{"data-source":{"type":"requesting-agent"}}},
    "groups":{"g":{"addresses":[{"class":"ra"},{"name":"a"}]}}})";

} // namespace

TEST_CASE("validation passes what pSConfig passes") {
    for (const std::string& patch :
         {std::string("{}"), of_agent,
          std::string(R"({"address-classes":{"k":{"data-source":{"type":"current-config"},"match-filter":
              {"type":"not","filter":{"type":"address-class","class":"nobody"}}}},
              "groups":{"g":{"addresses":[{"class":"k"}]}}})"),
          std::string(R"({"groups":{"g":{"excludes":[{"local-address":{"name":"nobody"},
              "target-addresses":[{"name":"a","label":"x"},{"class":"nobody"}]}]}}})")}) {
        INFO(patch);
        CHECK(told(patched(patch)).problems.empty());
    }
    CHECK_THAT(
        told(patched(of_agent)).remarks,
        Catch::Matchers::StartsWith("expand /address-classes/ra: address-class \"ra\": it selects among"));
    const json agent = json::parse(R"({"me":{"address":"me.example"}})");
    CHECK(told(patched(of_agent), {.requesting_agent = &agent}).remarks.empty());

    const Told legacy =
        told(json::parse(R"({"organizations":[{"hosts":[{"addresses":["a.example"]}]}],"tests":[
        {"members":{"type":"ordered_mesh","members":["a.example"]},"parameters":{"type":"pinger","test_interval":60}}]})"));
    CHECK(legacy.problems.empty());
    CHECK_THAT(legacy.remarks, Catch::Matchers::StartsWith("translation /tests/0/members: test \"test\": "));
}

TEST_CASE("problems of the later stages have their places, too") {
    struct Row {
        std::string patch;
        std::string problem;
    };
    const std::string jq =
        R"("k":{"data-source":{"type":"current-config"},"match-filter":{"type":"jq","jq":{"script":"x"}}})";
    const std::vector<Row> rows{
        {R"({"groups":{"g":{"addresses":[{"name":"nobody"}]}}})",
         "expand /groups/g: group \"g\": there is no address \"nobody\"\n"},
        {R"({"groups":{"g":{"addresses":[{"class":"nobody"}]}}})",
         "expand /groups/g: group \"g\": there is no address class \"nobody\"\n"},
        {R"({"addresses":{"b":{"address":"c d"}}})",
         "expand /addresses/b: address \"b\": the address \"c d\" is"},
        {R"({"address-classes":{)" + jq + R"(},"groups":{"g":{"addresses":[{"class":"k"}]}}})",
         "expand /address-classes/k: jq filter \"x\": it raised an error\n"},
        {R"({"address-classes":{"l":{"data-source":{"type":"current-config"},
             "match-filter":{"type":"address-class","class":"k"}},)" +
             jq + R"(},"groups":{"g":{"addresses":[{"class":"l"}]}}})",
         "expand /address-classes/k: jq filter \"x\": it raised an error\n"},
        {R"({"addresses":{"a":{"contexts":["nope"]}}})", "expand /tasks/t: there is no context \"nope\"\n"},
        {R"({"includes":["good","page","ftp://x.example/"]})", "includes /includes/1: "},
        {R"({"includes":["good","page","ftp://x.example/"]})",
         "includes /includes/2: \"ftp://x.example/\": "},
        {R"({"address-classes":{"k":{"data-source":{"type":"current-config"},
             "match-filter":{"type":"netmask","netmask":"10.0.0.0/64"}}}})",
         "schema /address-classes/k/match-filter/netmask: expected a network"},
        {R"({"subtasks":{"s":{"test":"t","schedule-offset":{"type":"middle","relation":"after","offset":"PT1M"}}}})",
         "schema /subtasks/s/schedule-offset/type: expected start or end\n"},
        {R"({"subtasks":{"s":{"test":"t","schedule-offset":{"type":"end","relation":"beside","offset":"PT1M"}}}})",
         "schema /subtasks/s/schedule-offset/relation: expected before or after\n"},
        {R"({"subtasks":{"s":{"test":"t","schedule-offset":{"type":"","relation":"after","offset":"PT1M"}}}})",
         "schema /subtasks/s/schedule-offset/type: expected start or end\n"},
        {R"({"subtasks":{"s":{"test":"t","schedule-offset":{"type":"end","relation":"","offset":"PT1M"}}}})",
         "schema /subtasks/s/schedule-offset/relation: expected before or after\n"},
        {R"({"subtasks":{"s":{"test":"t","schedule-offset":{"type":"end","relation":"after","offset":"PT1.S"}}}})",
         "schema /subtasks/s/schedule-offset/offset: expected"},
        {R"({"address-classes":{"k":{"data-source":{"type":""}}}})",
         "schema /address-classes/k/data-source/type: expected current-config or requesting-agent\n"},
    };
    const auto lookup = [](std::string_view location) -> std::optional<std::string_view> {
        return location.ends_with("page") ? "<html>" : R"({"hosts":{}})";
    };
    MeshOracle oracle;
    oracle.jq = [](const std::string&, const json&) -> Result<std::optional<json>> {
        return fail(ErrorKind::protocol, "it raised an error");
    };
    for (const Row& row : rows) {
        INFO(row.patch);
        CHECK_THAT(told(patched(row.patch), oracle, lookup).problems, Catch::Matchers::Contains(row.problem));
    }
    for (const std::string network : {"10.0.0.0/8", "10.0.0.0/32", "10.0.0.0", "2001:db8::/64", "::/0"}) {
        INFO(network);
        json document = patched(R"({"address-classes":{"k":{"data-source":{"type":"current-config"}}}})");
        document["address-classes"]["k"]["match-filter"] = {{"type", "netmask"}, {"netmask", network}};
        CHECK(told(document).problems.empty());
    }
}

TEST_CASE("a schedule begins and ends at times that there are") {
    const auto problems = [](const std::string& moment) {
        json document = patched("{}");
        document["schedules"]["s"]["start"] = moment;
        return told(document).problems;
    };
    for (const char* good : {"2026-11-27", "2024-02-29T00:00:00Z", "2026-11-27T23:59:60Z",
                             "2026-11-27T10:00:00.5+01:00", "2026-11-27T10:00", "2026-11-27T10:00:00-0500",
                             "2026-11-27 10:00:00", "PT1H", "@PT1H", "@R/PT1H", "@R12/P1DT30M"}) {
        INFO(good);
        CHECK(problems(good).empty());
    }
    for (const char* bad : {"@",
                            "@x",
                            "@R",
                            "@R12",
                            "@R/",
                            "@Rx/PT1H",
                            "@PT",
                            "2026-13-01",
                            "2026-00-01",
                            "2026-02-30",
                            "2023-02-29",
                            "2026-11-27T25:00:00Z",
                            "2026-11-27T10:60:00Z",
                            "2026-11-27T10:00:61Z",
                            "2026-11-27T10:00:00+",
                            "2026-11-27T",
                            "2026-11-27T10:00:00.Z",
                            "2026-11-27T10:00:00+25:00",
                            "2026-11-27x",
                            "2026-1-1",
                            "20261127",
                            "",
                            "now"}) {
        INFO(bad);
        CHECK_THAT(problems(bad), Catch::Matchers::StartsWith("schema /schedules/s/start: expected a time"));
    }
}

TEST_CASE("what a MeshConfig includes is a part of it when its schema is checked") {
    const json config =
        json::parse(R"({"include":["all"],"tests":[{"description":"t","include":["test"]}]})");
    const auto lookup = [](std::string_view location) -> std::optional<std::string_view> {
        if (location.ends_with("/all"))
            return R"({"organizations":[{"hosts":[{"addresses":["a.example"]}]}]})";
        if (location.ends_with("/test"))
            return R"({"members":{"type":"mesh","members":["a.example"]},"parameters":{"type":"pinger","interval":60}})";
        return std::nullopt;
    };
    CHECK(told(config, {}, lookup).problems.empty());
    // What is not there is told at its place, and nothing that it may hold is called missing.
    CHECK_THAT(told(config).problems,
               Catch::Matchers::StartsWith(
                   "includes /include/0: https://mesh.example.net/all cannot be had\n"
                   "includes /tests/0/include/0: https://mesh.example.net/test cannot be had\n"));
    CHECK(told(json::parse(R"([{"include":["https://a.example.org/"]},{"include":["gone","gone2"]}])"), {},
               [](std::string_view location) -> std::optional<std::string_view> {
                   return location.ends_with("gone") ? std::nullopt : std::optional<std::string_view>("{}");
               })
              .problems == "includes /1/include/0: https://mesh.example.net/gone cannot be had\n");
}

TEST_CASE("a MeshConfig has a schema as well") {
    const json good = json::parse(R"({"organizations":[{"hosts":[{"addresses":["a.example"]}],
            "sites":[{"hosts":[{"addresses":["b.example"]},{"include":["/c"]}]}]}],
        "tests":[{"members":{"type":"mesh","members":["a.example","b.example"]},
                  "parameters":{"type":"pinger","test_interval":"300"}}]})");
    const auto part = [](std::string_view) -> std::optional<std::string_view> {
        return R"({"addresses":["c.example"]})";
    };
    CHECK(told(good, {}, part).problems.empty());
    struct Row {
        std::string place; ///< where `value` is put
        json value;
        std::string problem;
    };
    const std::vector<Row> rows{
        {"/organizations/0", "x", "schema /organizations/0: expected an object\n"},
        {"/organizations/0/sites/0", 7, "schema /organizations/0/sites/0: expected an object\n"},
        {"/organizations/0/hosts/0", "x", "schema /organizations/0/hosts/0: expected an object\n"},
        {"/organizations/0/sites/0/hosts/0", json::object(),
         "schema /organizations/0/sites/0/hosts/0: the member \"addresses\" is missing\n"},
        {"/tests/0/members", json::array(), "schema /tests/0/members: expected an object\n"},
        {"/tests/0/parameters/test_interval", 0,
         "schema /tests/0/parameters/test_interval: expected a number"},
        {"/tests/0/parameters/test_interval", "5min",
         "schema /tests/0/parameters/test_interval: expected a number"},
        {"/tests/0/parameters/test_interval", "-1",
         "schema /tests/0/parameters/test_interval: expected a number"},
    };
    for (const Row& row : rows) {
        INFO(row.place);
        json document = good;
        document[json::json_pointer(row.place)] = row.value;
        CHECK_THAT(told(document).problems, Catch::Matchers::Contains(row.problem));
    }
}
