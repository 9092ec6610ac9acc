// Limit documents: what is wrong with them, and what they make of a task, in a world that is made up.
#include "lib/jq/jq.hpp"
#include "probe/limit/pscheduler/outside.hpp"
#include "probe/limit/pscheduler/processor.hpp"
#include "probe/limit/pscheduler/time.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <map>

using namespace meshprobe;
using namespace meshprobe::pscheduler;
using nlohmann::json;

namespace {

/// A document with everything that is asked for, around its interesting part.
json document(json changes = json::object()) {
    json made = json::parse(R"({
        "schema": 4,
        "identifiers": [{"name": "all", "description": "", "type": "always", "data": {}}],
        "classifiers": [{"name": "everybody", "description": "", "identifiers": ["all"]}],
        "limits": [{"name": "pass", "description": "", "type": "pass-fail", "data": {"pass": true}},
                   {"name": "never", "description": "", "type": "pass-fail", "data": {"pass": false}}],
        "applications": [{"apply": [{"require": "all", "limits": ["pass"]}]}]})");
    made.merge_patch(changes);
    return made;
}

json identifier(const std::string& type, const json& data, bool invert = false) {
    return document(
        {{"identifiers",
          {{{"name", "all"}, {"description", ""}, {"type", type}, {"data", data}, {"invert", invert}}}}});
}

json one_limit(const std::string& type, const json& data, bool invert = false) {
    return document(
        {{"limits",
          {{{"name", "pass"}, {"description", ""}, {"type", type}, {"data", data}, {"invert", invert}}}}});
}

json applications(const json& list) {
    return document({{"applications", list}});
}

Result<JqProgram> compile(const std::string& program, const json& arguments) {
    JqOptions options;
    options.arguments = arguments;
    options.first_only = true;
    options.helper = MESHPROBE_BINARY_DIR "/bin/meshprobe-jq";
    options.modules = jq_modules(options.helper);
    return JqProgram::compile(program, options);
}

/// jq is the real one, everything else is made up.
World world() {
    World made;
    made.compile_jq = [](const std::string& program, const json& arguments) -> Status {
        const auto compiled = compile(program, arguments);
        return compiled ? Status() : Status(fail(compiled.error()));
    };
    made.has_time_for_jq = [] { return Status(); };
    made.jq = [](const std::string& program, const json& arguments,
                 const json& input) -> Result<std::optional<json>> {
        auto compiled = compile(program, arguments);
        if (!compiled) return fail(compiled.error());
        const auto results = compiled->run(input.dump());
        if (!results) return fail(results.error());
        if (results->empty()) return std::nullopt;
        return json::parse(results->front());
    };
    made.dns = [](const std::string& name, DnsType type, Microseconds) -> Result<DnsAnswer> {
        static const std::map<std::pair<std::string, DnsType>, DnsAnswer> answers{
            {{"1.2.0.192.v4.fullbogons.cymru.com", DnsType::a}, {DnsAnswer::Is::found, {"127.0.0.2"}}},
            {{"9.9.0.192.v4.fullbogons.cymru.com", DnsType::a}, {DnsAnswer::Is::unknown, {}}},
            {{"1.2.0.192.origin.asn.cymru.com", DnsType::txt},
             {DnsAnswer::Is::found, {"64500 64501 | 192.0.2.0/24 | ZZ | none | 2020-01-01"}}},
            {{"9.9.0.192.origin.asn.cymru.com", DnsType::txt}, {DnsAnswer::Is::unknown, {}}},
            {{"1.2.0.192.in-addr.arpa", DnsType::ptr},
             {DnsAnswer::Is::found, {"liar.example.com", "ps1.example.org"}}},
            {{"ps1.example.org", DnsType::a}, {DnsAnswer::Is::found, {"192.0.2.1"}}},
            {{"liar.example.com", DnsType::a}, {DnsAnswer::Is::found, {"198.51.100.1"}}},
            {{"9.9.0.192.in-addr.arpa", DnsType::ptr}, {DnsAnswer::Is::unknown, {}}},
            {{"8.2.0.192.in-addr.arpa", DnsType::ptr}, {DnsAnswer::Is::found, {"mute.example.org"}}},
            {{"mute.example.org", DnsType::a}, {DnsAnswer::Is::unknown, {}}},
        };
        const auto found = answers.find({name, type});
        return found == answers.end() ? DnsAnswer{DnsAnswer::Is::absent, {}} : found->second;
    };
    made.list = [](const std::string& key) -> std::optional<std::string> {
        if (key == "https://lists.example.org/ours")
            return "# ours\n192.0.2.0/24 # the lab\n\nnonsense\n2001:db8::/32\n";
        return std::nullopt;
    };
    made.interfaces = [] { return std::vector<IpNetwork>{{*parse_ip_address("192.0.2.1"), 24}}; };
    return made;
}

Decision decide(const json& made,
                const json& hints = {{"requester", "192.0.2.1"}, {"server", "ps.example.org"}},
                const json& task = {{"test", {{"type", "throughput"}, {"spec", {{"duration", "PT10S"}}}}}},
                const World& outside = world()) {
    const auto parsed = parse_limit_document(made.dump());
    INFO(made.dump(1));
    REQUIRE((parsed ? std::string() : parsed.error().message).empty());
    const auto decided = Assessment(*parsed, outside, hints, task).decide();
    REQUIRE((decided ? std::string() : decided.error().message).empty());
    return *decided;
}

bool identifies(const json& made, const std::string& requester = "192.0.2.1") {
    return decide(made, {{"requester", requester}, {"server", "ps.example.org"}}).passed;
}

/// With a run from `start` on.
bool passes_run(const json& made, const std::string& start, const std::string& duration = "PT10S") {
    return decide(made, {{"requester", "192.0.2.1"}},
                  {{"test", {{"type", "rtt"}, {"spec", json::object()}}},
                   {"run_schedule", {{"start", start}, {"duration", duration}}}})
        .passed;
}

std::string problems(std::string_view text) {
    std::string all;
    for (const auto& problem : read_limit_document(text).found.problems)
        all += fmt::format("{}: {}\n", problem.path, problem.reason);
    return all;
}

} // namespace

TEST_CASE("comments may stand anywhere, and more than once") {
    auto text = document().dump();
    text.insert(1, R"("#": "one", "#": "two", "#rewrite": 7, )");
    CHECK(problems(text).empty());
}

TEST_CASE("what is wrong with a document is told with its place") {
    struct Bad {
        std::string text;
        std::string message;
    };
    const std::vector<Bad> all{
        {"", ": an empty document"},
        {"[]", ": expected an object, got a JSON array"},
        {"{}", ": lacks the member \"schema\""},
        {document({{"schema", 5}}).dump(), "/schema: expected a number from 1 to 4"},
        {document({{"schema", 2}, {"priority", {{"script", "."}}}}).dump(),
         ": has an unknown member \"priority\""},
        {document({{"limit", json::array()}}).dump(), "(did you mean \"limits\"?)"},
        {identifier("alwyas", json::object()).dump(), "(did you mean \"always\"?)"},
        {identifier("always", {{"x", 1}}).dump(), "/identifiers/0/data: has an unknown member \"x\""},
        {identifier("ip-cidr-list", {{"cidrs", {"192.0.2.0/24", "192.0.2.1/24"}}}).dump(),
         "/identifiers/0/data/cidrs/1: \"192.0.2.1/24\" has bits behind its prefix"},
        {identifier("hint", {{"hint", "a"}, {"match", {{"style", "glob"}, {"match", "x"}}}}).dump(),
         "/identifiers/0/data/match/style: expected exact, contains or regex"},
        {identifier("ip-reverse-dns", {{"timeout", "2s"}}).dump(), "expected a duration such as"},
        {identifier("jq", {{"script", "import \"x\" as x; ."}}).dump(), "there is no jq module \"x\""},
        {document({{"classifiers", {{{"name", "c"}, {"description", ""}, {"identifiers", {"al"}}}}}}).dump(),
         "/classifiers/0/identifiers: there is no identifier \"al\""},
        {one_limit("test", json::object()).dump(), "/limits/0/type: there is no type \"test\""},
        {one_limit("run-schedule", {{"hour", {24}}}).dump(),
         "/limits/0/data/hour: expected numbers from 0 to 23"},
        {one_limit("run-daterange", {{"start", "2026-02-30T00:00:00Z"}}).dump(),
         "/limits/0/data/start: expected"},
        {applications({{{"apply", {{{"require", "some"}, {"limits", {"pass"}}}}}}}).dump(),
         "/applications/0/apply/0/require: expected none, one, any or all"},
        {applications({{{"classifier", "nobody"}, {"apply", json::array()}}}).dump(),
         "/applications/0/classifier: there is no classifier"},
        {one_limit("run-schedule", {{"hour", {{{"lower", 22}, {"upper", 5}}}}}).dump(),
         "/limits/0/data/hour: lower 22 is above upper 5; what goes over the end is two ranges, 22 to 23 and "
         "0 to 5"},
        {one_limit("url-fetch", {{"url", "file:///etc/passwd"}}).dump(),
         "/limits/0/data/url: \"file:///etc/passwd\" is not a usable URL: expected http:// or https://"},
        {one_limit("url-fetch", {{"url", "http://me:secret@example.org/"}}).dump(),
         "user names and passwords have no place in it"},
        {one_limit("url-fetch", {{"url", "nonsense"}}).dump(), "/limits/0/data/url: "},
        {identifier("ip-cidr-list-url", {{"source", "http://a b/"}, {"update", "P1D"}, {"retry", "PT1H"}})
             .dump(),
         "/identifiers/0/data/source: "},
        {document(
             {{"limits", {{{"name", "a"}, {"description", ""}, {"clone", "b"}, {"data", json::object()}}}}})
             .dump(),
         "/limits/0/clone: there is no limit \"b\""},
    };
    for (const auto& bad : all) {
        INFO(bad.text);
        CHECK_THAT(problems(bad.text), Catch::Contains(bad.message));
    }
    const auto twice = document(
        {{"limits",
          {{{"name", "pass"}, {"description", ""}, {"type", "pass-fail"}, {"data", {{"pass", true}}}},
           {{"name", "pass"}, {"description", ""}, {"type", "pass-fail"}, {"data", {{"pass", true}}}}}}});
    CHECK_THAT(problems(twice.dump()),
               Catch::Contains("/limits/1/name: there is another limit named \"pass\""));
    CHECK(parse_limit_document("{}").error().kind == ErrorKind::configuration);
}

TEST_CASE("always, and its inversion") {
    CHECK(identifies(identifier("always", json::object())));
    CHECK_FALSE(identifies(identifier("always", json::object(), true)));
    CHECK_THAT(decide(identifier("always", json::object(), true)).diags,
               Catch::Contains("Made no identifications."));
}

TEST_CASE("hints are matched exactly, in part, or by regular expressions") {
    const auto match = [](json how) {
        return identifies(identifier("hint", {{"hint", "server"}, {"match", std::move(how)}}));
    };
    CHECK(match({{"style", "exact"}, {"match", "ps.example.org"}}));
    CHECK_FALSE(match({{"style", "exact"}, {"match", "PS.example.org"}}));
    CHECK(match({{"style", "exact"}, {"match", "PS.example.org"}, {"case-insensitive", true}}));
    CHECK(match({{"style", "contains"}, {"match", "example"}}));
    CHECK_FALSE(match({{"style", "contains"}, {"match", "example"}, {"invert", true}}));
    CHECK(match({{"style", "regex"}, {"match", "^ps\\.[a-z]+"}}));
    CHECK(match({{"style", "regex"}, {"match", "EXAMPLE\\.org$"}, {"case-insensitive", true}}));
    CHECK_FALSE(match({{"style", "regex"}, {"match", "^example"}}));
    CHECK_FALSE(identifies(
        identifier("hint", {{"hint", "absent"}, {"match", {{"style", "contains"}, {"match", ""}}}})));
}

TEST_CASE("requesters are told by their addresses") {
    const auto cidrs =
        identifier("ip-cidr-list", {{"cidrs", {"192.0.2.0/24", "2001:db8::/32", "203.0.113.5"}}});
    CHECK(identifies(cidrs, "192.0.2.255"));
    CHECK(identifies(cidrs, "2001:db8:1::1"));
    CHECK(identifies(cidrs, "203.0.113.5"));
    CHECK(identifies(cidrs, "::ffff:192.0.2.1"));
    CHECK_FALSE(identifies(cidrs, "203.0.113.6"));
    CHECK_FALSE(identifies(cidrs, "ps.example.org"));
    CHECK(identifies(identifier("localif", json::object())));
    CHECK_FALSE(identifies(identifier("localif", json::object()), "192.0.2.2"));
    CHECK(identifies(identifier("local-subnet", json::object()), "192.0.2.2"));
    CHECK_FALSE(identifies(identifier("local-subnet", json::object()), "192.0.3.2"));
}

TEST_CASE("lists come from the copy that is kept of them, and have an outcome without one") {
    const auto list = [](const std::string& url, bool fail_state) {
        return identifier("ip-cidr-list-url", {{"source", url},
                                               {"update", "P1D"},
                                               {"retry", "PT1H"},
                                               {"exclude", {"192.0.2.128/25"}},
                                               {"fail-state", fail_state}});
    };
    CHECK(identifies(list("https://lists.example.org/ours", false), "192.0.2.1"));
    CHECK(identifies(list("https://lists.example.org/ours", false), "2001:db8::9"));
    CHECK_FALSE(identifies(list("https://lists.example.org/ours", true), "192.0.2.200"));
    CHECK_FALSE(identifies(list("https://lists.example.org/ours", true), "198.51.100.1"));
    CHECK_FALSE(identifies(list("https://lists.example.org/absent", false)));
    CHECK(identifies(list("https://lists.example.org/absent", true)));
}

TEST_CASE("DNS tells bogons, autonomous systems and names, or the outcome for silence") {
    const auto bogon = [](bool result) { return identifier("ip-cymru-bogon", {{"fail-result", result}}); };
    CHECK(identifies(bogon(false)));
    CHECK_FALSE(identifies(bogon(true), "192.0.2.2"));
    CHECK(identifies(bogon(true), "192.0.9.9"));
    CHECK_FALSE(identifies(bogon(false), "192.0.9.9"));
    CHECK_FALSE(
        identifies(identifier("ip-cymru-bogon", {{"fail-result", true}, {"exclude", {"192.0.2.0/24"}}})));
    const auto asn = [](json asns) {
        return identifier("ip-cymru-asn", {{"fail-result", true}, {"asns", std::move(asns)}});
    };
    CHECK(identifies(asn({64501})));
    CHECK_FALSE(identifies(asn({64502})));
    CHECK(identifies(asn({64502}), "192.0.9.9"));
    const auto name = [](const std::string& match) {
        return identifier("ip-reverse-dns",
                          {{"timeout", "PT1S"}, {"match", {{"style", "exact"}, {"match", match}}}});
    };
    CHECK(identifies(name("ps1.example.org")));
    CHECK(identifies(name("ps1.example.org.")));
    CHECK_FALSE(identifies(name("liar.example.com"))); // its name does not lead back
    CHECK_FALSE(identifies(name("ps1.example.org"), "192.0.2.7"));
}

TEST_CASE("jq identifies with true, and nothing else") {
    CHECK(identifies(identifier("jq", {{"script", ".requester | startswith(\"192.\")"}})));
    CHECK(identifies(
        identifier("jq", {{"script", {".requester", "| startswith($p)"}}, {"args", {{"p", "192"}}}})));
    CHECK_FALSE(identifies(identifier("jq", {{"script", "\"yes\""}})));
    CHECK_FALSE(identifies(identifier("jq", {{"script", "error(\"x\")"}})));
    CHECK_FALSE(identifies(identifier("jq", {{"script", "empty"}})));
    CHECK_FALSE(identifies(identifier("jq", {{"script", "true"}, {"output-raw", true}})));
}

TEST_CASE("classifiers ask for some, all or none of their identifiers") {
    const auto classified = [](const std::string& require, json identifiers) {
        auto made = document({{"classifiers",
                               {{{"name", "c"},
                                 {"description", ""},
                                 {"require", require},
                                 {"identifiers", std::move(identifiers)}}}}});
        made["identifiers"].push_back({{"name", "no"},
                                       {"description", ""},
                                       {"type", "always"},
                                       {"data", json::object()},
                                       {"invert", true}});
        return decide(made).passed;
    };
    CHECK(classified("any", {"no", "all"}));
    CHECK_FALSE(classified("any", {"no"}));
    CHECK(classified("one", {"no", "all"}));
    CHECK_FALSE(classified("one", {"all", "all"}));
    CHECK_FALSE(classified("all", {"no", "all"}));
    CHECK(classified("none", {"no"}));
}

TEST_CASE("applications are tried in order until one passes or stops") {
    const auto group = [](const std::string& require, json limits) {
        return json{{"require", require}, {"limits", std::move(limits)}};
    };
    const auto with = [](json groups, const json& more = json::object()) {
        json made{{"apply", std::move(groups)}};
        made.update(more);
        return made;
    };
    const auto application = [&](const std::string& limit, const json& more = json::object()) {
        return with(json::array({group("all", json::array({limit}))}), more);
    };
    const auto passes = [](std::initializer_list<json> list) {
        json all = json::array();
        for (const auto& one : list)
            all.push_back(one);
        return decide(applications(all)).passed;
    };
    const json none = json::array();
    CHECK(passes({application("never"), application("pass")}));
    CHECK_FALSE(passes({application("never", {{"stop-on-failure", true}}), application("pass")}));
    CHECK_FALSE(passes({}));
    CHECK(passes({application("never", {{"invert", true}})}));
    CHECK_FALSE(passes({application("pass", {{"invert", true}})}));
    CHECK(passes({with(none)}));
    CHECK(passes({with(json::array(
        {group("any", json::array({"never", "pass"})), group("none", json::array({"never"}))}))}));
    CHECK_FALSE(passes({with(json::array({group("one", json::array({"pass", "pass"}))}))}));
    CHECK_FALSE(passes({with(json::array({group("any", none)}))}));
    auto made = applications(json::array({application("pass", {{"classifier", "others"}})}));
    made["classifiers"].push_back({{"name", "others"},
                                   {"description", ""},
                                   {"require", "none"},
                                   {"identifiers", json::array({"all"})}});
    CHECK_FALSE(decide(made).passed); // nobody is one of the others
}

TEST_CASE("limits: test types, jq, clones and inversion") {
    CHECK(decide(one_limit("test-type", {{"types", {"rtt", "throughput"}}})).passed);
    CHECK_FALSE(decide(one_limit("test-type", {{"types", {"rtt"}}})).passed);
    CHECK(decide(one_limit("test-type", {{"types", {"rtt"}}}, true)).passed);
    CHECK(decide(one_limit("jq", {{"script", ".test.type == \"throughput\""}})).passed);
    const auto refused = decide(one_limit("jq", {{"script", "\"too long\""}}));
    CHECK_FALSE(refused.passed);
    CHECK_THAT(refused.diags, Catch::Contains("Limit 'pass' failed: too long"));
    CHECK_FALSE(decide(one_limit("jq", {{"script", "7"}})).passed);
    CHECK_FALSE(decide(one_limit("jq", {{"script", "empty"}})).passed);
    auto cloned = document(
        {{"limits",
          {{{"name", "a"},
            {"description", ""},
            {"type", "jq"},
            {"invert", true},
            {"data", {{"script", "$x == 1"}, {"args", {{"x", 2}}}}}},
           {{"name", "pass"}, {"description", ""}, {"clone", "a"}, {"data", {{"args", {{"x", 1}}}}}}}}});
    CHECK(decide(cloned).passed); // with the other's script, and not inverted
}

TEST_CASE("limits about runs pass without one, and even inverted") {
    const json range{{"start", "2026-05-01T00:00:00Z"}, {"end", "2026-06-01T00:00:00+02:00"}};
    CHECK(decide(one_limit("run-daterange", range)).passed);
    CHECK(decide(one_limit("run-daterange", range, true)).passed);
    const auto inside = one_limit("run-daterange", range);
    CHECK(passes_run(inside, "2026-05-01T00:00:00Z"));
    CHECK(passes_run(inside, "2026-05-31T21:59:49Z"));
    CHECK_FALSE(passes_run(inside, "2026-05-31T21:59:50Z")); // ends exactly at the end
    CHECK_FALSE(passes_run(inside, "2026-04-30T23:59:59Z"));
    CHECK_FALSE(passes_run(one_limit("run-daterange", range, true), "2026-05-02T00:00:00Z"));
    auto overlapping = range;
    overlapping["overlap"] = true;
    CHECK(passes_run(one_limit("run-daterange", overlapping), "2026-04-30T23:59:59Z"));
    CHECK(passes_run(one_limit("run-daterange", overlapping), "2026-04-01T00:00:00Z", "P90D"));
    CHECK_FALSE(passes_run(one_limit("run-daterange", overlapping), "2026-06-01T00:00:00Z"));
}

TEST_CASE("run-schedule looks at all that the clock goes through") {
    const auto hours = one_limit("run-schedule", {{"hour", {22, 23, {{"lower", 0}, {"upper", 5}}}}});
    CHECK(passes_run(hours, "2026-05-19T22:00:00Z"));
    CHECK(passes_run(hours, "2026-05-19T23:59:55Z")); // over midnight
    CHECK(passes_run(hours, "2026-05-19T22:10:00Z", "PT7H"));
    CHECK_FALSE(passes_run(hours, "2026-05-19T05:59:55Z"));
    CHECK_FALSE(passes_run(hours, "2026-05-19T22:00:00Z", "P1D"));
    CHECK(passes_run(hours, "2026-05-19T23:00:00+09:00")); // in the zone of its timestamp
    const auto weekend = one_limit("run-schedule", {{"weekday", {6, 0}}});
    CHECK(passes_run(weekend, "2026-05-23T10:00:00Z"));
    CHECK(passes_run(weekend, "2026-05-24T10:00:00Z")); // Sunday is 0, too
    CHECK_FALSE(passes_run(weekend, "2026-05-22T23:59:58Z"));
    CHECK_FALSE(passes_run(weekend, "2026-05-24T23:59:58Z"));
    const auto some = one_limit("run-schedule", {{"weekday", {6}}, {"overlap", true}});
    CHECK(passes_run(some, "2026-05-22T23:59:58Z"));
    CHECK_FALSE(passes_run(some, "2026-05-24T23:59:58Z"));
    const auto dates = one_limit("run-schedule", {{"month", {12, 1}}, {"day", {31, 1}}, {"week", {53, 1}}});
    CHECK(passes_run(dates, "2026-12-31T23:59:58Z"));
    CHECK_FALSE(passes_run(dates, "2026-02-01T00:00:00Z"));
    CHECK(passes_run(
        one_limit("run-schedule",
                  {{"year", {2026}}, {"minute", {0}}, {"second", {{{"lower", 0}, {"upper", 20}}}}}),
        "2026-02-01T00:00:05Z"));
}

TEST_CASE("what is rewritten is what is judged and handed back") {
    auto made = one_limit("jq", {{"script", ".test.spec.duration == \"PT5S\""}});
    made["rewrite"] = {{"script",
                        {"import \"pscheduler/iso8601\" as iso;", ".",
                         "| if iso::duration_as_seconds(.test.spec.duration) > 5",
                         "  then .test.spec.duration = \"PT5S\" | change(\"Cut\") else . end",
                         "| if classifiers_has(\"every\") then reject(\"part of a name\") else . end",
                         "| .reference.by = hint(\"requester\")"}}};
    const auto decision = decide(made);
    INFO(decision.diags);
    CHECK(decision.passed);
    CHECK(decision.task == json::parse(R"({"test": {"type": "throughput", "spec": {"duration": "PT5S"}},
                                           "reference": {"by": "192.0.2.1"}})"));
    CHECK_THAT(decision.diags, Catch::Contains("Task rewritten:\n  Cut"));
    made["rewrite"] = {{"script", ".test.spec.duration = \"PT5S\""}}; // without a word of change
    CHECK(decide(made).passed);
    made["rewrite"] = {{"script", "reject(\"not today\")"}};
    CHECK_THAT(decide(made).diags, Catch::Contains("Task rejected: not today"));
    made["rewrite"] = {{"script", ".test.type = \"rtt\""}};
    CHECK_FALSE(decide(made).passed);
}

TEST_CASE("priorities are set, adjusted and explained") {
    auto made = document(
        {{"priority",
          {{"script",
            {"set(default; \"first\")",
             "| if classifiers_has(\"everybody\") then adjust(20; \"friends\") else . end",
             "| if requested and requested < priority then set(requested; \"less\") else . end"}}}}});
    const json requester{{"requester", "192.0.2.1"}};
    json task{{"test", {{"type", "rtt"}, {"spec", json::object()}}},
              {"run_schedule", {{"start", "2026-05-19T10:00:00Z"}, {"duration", "PT1M"}}}};
    auto decision = decide(made, requester, task);
    CHECK(decision.priority == 20.0);
    CHECK_THAT(decision.diags, Catch::Contains("friends (+20)"));
    task["priority"] = 5;
    decision = decide(made, requester, task);
    CHECK(decision.priority == 5.0);
    CHECK(decide(made).priority == 0.0); // only runs have one
    made["priority"] = {{"script", "error(\"no idea\")"}};
    CHECK_FALSE(decide(made, requester, task).passed);
    CHECK(decide(document()).priority == 0.0);
}

TEST_CASE("url-fetch does what it is told, and has an outcome for silence") {
    Fetch asked;
    World outside = world();
    Result<Fetched> answer = Fetched{200, R"({"passed": true})"};
    outside.fetch = [&](const Fetch& fetch) {
        asked = fetch;
        return answer;
    };
    const auto decide_by = [&](json data) {
        data["url"] = "https://d.example.org/ask";
        return decide(one_limit("url-fetch", data), {{"requester", "192.0.2.1"}},
                      {{"test", {{"type", "rtt"}, {"spec", json::object()}}}}, outside);
    };
    CHECK(decide_by({{"params", {{"a", "x y"}, {"b", 2}}}, {"headers", {{"X-Who", "me"}}}}).passed);
    CHECK(asked.url == "https://d.example.org/ask?a=x%20y&b=2");
    CHECK(asked.headers == std::vector<std::string>{"X-Who: me"});
    CHECK(decide_by({{"url-transform",
                      {{"script", ".url + \"/\" + .run.test.type + \"/\" + hint(\"requester\")"}}}})
              .passed);
    CHECK(asked.url == "https://d.example.org/ask/rtt/192.0.2.1");
    CHECK_FALSE(decide_by({{"headers", {{"X", "a\nb"}}}}).passed);
    answer = Fetched{200, R"({"passed": false, "message": "not you"})"};
    CHECK_THAT(decide_by(json::object()).diags, Catch::Contains("not you"));
    answer = Fetched{404, ""};
    CHECK_FALSE(decide_by({{"success-only", true}, {"fail-result", true}}).passed);
    CHECK(decide_by({{"fail-result", true}}).passed);
    answer = Fetched{200, "[]"};
    CHECK_FALSE(decide_by({{"fail-result", true}}).passed);
    answer = fail(ErrorKind::unreachable, "nobody there");
    CHECK(decide_by({{"fail-result", true}}).passed);
    CHECK_FALSE(decide_by(json::object()).passed);
}

TEST_CASE("what does not depend on a run is found out once") {
    World outside = world();
    int questions = 0;
    outside.fetch = [&](const Fetch&) -> Result<Fetched> {
        ++questions;
        return Fetched{200, R"({"passed": true})"};
    };
    auto made = one_limit("url-fetch", {{"url", "https://d.example.org/"}});
    made["limits"].push_back(
        {{"name", "hours"}, {"description", ""}, {"type", "run-schedule"}, {"data", {{"hour", {10}}}}});
    made["applications"][0]["apply"][0]["limits"].push_back("hours");
    const auto parsed = parse_limit_document(made.dump());
    REQUIRE(parsed);
    CHECK(parsed->depends_on_run());
    CHECK_FALSE(parse_limit_document(document().dump())->depends_on_run());
    CHECK(parse_limit_document(one_limit("jq", {{"script", ".run_schedule == null"}}).dump())
              ->depends_on_run());
    Assessment assessment(*parsed, outside, {{"requester", "192.0.2.1"}},
                          {{"test", {{"type", "rtt"}, {"spec", json::object()}}}});
    CHECK(assessment.passes({{"start", "2026-05-19T10:00:00Z"}, {"duration", "PT1M"}}).value());
    CHECK_FALSE(assessment.passes({{"start", "2026-05-19T11:00:00Z"}, {"duration", "PT1M"}}).value());
    CHECK(questions == 1);
}

TEST_CASE("times are read as ISO 8601 has them") {
    const auto utc = [](std::string_view text) {
        const auto time = parse_iso_time(text);
        return time ? time->utc.time_since_epoch().count() : -1;
    };
    CHECK(utc("1970-01-02T00:00:10Z") == 86410);
    CHECK(utc("1970-01-02T02:00:10+02:00") == 86410);
    CHECK(utc("1970-01-01T22:00:10.75-0200") == 86410);
    CHECK(utc("1970-01-02") == 86400);
    for (const auto* bad :
         {"", "1970", "1970-02-30", "1970-01-02T25:00", "1970-01-02T00:00:10X", "1970-01-0-"})
        CHECK(utc(bad) == -1);
    CHECK(fields_of(*parse_iso_time("2027-01-01T00:00:00Z")).week == 53);
    CHECK(fields_of(*parse_iso_time("2027-01-01T00:00:00Z")).weekday == 5);
}

TEST_CASE("pScheduler's jq modules are the same in limits as everywhere") {
    const auto answer = [](const Result<std::optional<json>>& result) {
        return result && *result ? (*result)->dump() : result ? "nothing" : result.error().message;
    };
    const std::string imports = "import \"pscheduler/iso8601\" as iso; import \"pscheduler/si\" as si; ";
    const auto in_limit = [&](const std::string& script) {
        const auto program = compose_program("", imports + script);
        REQUIRE(program);
        return answer(world().jq(*program, json::object(), nullptr));
    };
    const auto elsewhere = [&](const std::string& script) {
        return answer(world().jq(imports + script, json::object(), nullptr));
    };
    const std::vector<std::pair<std::string, std::string>> all{
        {"iso::duration_as_seconds(\"P1W2DT3H4M5.5S\")", "788645.5"},
        {"iso::duration_as_seconds(\"pt1m\")", "60"},
        {"iso::duration_as_seconds(\"P\")", "0"},
        {"iso::duration_as_seconds(\"P1W\")", "Invalid ISO 8601 duration 'P1W'"},
        {"iso::duration_as_seconds(\"P1Y\")", "Invalid ISO 8601 duration 'P1Y'"},
        {"iso::timestamp_parsed(\"2026-05-19T10:01:02-04:30\")",
         R"({"day":19,"hour":10,"minute":1,"month":5,"offset_hr":-4,"offset_min":30,"second":2,"year":2026})"},
        {"iso::timestamp_parsed(\"2026-05-19T10:01Z\").offset_hr", "0"},
        {"iso::timestamp_parsed(\"2026-05-19T10:01:02.5Z\").offset_hr", "null"},
        {"iso::timestamp_parsed(\"2026-05-19\")", R"({"day":19,"month":5,"year":2026})"},
        {"iso::timestamp_parsed(5)", "Invalid timestamp '5'"},
        {"si::as_integer(\"1.5K\")", "1500"},
        {"si::as_integer(\"2Ki\")", "2048"},
        {"si::as_integer(7)", "7"},
        {"si::as_integer(\"1 K\")", "Invalid SI Number '1 K'"},
        {"si::multiplier(\"m\")", "1000000"},
        {"si::multiplier(\"K\")", "null"},
        {"si::multiplier(null)", "null"},
    };
    for (const auto& [script, expected] : all) {
        INFO(script);
        CHECK(in_limit(script) == expected);
        CHECK(elsewhere(script) == expected);
    }
}

TEST_CASE("imports come first, and nothing else is imported") {
    const auto compose = [](const std::string& script) {
        const auto program = compose_program("", script);
        return program ? *program : program.error().message;
    };
    const auto run = [&](const std::string& script) {
        const auto result = world().jq(compose(script), json::object(), nullptr);
        return result && *result ? (*result)->dump() : result ? "nothing" : result.error().message;
    };
    // Where it looks like an import and is none.
    CHECK(run("# import \"x\" as x;\n\"import \\\"y\\\" as y;\" | length") == "16");
    CHECK(run("include \"pscheduler/si\"; as_integer(\"1K\")") == "1000");
    CHECK(run("1 | import \"pscheduler/si\" as si {search: \"/etc\"}; . + si::as_integer(\"1K\")") == "1001");
    CHECK_THAT(compose("import \"passwd\" as $p {search: \"/etc\"}; $p"),
               Catch::Contains("there is no jq module"));
    // However well it is hidden, jq takes none behind the definitions in front of it.
    CHECK_THAT(run("import #\n\"pscheduler/si\" as si; si::as_integer(\"1K\")"),
               Catch::Contains("syntax error"));
    CHECK_THAT(run("import @text \"pscheduler/si\" as si; si::as_integer(\"1K\")"),
               Catch::Contains("syntax error"));
}

TEST_CASE("jq tells the lines of a script as they are written") {
    auto made = document();
    made["rewrite"] = {{"script", {"import \"pscheduler/si\"", "  as si;", ".", "| zork"}}};
    const auto read = read_limit_document(made.dump());
    const auto problems = prove(read.found, world());
    REQUIRE(problems);
    REQUIRE(problems->size() == 1);
    CHECK(problems->front().path == "/rewrite/script");
    CHECK_THAT(problems->front().reason, Catch::Contains("line 4"));
}

TEST_CASE("pick is there, although jq 1.6 lacks it") {
    CHECK(decide(one_limit("jq", {{"script", "pick(.test.type) == {test: {type: \"throughput\"}}"}})).passed);
}

TEST_CASE("a regular expression that is none is a fault of the document") {
    for (const bool is_case_insensitive : {false, true}) {
        const auto made = identifier(
            "hint",
            {{"hint", "server"},
             {"match",
              {{"style", "regex"}, {"match", "ps.(1|2"}, {"case-insensitive", is_case_insensitive}}}});
        const auto read = read_limit_document(made.dump());
        CHECK(read.found.problems.empty());
        const auto problems = prove(read.found, world());
        REQUIRE(problems);
        REQUIRE(problems->size() == 1);
        CHECK(problems->front().path == "/identifiers/0/data/match/match");
        CHECK_THAT(problems->front().reason, Catch::Contains("unmatched parenthesis"));
    }
    const auto good =
        identifier("hint", {{"hint", "server"}, {"match", {{"style", "regex"}, {"match", "ps.(1|2)"}}}});
    CHECK(prove(read_limit_document(good.dump()).found, world()).value().empty());
}

TEST_CASE("what cannot be answered does not identify, inverted or not") {
    const auto never = [](const std::string& type, const json& data, const std::string& requester) {
        CHECK_FALSE(identifies(identifier(type, data), requester));
        CHECK_FALSE(identifies(identifier(type, data, true), requester));
    };
    never("ip-cidr-list", {{"cidrs", {"192.0.2.0/24"}}}, "ps.example.org");
    never("localif", json::object(), "ps.example.org");
    never("local-subnet", json::object(), "ps.example.org");
    never("ip-cymru-bogon", {{"fail-result", true}}, "ps.example.org");
    never("ip-cymru-asn", {{"fail-result", true}, {"asns", {1}}}, "ps.example.org");
    const json match{{"timeout", "PT1S"}, {"match", {{"style", "contains"}, {"match", "."}}}};
    never("ip-reverse-dns", match, "ps.example.org");
    never("ip-reverse-dns", match, "192.0.9.9"); // DNS is silent about the address
    never("ip-reverse-dns", match, "192.0.2.8"); // … about the name
    never("jq", {{"script", "error(\"x\")"}}, "192.0.2.1");
    never("jq", {{"script", "empty"}}, "192.0.2.1");
    never("jq", {{"script", "7"}}, "192.0.2.1");
    never("jq", {{"script", "null | .[1000000000] = 1"}}, "192.0.2.1"); // out of memory
    // What is answered is turned around, also where the document says what silence means.
    CHECK(identifies(identifier("ip-reverse-dns", match, true), "192.0.2.7"));
    CHECK(identifies(identifier("ip-cymru-bogon", {{"fail-result", false}}, true), "192.0.9.9"));
    CHECK(identifies(identifier("jq", {{"script", "false"}}, true)));
}

TEST_CASE("what cannot be answered does not pass, inverted or not") {
    const auto never = [](const std::string& type, const json& data, const json& task = json::object()) {
        CHECK_FALSE(decide(one_limit(type, data), {{"requester", "192.0.2.1"}}, task).passed);
        CHECK_FALSE(decide(one_limit(type, data, true), {{"requester", "192.0.2.1"}}, task).passed);
    };
    never("jq", {{"script", "error(\"x\")"}});
    never("jq", {{"script", "empty"}});
    never("jq", {{"script", "null"}});
    never("jq", {{"script", "null | .[1000000000] = 1"}});
    never("test-type", {{"types", {"rtt"}}});
    const json unreadable{{"run_schedule", {{"start", "noon"}, {"duration", "PT1S"}}}};
    never("run-schedule", {{"hour", {9}}}, unreadable);
    never("run-daterange", {{"start", "2026-05-01T00:00:00Z"}}, unreadable);
    never("url-fetch", {{"url", "http://example.org/"}}); // there is no network
    CHECK(decide(one_limit("url-fetch", {{"url", "http://example.org/"}, {"fail-result", false}}, true))
              .passed);
    CHECK(decide(one_limit("jq", {{"script", "\"too long\""}}, true)).passed);
}

TEST_CASE("what nobody could be asked is judged by nobody") {
    World outside = world();
    outside.jq = [](const std::string&, const json&, const json&) -> Result<std::optional<json>> {
        return fail(ErrorKind::internal, "no jq");
    };
    outside.dns = [](const std::string&, DnsType, Microseconds) -> Result<DnsAnswer> {
        return fail(ErrorKind::internal, "no time");
    };
    outside.fetch = [](const Fetch&) -> Result<Fetched> { return fail(ErrorKind::internal, "no time"); };
    const auto judge = [&](const json& made) {
        const auto parsed = parse_limit_document(made.dump());
        REQUIRE(parsed);
        Assessment assessment(*parsed, outside, {{"requester", "192.0.2.1"}, {"server", "a"}},
                              {{"test", {{"type", "rtt"}, {"spec", json::object()}}}});
        CHECK_FALSE(assessment.decide());
        CHECK_FALSE(assessment.passes({{"start", "2026-05-19T10:00:00Z"}, {"duration", "PT1M"}}));
        const auto passes = assessment.passes(nullptr);
        return passes ? "judged" : passes.error().message;
    };
    for (const bool invert : {false, true}) {
        CHECK(judge(identifier("jq", {{"script", "true"}}, invert)) == "no jq");
        CHECK(judge(identifier("hint", {{"hint", "server"}, {"match", {{"style", "regex"}, {"match", "."}}}},
                               invert)) == "no jq");
        CHECK(judge(identifier("ip-cymru-bogon", {{"fail-result", true}}, invert)) == "no time");
        CHECK(judge(identifier("ip-cymru-asn", {{"fail-result", true}}, invert)) == "no time");
        CHECK(judge(identifier("ip-reverse-dns",
                               {{"timeout", "PT1S"}, {"match", {{"style", "exact"}, {"match", "x"}}}},
                               invert)) == "no time");
        CHECK(judge(one_limit("jq", {{"script", "true"}}, invert)) == "no jq");
        CHECK(judge(one_limit("url-fetch", {{"url", "http://example.org/"}, {"fail-result", true}},
                              invert)) == "no time");
    }
    auto made = document();
    made["rewrite"] = {{"script", "."}};
    CHECK(judge(made) == "no jq");
}

TEST_CASE("an empty list of a schedule is met by nothing") {
    CHECK_FALSE(passes_run(one_limit("run-schedule", {{"hour", json::array()}}), "2026-05-19T22:00:00Z"));
    CHECK_FALSE(passes_run(one_limit("run-schedule", {{"hour", json::array()}, {"overlap", true}}),
                           "2026-05-19T22:00:00Z"));
    CHECK(passes_run(one_limit("run-schedule", json::object()), "2026-05-19T22:00:00Z"));
    CHECK(passes_run(one_limit("run-schedule", {{"year", {{{"lower", 2020}, {"upper", 294276}}}}}),
                     "2026-05-19T22:00:00Z"));
}

TEST_CASE("limits may have more members than anybody knows") {
    auto made = document();
    made["limits"][0]["owner"] = "noc";
    made["limits"].push_back({{"name", "again"},
                              {"description", ""},
                              {"clone", "pass"},
                              {"invert", true},
                              {"data", json::object()}});
    made["applications"][0]["apply"][0]["limits"] = {"again"};
    CHECK(decide(made).passed); // a clone is not inverted
    const auto remarks = read_limit_document(made.dump()).found.remarks;
    REQUIRE(remarks.size() == 2);
    CHECK(remarks[0].path == "/limits/0");
    CHECK(remarks[0].reason == "has an unknown member \"owner\"");
    CHECK(remarks[1].path == "/limits/2/invert");
    made["identifiers"][0]["owner"] = "noc";
    CHECK_THAT(problems(made.dump()), Catch::Contains("/identifiers/0: has an unknown member"));
}

TEST_CASE("messages of url-fetch name what was asked, and transforms must make an object") {
    World outside = world();
    outside.fetch = [](const Fetch&) -> Result<Fetched> { return Fetched{500, ""}; };
    const auto diags = [&](json data) {
        data["url"] = "http://d.example.org/asked";
        return decide(one_limit("url-fetch", data), {{"requester", "192.0.2.1"}}, json::object(), outside)
            .diags;
    };
    CHECK_THAT(diags({{"url-transform", {{"script", ".url + \"/sent\""}}}}),
               Catch::Contains("http://d.example.org/asked/sent answers 500"));
    CHECK_THAT(diags({{"headers-transform", {{"script", "7"}}}}), Catch::Contains("headers-transform: "));
    CHECK_THAT(diags({{"params-transform", {{"script", "{}"}}}}), Catch::Contains("params-transform: "));
    CHECK_THAT(diags({{"params-transform", {{"script", "."}}}}), Catch::Contains("asked answers 500"));
}

TEST_CASE("jq outside: an input harms itself only, and time that is over is nobody's answer") {
    const Paths paths("/nonexistent");
    WorldBounds bounds;
    bounds.jq_helper = MESHPROBE_BINARY_DIR "/bin/meshprobe-jq";
    const auto outside = outside_world(paths, bounds);
    const std::string program =
        "if . == 2 then null | .[1000000000] = 1 elif . == 3 then error(\"three\") else . end";
    const auto run = [&](const World& by, const json& input) {
        return by.jq(program, json::object(), input);
    };
    CHECK(run(outside, 1).value() == json(1));
    for (int round = 0; round < 2; ++round)
        CHECK(run(outside, 2).error().kind == ErrorKind::interrupted);
    CHECK(run(outside, 3).error().kind == ErrorKind::protocol);
    CHECK(run(outside, 4).value() == json(4));
    CHECK(outside.has_time_for_jq());
    bounds.jq = Microseconds(1);
    bounds.dns = bounds.fetch = Microseconds(0);
    const auto late = outside_world(paths, bounds);
    CHECK(run(late, 1).value() == json(1)); // what has begun ends
    CHECK(run(late, 1).error().kind == ErrorKind::internal);
    CHECK_FALSE(late.has_time_for_jq());
    CHECK(late.dns("example.org", DnsType::a, std::chrono::seconds(1)).error().kind == ErrorKind::internal);
    CHECK(late.fetch(Fetch()).error().kind == ErrorKind::internal);
    bounds = {.jq_helper = "/nonexistent/meshprobe-jq"};
    const auto without = outside_world(paths, bounds);
    CHECK(run(without, 1).error().kind == ErrorKind::internal);
    CHECK_THAT(run(without, 1).error().message,
               Catch::Contains("start /nonexistent/meshprobe-jq: No such file"));
    CHECK(without.compile_jq(".", json::object()).error().kind == ErrorKind::internal);
}
