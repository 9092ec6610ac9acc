// Against the tuples that the upstream tests assert, and against counts made by an independent evaluator.
#include "lib/file.hpp"
#include "lib/mesh/address_class.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/json_text.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

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
