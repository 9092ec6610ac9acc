// The rules of pSConfig one by one: a row of its tables, a change to a small template, and what comes of it.
#include "lib/jq/jq.hpp"
#include "lib/json.hpp"
#include "lib/mesh/expansion.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace meshprobe;
using nlohmann::json;

namespace {

/// What each row changes, as RFC 7386 merges it; a and b have a host each, c has none.
json changed(const std::string& patch) {
    json document = json::parse(R"({
        "addresses":{"a":{"address":"a.example","host":"ha","tags":["North"]},
                     "b":{"address":"b.example","host":"hb"},
                     "c":{"address":"192.0.2.3"}},
        "hosts":{"ha":{"tags":["Core"]},"hb":{}},
        "groups":{"g":{"type":"mesh","addresses":[{"name":"a"},{"name":"b"}]}},
        "tests":{"t":{"type":"rtt","spec":{}}},
        "tasks":{"t":{"group":"g","test":"t"}}})");
    INFO(patch);
    document.merge_patch(json::parse(patch));
    return document;
}

MeshOracle oracle() {
    MeshOracle answers;
    answers.resolve = [](const std::string& name) -> std::optional<std::vector<std::string>> {
        if (name == "a.example") return {{"192.0.2.1", "2001:db8::1"}};
        if (name == "b.example") return {{"198.51.100.2"}};
        return std::vector<std::string>{};
    };
    JqOptions options;
    options.helper = MESHPROBE_BINARY_DIR "/bin/meshprobe-jq";
    options.time = std::chrono::seconds(20); // the machine may be busy
    answers.jq = [programs = std::make_shared<JqPrograms>(options)](const std::string& program,
                                                                    const json& input) {
        return programs->first_result(program, input);
    };
    return answers;
}

/// "SOURCE>DESTINATION …", the one who schedules it in brackets, "!" behind it if that is a flip; or why not.
std::string tuples(MeshExpansion& expansion) {
    std::string text;
    const MeshTask& task = *expansion.find("t");
    const auto done = expansion.each(task, [&](const MeshTuple& tuple) {
        if (!text.empty()) text += ' ';
        for (std::size_t index = 0; index < tuple.members.size(); ++index) {
            const std::string_view address = tuple.members[index].address;
            text += index == 0 ? "" : ">";
            text += index == tuple.scheduler
                        ? fmt::format("[{}]{}", address.substr(0, address.find(".example")),
                                      tuple.flip ? "!" : "")
                        : address.substr(0, address.find(".example"));
        }
    });
    return done ? text : done.error().message;
}

struct Row {
    std::string what;
    std::string change;
    std::string expected;
};

void check_tuples(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        INFO(row.what);
        const json document = changed(row.change);
        MeshExpansion expansion(document, oracle());
        CHECK(tuples(expansion) == row.expected);
    }
}

std::string group(const std::string& members) {
    return R"({"groups":{"g":{)" + members + "}}}";
}

} // namespace

TEST_CASE("groups: order, excludes, excludes-self, labels, both lists") {
    const std::string abc = R"("addresses":[{"name":"a"},{"name":"b"},{"name":"c"}])";
    const std::string abc_disjoint =
        R"("type":"disjoint","addresses":null,"a-addresses":[{"name":"a"},{"name":"b"}],"b-addresses":[{"name":"b"},{"name":"c"}])";
    const std::string labels =
        R"({"addresses":{"a":{"labels":{"x":{"address":"ax.example"},"y":{"address":"ay.example"}}},
        "b":{"labels":{"x":{"address":"bx.example"}}}},"groups":{"g":{)";
    check_tuples({
        {"mesh is row by row", group(abc),
         "[a]>b [a]>192.0.2.3 [b]>a [b]>192.0.2.3 [192.0.2.3]>a [192.0.2.3]>b"},
        {"a selector that stands twice counts twice",
         group(R"("addresses":[{"name":"a"},{"name":"b"},{"name":"a"}])"), "[a]>b [b]>a [b]>a [a]>b"},
        {"a list has tuples of one", group(R"("type":"list",)" + abc), "[a] [b] [192.0.2.3]"},
        {"an unknown type", group(R"("type":"ring")"), "a group of unknown type \"ring\""},
        {"an unknown address harms only itself",
         group(R"("addresses":[{"name":"a"},{"name":"nobody"},{"name":"b"}])"), "[a]>b [b]>a"},
        {"disjoint walks both lists in one sequence", group(abc_disjoint),
         "[a]>b [a]>192.0.2.3 [b]>a [b]>192.0.2.3 [192.0.2.3]>a [192.0.2.3]>b"},
        {"unidirectional: from a to b only", group(abc_disjoint + R"(,"unidirectional":true)"),
         "[a]>b [a]>192.0.2.3 [b]>192.0.2.3"},
        {"a selector in both lists pairs with itself where that is wanted",
         group(abc_disjoint + R"(,"unidirectional":true,"excludes-self":"disabled")"),
         "[a]>b [a]>192.0.2.3 [b]>b [b]>192.0.2.3"},
        {"an exclude has a direction",
         group(
             abc +
             R"(,"excludes":[{"local-address":{"name":"a"},"target-addresses":[{"name":"b"},{"name":"c"}]}])"),
         "[b]>a [b]>192.0.2.3 [192.0.2.3]>a [192.0.2.3]>b"},
        {"an exclude compares whole objects",
         group(
             R"("excludes":[{"local-address":{"name":"a","disabled":false},"target-addresses":[{"name":"b"}]}])"),
         "[a]>b [b]>a"},
        {"an exclude without a label is another selector",
         labels + R"("addresses":[{"name":"a","label":"x"},{"name":"b"}],
             "excludes":[{"local-address":{"name":"a"},"target-addresses":[{"name":"b"}]},
                         {"local-address":{"name":"b"},"target-addresses":[{"label":"x","name":"a"}]}]}}})",
         "[ax]>b"},
        {"an exclude may name a class",
         R"({"address-classes":{"all":{"data-source":{"type":"current-config"}}},"groups":{"g":{
             "addresses":[{"class":"all"},{"name":"c"}],"excludes":[
                {"local-address":{"class":"all"},"target-addresses":[{"class":"all"}]}]}}})",
         "[a]>192.0.2.3 [b]>192.0.2.3 [192.0.2.3]>a [192.0.2.3]>b"},
        {"excludes-self host: addresses of one host, whatever the case",
         R"({"addresses":{"c":{"host":"HA"}},"groups":{"g":{)" + abc + "}}}",
         "[a]>b [b]>a [b]>192.0.2.3 [192.0.2.3]>b"},
        {"excludes-self host: what excludes-self address drops, too",
         R"({"addresses":{"d":{"address":"192.0.2.3"}},"groups":{"g":{"addresses":[{"name":"c"},{"name":"d"}]}}})",
         ""},
        {"excludes-self address: one host may test itself",
         R"({"addresses":{"c":{"host":"ha"}},"groups":{"g":{"excludes-self":"address","addresses":[{"name":"a"},{"name":"c"}]}}})",
         "[a]>192.0.2.3 [192.0.2.3]>a"},
        {"excludes-self address: two labels are one address",
         labels +
             R"("excludes-self":"address","addresses":[{"name":"a","label":"x"},{"name":"a","label":"y"}]}}})",
         ""},
        {"excludes-self disabled: everybody tests itself", group(R"("excludes-self":"disabled")"),
         "[a]>a [a]>b [b]>a [b]>b"},
        {"excludes-self disabled: labels of one address",
         labels +
             R"("excludes-self":"disabled","addresses":[{"name":"a","label":"x"},{"name":"a","label":"y"}]}}})",
         "[ax]>ax [ax]>ay [ay]>ax [ay]>ay"},
        {"default-address-label; without that label there is no tuple",
         labels + R"("default-address-label":"x",)" + abc + "}}}", "[ax]>bx [bx]>ax"},
        {"a label of its own before the default one",
         labels + R"("default-address-label":"x","addresses":[{"name":"a","label":"y"},{"name":"b"}]}}})",
         "[ay]>bx [bx]>ay"},
        {"members of a class take the default label",
         R"({"address-classes":{"all":{"data-source":{"type":"current-config"}}},)" + labels.substr(1) +
             R"("default-address-label":"x","addresses":[{"class":"all"}]}}})",
         "[ax]>bx [bx]>ax"},
        {"a disabled selector is no member",
         group(R"("addresses":[{"name":"a"},{"name":"b","disabled":true},{"name":"c"}])"),
         "[a]>192.0.2.3 [192.0.2.3]>a"},
        {"a list takes the default label, too",
         labels + R"("type":"list","default-address-label":"x",)" + abc + "}}}", "[ax] [bx]"},
    });
}

TEST_CASE("remote addresses: what an address shows to one peer") {
    const auto remote = [](const std::string& entry, const std::string& members) {
        return R"({"addresses":{"a":{"labels":{"x":{"address":"ax.example"}},"remote-addresses":{"b":)" +
               entry + R"(}}},"groups":{"g":{"addresses":[)" + members + "]}}}";
    };
    const std::string plain = R"({"name":"a"},{"name":"b"},{"name":"c"})";
    const std::string labelled = R"({"name":"a","label":"x"},{"name":"b"},{"name":"c"})";
    check_tuples({
        {"its address, to that peer", remote(R"({"address":"ab.example"})", plain),
         "[ab]>b [a]>192.0.2.3 [b]>ab [b]>192.0.2.3 [192.0.2.3]>a [192.0.2.3]>b"},
        {"an entry without the label of the selector has nothing to show",
         remote(R"({"address":"ab.example"})", labelled),
         "[ax]>192.0.2.3 [b]>192.0.2.3 [192.0.2.3]>ax [192.0.2.3]>b"},
        {"its label, to that peer", remote(R"({"labels":{"x":{"address":"abx.example"}}})", labelled),
         "[abx]>b [ax]>192.0.2.3 [b]>abx [b]>192.0.2.3 [192.0.2.3]>ax [192.0.2.3]>b"},
        {"an entry of labels only has nothing to show without a label",
         remote(R"({"labels":{"x":{"address":"abx.example"}}})", plain),
         "[a]>192.0.2.3 [b]>192.0.2.3 [192.0.2.3]>a [192.0.2.3]>b"},
        {"the peer is found by its name, not by its address",
         remote(R"(null,"b.example":{"address":"wrong.example"})", plain),
         "[a]>b [a]>192.0.2.3 [b]>a [b]>192.0.2.3 [192.0.2.3]>a [192.0.2.3]>b"},
    });
}

TEST_CASE("who schedules: disabled, no-agent, scheduled-by, flip") {
    const std::string labels = R"("labels":{"x":{"address":"ax.example"}})";
    const std::string with_x = R"("groups":{"g":{"addresses":[{"name":"a","label":"x"},{"name":"b"}]}}})";
    check_tuples({
        {"the first", "{}", "[a]>b [b]>a"},
        {"scheduled-by 1", R"({"tasks":{"t":{"scheduled-by":1}}})", "a>[b] b>[a]"},
        {"beyond the tuple", R"({"tasks":{"t":{"scheduled-by":2}}})",
         "its scheduled-by is not an index of the two members of its tuples"},
        {"1 in a list is beyond", R"({"tasks":{"t":{"scheduled-by":1}},"groups":{"g":{"type":"list"}}})",
         "its scheduled-by is not an index of the one member of its tuples"},
        {"no index at all", R"({"tasks":{"t":{"scheduled-by":-1}}})",
         "its scheduled-by is not an index of the two members of its tuples"},
        {"a disabled address", R"({"addresses":{"a":{"disabled":true}}})", ""},
        {"a disabled host", R"({"hosts":{"hb":{"disabled":true}}})", ""},
        {"a disabled label",
         R"({"addresses":{"a":{"labels":{"x":{"address":"ax.example","disabled":true}}}},)" + with_x, ""},
        {"a disabled parent of a label", R"({"addresses":{"a":{"disabled":true,)" + labels + "}}," + with_x,
         ""},
        {"false does not override the parent's true",
         R"({"addresses":{"a":{"disabled":true,"labels":{"x":{"address":"ax.example","disabled":false}}}},)" +
             with_x,
         ""},
        {"a disabled remote entry is disabled to that peer only",
         R"({"addresses":{"a":{"remote-addresses":{"b":{"address":"ab.example","disabled":true}}}},
             "groups":{"g":{"addresses":[{"name":"a"},{"name":"b"},{"name":"c"}]}}})",
         "[a]>192.0.2.3 [b]>192.0.2.3 [192.0.2.3]>a [192.0.2.3]>b"},
        {"no agent: the other one, flipped", R"({"addresses":{"a":{"no-agent":true}}})", "a>[b]! [b]>a"},
        {"no agent on the host", R"({"hosts":{"ha":{"no-agent":true}}})", "a>[b]! [b]>a"},
        {"no agent behind a label", R"({"addresses":{"a":{"no-agent":true,)" + labels + "}}," + with_x,
         "ax>[b]! [b]>ax"},
        {"scheduled-by 1 without an agent there falls back to the first",
         R"({"addresses":{"b":{"no-agent":true}},"tasks":{"t":{"scheduled-by":1}}})", "[a]!>b b>[a]"},
        {"no agent anywhere", R"({"addresses":{"a":{"no-agent":true},"b":{"no-agent":true}}})", ""},
        {"a list has nobody else", R"({"addresses":{"a":{"no-agent":true}},"groups":{"g":{"type":"list"}}})",
         "[b]"},
    });
}

TEST_CASE("filters of address classes") {
    struct Filter {
        std::string filter;
        std::string selected;
    };
    const std::vector<Filter> rows{
        {R"({"type":"tag","tag":"north"})", "a"}, // of the address, whatever the case
        {R"({"type":"tag","tag":"CORE"})", "a"},  // of its host
        {R"({"type":"tag","tag":"nor"})", ""},
        {R"({"type":"host"})", "a b"}, // c has none
        {R"({"type":"host","tag":"core"})", "a"},
        {R"({"type":"host","tag":"north"})", ""}, // that is the address's
        {R"({"type":"host","no-agent":true})", ""},
        {R"({"type":"host","jq":{"script":".tags"}})", "a"},
        {R"({"type":"host","jq":{"script":[".tags","| length"]}})", "a b"}, // 0 is a value
        {R"({"type":"jq","jq":{"script":".address == \"b.example\""}})", "b"},
        {R"({"type":"jq","jq":{"script":".host"}})", "a b"}, // null rejects
        {R"({"type":"jq","jq":{"script":"\"\""}})", ""},
        {R"({"type":"jq","jq":{"script":"empty"}})", ""},
        {R"({"type":"jq","jq":{"script":"error"}})", ""},
        {R"({"type":"jq","jq":{"script":".["}})", ""}, // does not compile
        {R"({"type":"jq","jq":{"script":["# why","true"]}})", "a b c"},
        {R"({"type":"ip-version","ip-version":4})", "a b c"},
        {R"({"type":"ip-version","ip-version":6})", "a"},
        {R"({"type":"netmask","netmask":"192.0.2.0/24"})", "a c"},
        {R"({"type":"netmask","netmask":"192.0.2.2/31"})", "c"},
        {R"({"type":"netmask","netmask":"2001:db8::/32"})", "a"},
        {R"({"type":"netmask","netmask":"0.0.0.0/0"})", "a b c"},
        {R"({"type":"netmask","netmask":"192.0.2.0/33"})", ""},
        {R"({"type":"address-class","class":"north"})", "a"},
        {R"({"type":"address-class","class":"nobody"})", ""},
        {R"({"type":"and","filters":[]})", "a b c"},
        {R"({"type":"or","filters":[]})", ""},
        {R"({"type":"and","filters":[{"type":"host"},{"type":"not","filter":{"type":"tag","tag":"north"}}]})",
         "b"},
        {R"({"type":"or","filters":[{"type":"tag","tag":"north"},{"type":"ip-version","ip-version":4}]})",
         "a b c"},
        {R"({"type":"not","filter":{"type":"host"}})", "c"},
        {R"({"type":"not","filter":{"type":"jq","jq":{"script":".host"}}})", "c"},
    };
    const auto selected = [](const json& address_class, MeshOracle answers) {
        json document = changed(R"({"groups":{"g":{"type":"list","addresses":[{"class":"k"}]}}})");
        document["address-classes"]["k"] = address_class;
        document["address-classes"]["north"] = json::parse(
            R"({"data-source":{"type":"current-config"},"match-filter":{"type":"tag","tag":"north"}})");
        MeshExpansion expansion(document, std::move(answers));
        std::string names;
        REQUIRE(expansion.each(*expansion.find("t"), [&](const MeshTuple& tuple) {
            names += fmt::format("{}{}", names.empty() ? "" : " ", tuple.members.front().name);
        }));
        return names;
    };
    const json everything = json::parse(R"({"data-source":{"type":"current-config"}})");
    CHECK(selected(everything, {}) == "a b c");
    for (const Filter& row : rows) {
        INFO(row.filter);
        json address_class = everything;
        address_class["match-filter"] = json::parse(row.filter);
        CHECK(selected(address_class, oracle()) == row.selected);
        json rest = everything;
        rest["exclude-filter"] = address_class["match-filter"];
        std::string others;
        for (const std::string name : {"a", "b", "c"}) {
            if (row.selected.find(name) == std::string::npos) others += (others.empty() ? "" : " ") + name;
        }
        CHECK(selected(rest, oracle()) == others);
    }
    const json agent =
        json::parse(R"({"mine":{"address":"mine.example","tags":["x"]},"other":{"address":"192.0.2.77"}})");
    MeshOracle answers = oracle();
    answers.requesting_agent = &agent;
    CHECK(selected(json::parse(R"({"data-source":{"type":"requesting-agent"}})"), answers) == "mine other");
    CHECK(selected(json::parse(R"({"data-source":{"type":"requesting-agent"},
                                   "exclude-filter":{"type":"tag","tag":"X"}})"),
                   answers) == "other");
    CHECK(selected(json::parse(R"({"data-source":{"type":"requesting-agent"}})"), {}).empty());
}

namespace {

/// The value of {"v": VALUE} in an archive of the first tuple, or "! " and why there is none.
json expanded(const json& value, const std::string& change = "{}") {
    json document = changed(change);
    document["archives"]["z"] = {{"archiver", "http"}, {"data", {{"v", value}}}};
    document["tasks"]["t"]["archives"] = {"z"};
    MeshExpansion expansion(document, oracle());
    std::optional<json> result;
    REQUIRE(expansion.each(*expansion.find("t"), [&](const MeshTuple& tuple) {
        if (result) return;
        const auto archives = expansion.archives(*expansion.find("t"), tuple);
        result =
            archives ? archives->front()->object.at("data").at("v") : json("! " + archives.error().message);
    }));
    REQUIRE(result);
    return *result;
}

} // namespace

TEST_CASE("variables, standing alone and embedded") {
    struct Variable {
        std::string text;
        std::string expected; ///< JSON
        std::string change = "{}";
    };
    const std::string six = R"({"addresses":{"a":{"address":"2001:db8::a"}}})";
    const std::string flipped = R"({"addresses":{"a":{"no-agent":true}}})";
    const std::string labelled = R"({"addresses":{"a":{"lead-bind-address":"lead.example",
        "pscheduler-address":"ctl.example:8443","labels":{"x":{"address":"ax.example"}}}},
        "groups":{"g":{"addresses":[{"name":"a","label":"x"},{"name":"b"}]}}})";
    const std::string contexts = R"({"contexts":{"vrf":{"context":"linuxvrf","data":{"n":1}}},
        "addresses":{"b":{"contexts":["vrf"]}},"schedules":{"s":{"repeat":"PT1H"}},"tasks":{"t":{"schedule":"s"}}})";
    const std::vector<Variable> rows{
        {"{% address[0] %}", R"("a.example")"},
        {"{% address[1] %}", R"("b.example")"},
        {"<{%  address[0]\t%}|{% address[1] %}>", R"("<a.example|b.example>")"},
        {"{%address[0]%} {% address[0]%}", R"("{%address[0]%} {% address[0]%}")"}, // no blank: text
        {"{% pscheduler_address[0] %}", R"("a.example")"},
        {"{% pscheduler_address[0] %}", R"("[2001:db8::a]")", six},
        {"{% lead_bind_address[0] %}", R"("2001:db8::a")", six},
        {"{% lead_bind_address[0] %} {% pscheduler_address[0] %}", R"("lead.example ctl.example:8443")",
         R"({"addresses":{"a":{"lead-bind-address":"lead.example","pscheduler-address":"ctl.example:8443"}}})"},
        {"{% lead_bind_address[0] %} {% pscheduler_address[0] %}", R"("ax.example ax.example")",
         labelled}, // not inherited
        {"{% scheduled_by_address %}", R"("ax.example")", labelled},
        {"{% scheduled_by_address %}", R"("b.example")", flipped},
        {"{% flip %}", "false"},
        {"{% flip %}", "true", flipped},
        {"x{% flip %}", R"("xtrue")", flipped},
        {"{% localhost %}", R"("localhost")"},
        {"{% localhost %}", R"("b.example")", flipped},
        {"https://{% address[0] %}/e", R"("https://[2001:db8::a]/e")", six},
        {"https://{% address[0] %}:8085/e", R"("https://a.example:8085/e")"},
        {"http://{% pscheduler_address[0] %}/e", R"("http://[2001:db8::a]/e")", six},
        {"amqp://{% address[0] %}/", R"("amqp://2001:db8::a/")", six},
        {"http://2001:db8::1/e", R"("http://[2001:db8::1]/e")"}, // without any variable as well
        {"{% jq .addresses[0].address %}", R"("a.example")"},
        {"{% jq .hosts[0].tags %}", R"(["Core"])"},
        {"{% jq .hosts[1] %}", "{}"},
        {"{% jq .hosts[1].nothing %}", "null"},
        {"is {% jq .hosts[1].nothing %}", R"("is null")"},
        {"{% jq [.task.group,.test.type] %}", R"(["g","rtt"])"},
        {"{% jq .schedule.repeat %}", R"("PT1H")", contexts},
        {"{% jq has(\"schedule\") %}", "false"},
        {"{% jq .contexts %}", R"([[],[{"context":"linuxvrf","data":{"n":1}}]])", contexts},
        {"{% jq .archives[0].archiver %}", R"("http")"},
        {"{% jq .archives | length %}", "1"},
        {"{% jq 1,2 %}", "1"},
        {"{% jq 0.5 %}", "0.5"},
    };
    for (const Variable& row : rows) {
        INFO(row.text << " " << row.change);
        CHECK(expanded(row.text, row.change) == json::parse(row.expected));
    }
    CHECK(expanded(json::parse(R"({"deep":[{"{% address[0] %}":["{% flip %}"]}]})")) ==
          json::parse(R"({"deep":[{"a.example":[false]}]})"));
    for (const std::string faulty :
         {"{% address[2] %}", "{% nothing %}", "{% address %}", "{% address[-1] %}",
          "{% address[99999999999999999999999] %}", "{% jq empty %}", "{% jq error %}", "{% jq .[ %}"}) {
        INFO(faulty);
        CHECK_THAT(expanded(faulty).get<std::string>(), Catch::Matchers::StartsWith("! "));
    }
    CHECK_THAT(expanded("{% address[1] %}", R"({"groups":{"g":{"type":"list"}}})").get<std::string>(),
               Catch::Matchers::Contains("one member"));
}

TEST_CASE("a variable without value anywhere in a task leaves its tuples out") {
    for (
        const std::string change : {
            R"({"tests":{"t":{"spec":{"x":"{% nothing %}"}}}})",
            R"({"tests":{"t":{"spec":{"x":"{% jq error %}"}}}})",
            R"({"tasks":{"t":{"reference":{"x":["{% address[2] %}"]}}}})",
            R"({"contexts":{"k":{"context":"x","data":"{% nothing %}"}},"addresses":{"a":{"contexts":["k"]}}})",
            R"({"addresses":{"a":{"contexts":["nobody"]}}})",
            R"({"tasks":{"t":{"archives":["nobody"]}}})",
            R"({"hosts":{"ha":{"archives":["nobody"]}}})",
        }) {
        INFO(change);
        const json document = changed(change);
        MeshExpansion expansion(document, oracle());
        const MeshTask& task = *expansion.find("t");
        REQUIRE(expansion.each(task, [&](const MeshTuple& tuple) {
            const bool is_of_b = tuple.members[tuple.scheduler].name == "b";
            const bool only_a = change.find("\"ha\"") != std::string::npos;
            CHECK(expansion.archives(task, tuple).has_value() == (only_a && is_of_b));
        }));
    }
}

TEST_CASE("archives of a tuple: the task's, then those of the scheduler's host, equal ones once") {
    const json document = changed(R"({
        "archives":{"z":{"archiver":"esmond","data":{"url":"https://z.example/"}},
                    "y":{"archiver":"esmond","data":{"url":"https://y.example/"}},
                    "same":{"data":{"url":"https://z.example/"},"archiver":"esmond"},
                    "own":{"archiver":"esmond","data":{"url":"https://{% scheduled_by_address %}/"}},
                    "b":{"archiver":"esmond","data":{"url":"https://b.example/"}}},
        "hosts":{"ha":{"archives":["own","y","same"]},"hb":{"archives":["b","own"]}},
        "tasks":{"t":{"archives":["z","y","z"]}}})");
    MeshExpansion expansion(document);
    const MeshTask& task = *expansion.find("t");
    std::string names;
    REQUIRE(expansion.each(task, [&](const MeshTuple& tuple) {
        const auto archives = expansion.archives(task, tuple);
        REQUIRE(archives);
        for (const MeshArchive* archive : *archives)
            names += archive->name + " ";
        names += "| ";
    }));
    CHECK(names == "z y own | z y b | ");
}

TEST_CASE("tasks on one large group cost what the first of them costs, and the bound is told") {
    json document = changed(group(R"("type":"list")"));
    // Looked at for each task, that many members would outlast the time that a test has.
    constexpr std::size_t count = 15'000;
    for (std::size_t index = 0; index < count; ++index) {
        const std::string name = fmt::format("m{}", index);
        document["addresses"][name] = {{"address", "bad address"}};
        document["groups"]["g"]["addresses"].push_back({{"name", name}});
        document["tasks"][fmt::format("t{}", index)] = document["tasks"]["t"];
    }
    MeshExpansion expansion(document);
    std::size_t refused = 0;
    for (const MeshTask& task : expansion.tasks()) {
        const auto done = expansion.each(task, [](const MeshTuple&) {});
        if (done) continue;
        ++refused;
        if (refused == 1) CHECK_THAT(done.error().message, Catch::Matchers::Contains("too many pairs"));
    }
    CHECK(refused == count + 1 - 2'000'000 / (count + 2));
    CHECK(expansion.refusals().size() == 1000); // a name each, none twice
}

TEST_CASE("several tasks share a group, and groups share what they may hold together") {
    json document = changed(R"({"tasks":{"u":{"group":"g","test":"t","scheduled-by":1}}})");
    MeshExpansion both(document);
    CHECK(tuples(both) == "[a]>b [b]>a");
    std::string schedulers;
    CHECK(both.each(*both.find("u"),
                    [&](const MeshTuple& tuple) { schedulers += tuple.members[tuple.scheduler].address; }));
    CHECK(schedulers == "b.examplea.example");

    document["address-classes"]["all"] = {{"data-source", {{"type", "current-config"}}}};
    document["groups"]["big"] = {{"type", "list"}, {"addresses", json::array()}};
    for (int index = 0; index < 70'000; ++index)
        document["groups"]["big"]["addresses"].push_back({{"class", "all"}});
    document["tasks"]["big"] = {{"group", "big"}, {"test", "t"}};
    MeshExpansion expansion(document);
    const auto done = expansion.each(*expansion.find("big"), [](const MeshTuple&) {});
    REQUIRE_FALSE(done);
    CHECK_THAT(done.error().message, Catch::Matchers::Contains("too many members"));
}

TEST_CASE("classes may name each other in long chains, but not in circles") {
    json document = changed(R"({"groups":{"g":{"addresses":[{"class":"c0"}]}}})");
    const auto chain = [&](int length) {
        for (int index = 0; index < length; ++index) {
            document["address-classes"][fmt::format("c{}", index)] = {
                {"data-source", {{"type", "current-config"}}},
                {"match-filter", {{"type", "address-class"}, {"class", fmt::format("c{}", index + 1)}}}};
        }
        document["address-classes"][fmt::format("c{}", length)] = {
            {"data-source", {{"type", "current-config"}}},
            {"exclude-filter", {{"type", "tag"}, {"tag", "nobody"}}}};
    };
    const std::string all = "[a]>b [a]>192.0.2.3 [b]>a [b]>192.0.2.3 [192.0.2.3]>a [192.0.2.3]>b";
    for (const int length : {1, 16, 17, 30, 20'000}) {
        INFO(length);
        chain(length);
        // Whatever was asked before, the answer is the same.
        document["groups"]["first"] = {{"type", "list"}, {"addresses", {{{"class", "c1"}}}}};
        document["tasks"]["first"] = {{"group", "first"}, {"test", "t"}};
        MeshExpansion expansion(document);
        std::size_t members = 0;
        CHECK(expansion.each(*expansion.find("first"), [&](const MeshTuple&) { ++members; }));
        CHECK(members == 3);
        CHECK(tuples(expansion) == all);
        CHECK(expansion.refusals().empty());
    }
    document["address-classes"]["c9"]["match-filter"]["class"] = "c3";
    MeshExpansion circle(document);
    CHECK(tuples(circle).empty());
    REQUIRE(circle.refusals().size() == 1);
    CHECK(circle.refusals().begin()->path == "/address-classes/c0");
    CHECK(circle.refusals().begin()->is_fault);
    CHECK_THAT(circle.refusals().begin()->reason,
               Catch::Matchers::Contains("class \"c3\" names itself by way of \"c4\""));
    document["address-classes"]["c0"]["match-filter"]["class"] = "c0";
    MeshExpansion self(document);
    CHECK(tuples(self).empty());
    REQUIRE(self.refusals().size() == 1);
    CHECK_THAT(self.refusals().begin()->reason, Catch::Matchers::EndsWith("class \"c0\" names itself"));
}

TEST_CASE("an IPv6 address in a URL gets its brackets, whatever follows") {
    struct Address {
        std::string address;
        std::string url;
        std::string expected;
    };
    const std::vector<Address> rows{
        {"2001:db8:0:0:0:0:0:1", "http://{% address[1] %}:8080/x", "http://[2001:db8:0:0:0:0:0:1]:8080/x"},
        {"2001:db8::b", "http://{% address[1] %}:8080/x", "http://[2001:db8::b]:8080/x"},
        {"2001:db8::b", "https://{% address[1] %}/x", "https://[2001:db8::b]/x"},
        {"2001:db8::b", "https://{% pscheduler_address[1] %}:8443/x", "https://[2001:db8::b]:8443/x"},
        {"2001:db8::b", "x {% address[1] %}:8080", "x 2001:db8::b:8080"},
        {"b.example", "http://{% address[1] %}:8080/x", "http://b.example:8080/x"},
        {"b.example", "http://2001:db8:0:0:0:0:0:1:8080/x", "http://[2001:db8:0:0:0:0:0:1]:8080/x"},
        {"b.example", "http://2001:db8::1/x", "http://[2001:db8::1]/x"},
    };
    for (const Address& row : rows) {
        INFO(row.url);
        json document = changed(R"({"tasks":{"t":{"archives":["r"]}}})");
        document["addresses"]["b"]["address"] = row.address;
        document["archives"]["r"] = {{"archiver", "http"}, {"data", {{"_url", row.url}}}};
        MeshExpansion expansion(document);
        std::string url;
        CHECK(expansion.each(*expansion.find("t"), [&](const MeshTuple& tuple) {
            const auto archives = expansion.archives(*expansion.find("t"), tuple);
            if (tuple.members[0].name == "a" && archives)
                url = archives->front()->object.at("data").at("_url").get<std::string>();
        }));
        CHECK(url == row.expected);
    }
}

TEST_CASE("intervals are ISO 8601 durations") {
    const auto interval = [](const json& repeat) -> std::string {
        json document = changed(R"({"tasks":{"t":{"schedule":"s"}}})");
        document["schedules"]["s"]["repeat"] = repeat;
        const MeshExpansion expansion(document);
        const MeshTask& task = *expansion.find("t");
        CHECK(task.problem.empty() == task.interval.has_value());
        return task.interval ? fmt::format("{}", *task.interval) : "invalid";
    };
    for (const auto& [text, seconds] : std::vector<std::pair<std::string, std::string>>{
             {"PT1H", "3600"},
             {"P1DT2H", "93600"},
             {"PT0.5S", "0.5"},
             {"P2W", "1209600"},
             {"PT1H30M", "5400"},
             {"P1D", "86400"},
             {"PT1.5H", "5400"},
             {"P1W1DT1H1M1S", "694861"},
             {"PT90S", "90"},
             {"P0.5D", "43200"},
             {"PT0S", "invalid"},
             {"P", "invalid"},
             {"PT", "invalid"},
             {"P1M", "invalid"},
             {"P1Y", "invalid"},
             {"P1H", "invalid"},
             {"PT1D", "invalid"},
             {"1H", "invalid"},
             {"5min", "invalid"},
             {"-PT1H", "invalid"},
             {"PT-1H", "invalid"},
             {"PT1M1H", "invalid"},
             {"", "invalid"},
             {"PT1H ", "invalid"},
             {"PT99999999999999999999H", "invalid"},
             {"P1DT", "invalid"},
             {"PTS", "invalid"},
         }) {
        INFO(text);
        CHECK(interval(text) == seconds);
    }
    CHECK(interval(3600) == "invalid");
    for (const std::string nothing : {"PT0S", "P0D", "PT0.0000000001S"}) {
        json document = changed(R"({"tasks":{"t":{"schedule":"s"}}})");
        document["schedules"]["s"]["repeat"] = nothing;
        CHECK_THAT(MeshExpansion(document).find("t")->problem,
                   Catch::Matchers::Contains("\"" + nothing + "\", which is no time at all"));
    }
    const json once = changed("{}");
    CHECK_FALSE(MeshExpansion(once).find("t")->interval);
    CHECK(MeshExpansion(once).find("t")->problem.empty());
}
