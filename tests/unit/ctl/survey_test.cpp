// What a survey makes of what hosts answered. Real answers: tests/peers/survey_test.py.
#include "ctl/survey/configuration.hpp"
#include "ctl/survey/kin.hpp"
#include "ctl/survey/report.hpp"
#include "tests/unit/lib/config_root.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;
using namespace meshprobe::survey;
using Catch::Matchers::Contains;

namespace {

constexpr Timestamp now = 1'790'000'000;

HostReport host(const std::string& name, std::vector<std::uint64_t> keys = {}) {
    HostReport report;
    report.place = {name, {"https://" + name + "/esmond/perfsonar/archive/"}};
    report.url = report.place.urls.front();
    report.kind = Flavour::esmond;
    report.certificate = {"sha256//x", true, "", now + 30 * day};
    report.now = now;
    report.skew = 0;
    report.newest = now - 60;
    report.looked_back = day;
    report.keys = std::move(keys);
    report.entries = 3;
    report.volume.per_day = 1000;
    return report;
}

HostReport silent(const std::string& name, const std::string& error, bool is_down) {
    HostReport report;
    report.place = {name, {}};
    report.error = error;
    report.is_down = is_down;
    return report;
}

const HostReport& named(const std::vector<HostReport>& hosts, const std::string& name) {
    return *std::ranges::find_if(hosts, [&](const HostReport& one) { return one.place.host == name; });
}

Survey survey_of(std::vector<HostReport> hosts,
                 std::string source = "https://ps.example.org/pub/config/wlcg") {
    Survey survey;
    survey.source = std::move(source);
    survey.began = now;
    survey.hosts = std::move(hosts);
    return survey;
}

} // namespace

TEST_CASE("what was read of an event type stands for its other series") {
    const auto volume =
        estimate({{"packet-loss-rate", 10, 2, 120, 1200, hour}, {"throughput", 3, 1, 4, 80, day}});
    CHECK(volume.per_day == 120 * 24 * 5 + 4 * 3);
    CHECK(volume.bytes_per_day == 1200 * 24 * 5 + 80 * 3);
    CHECK(volume.basis == "3 of 13 series that were updated within a day were read, the last 1h to 1d");
}

TEST_CASE("of series that could not be read nothing is assumed, and that is said") {
    const auto volume =
        estimate({{"packet-loss-rate", 10, 2, 120, 0, hour}, {"packet-trace", 7, 0, 0, 0, hour}});
    CHECK(volume.per_day == 120 * 24 * 5);
    CHECK_THAT(volume.basis,
               Contains("2 of 17 series") && Contains("7 that could not be read are not in it"));
    CHECK_FALSE(estimate({{"packet-trace", 7, 0, 0, 0, hour}}).per_day);
    CHECK(estimate({}).per_day == 0);
}

TEST_CASE("what was counted one by one is no estimate") {
    const auto volume = counted_volume(50, 0, hour, true);
    CHECK(volume.per_day == 1200);
    CHECK(volume.of_runs);
    CHECK(volume.basis == "all runs of 1h were counted");
}

TEST_CASE("names that list the same keys are one host, whoever was asked first") {
    std::vector<HostReport> hosts{host("b", {1, 2, 3}), host("c", {7, 8, 9}), host("a", {1, 2, 3})};
    find_aliases(hosts);
    CHECK(named(hosts, "b").alias_of == "a");
    CHECK(named(hosts, "a").alias_of.empty());
    CHECK(named(hosts, "c").alias_of.empty());
}

TEST_CASE("one new test does not make another host, half of the keys do") {
    std::vector<std::uint64_t> many;
    for (std::uint64_t key = 0; key < 20; ++key)
        many.push_back(key);
    auto more = many;
    more.push_back(100);
    std::vector<HostReport> hosts{host("a", many), host("b", more), host("c", {0, 1, 2})};
    find_aliases(hosts);
    CHECK(named(hosts, "b").alias_of == "a");
    CHECK(named(hosts, "c").alias_of.empty());
    CHECK_THAT(named(hosts, "c").kinship, Contains("3 of its 3 metadata keys are also listed by a"));
}

TEST_CASE("names of one address are one host unless they list different things") {
    auto first = host("a");
    auto second = host("b");
    auto other = host("c", {1});
    auto another = host("d", {2});
    auto port = host("e:8443");
    for (auto* one : {&first, &second, &port})
        one->addresses = {"192.0.2.1"};
    other.addresses = another.addresses = {"192.0.2.2"};
    std::vector<HostReport> hosts{first, second, other, another, port};
    find_aliases(hosts);
    CHECK(named(hosts, "b").alias_of == "a");
    CHECK(named(hosts, "e:8443").alias_of.empty());
    CHECK(named(hosts, "d").alias_of.empty());
    CHECK_THAT(named(hosts, "d").kinship, Contains("addresses of c"));
}

TEST_CASE("the condition of a host is the first thing that is wrong with it") {
    CHECK(condition_of(host("a")) == Condition::fine);
    CHECK(condition_of(silent("a", "no route", true)) == Condition::down);
    CHECK(condition_of(silent("a", "HTTP status 404", false)) == Condition::no_archive);
    auto off = host("a");
    off.skew = -clock_tolerance;
    CHECK(condition_of(off) == Condition::fine);
    off.skew = -clock_tolerance - 1;
    CHECK(condition_of(off) == Condition::clock);
    off.alias_of = "b";
    CHECK(condition_of(off) == Condition::alias);
    auto old = host("a");
    old.newest = now - stale_after;
    CHECK(condition_of(old) == Condition::fine);
    old.newest -= 1;
    CHECK(condition_of(old) == Condition::stale);
    old.entries = 0;
    CHECK(condition_of(old) == Condition::empty);
}

TEST_CASE("certificates are told in a few words") {
    auto one = host("a");
    CHECK(certificate_text(one) == "verifies, until 2026-10-21");
    one.certificate = {"sha256//x", false, "certificate has expired", now - day};
    CHECK(certificate_text(one) == "certificate has expired, expired 2026-09-20");
    one.certificate = {};
    CHECK(certificate_text(one) == "none");
    CHECK(certificate_text(silent("a", "x", true)) == "-");
}

TEST_CASE("what aliases bring is counted once") {
    std::vector<HostReport> hosts{host("a", {1}), host("b", {1}), host("c", {2})};
    find_aliases(hosts);
    CHECK(survey_of(hosts).points_per_day() == 2000);
    hosts.push_back(host("d"));
    hosts.back().volume.of_runs = true;
    CHECK(survey_of(hosts).points_per_day() == 2000);
    CHECK(survey_of(hosts).runs_per_day() == 1000);
}

TEST_CASE("a mesh is named by what its URL tells") {
    CHECK(mesh_name_for("https://psconfig.example.org/pub/config/WLCG-All") == "wlcg-all");
    CHECK(mesh_name_for("https://user:secret@psconfig.example.org:8443/pub/config?x=a/b") ==
          "psconfig-example-org-8443");
    CHECK(mesh_name_for("/srv/meshes/my campus.json") == "my-campus");
    CHECK(mesh_name_for("https://example.org/pub/auto/ps1.example.org") == "ps1-example-org");
    CHECK(mesh_name_for("/") == "mesh");
}

TEST_CASE("the configuration to begin with has no errors, whatever hosts and servers wrote") {
    auto plain = host("plain.example.org:8080");
    plain.url = "http://plain.example.org:8080/esmond/perfsonar/archive/";
    auto search = host("[2001:db8::1]");
    search.kind = Flavour::opensearch;
    auto alias = host("z.example.org");
    alias.alias_of = "plain.example.org:8080";
    alias.kinship = "it has the same addresses";
    auto evil = silent("dead.example.org", "says \"no\"\nhosts: {x: {interval: 1}}\n: - {", false);
    auto survey = survey_of({plain, search, alias, evil}, "https://ps.example.org/pub/config/a?b=c:d&e='f'");
    survey.allow_private = true;
    const auto text = starting_configuration(survey);
    INFO(text);
    const test::ConfigRoot root;
    root.write("usr/lib/meshprobe/meshprobe.yaml", "archives: {local: {archiver: sqlite}}\n");
    root.write(text);
    const auto loaded = root.read();
    CHECK(test::errors(loaded.problems) == "");
    REQUIRE(loaded.config.meshes.size() == 1);
    const Mesh& mesh = loaded.config.meshes.begin()->second;
    CHECK(mesh.url == survey.source);
    CHECK(mesh.allow_private);
    CHECK(loaded.config.merge_same_address);
    CHECK(loaded.config.task("default", "plain.example.org:8080").connection.http_fallback);
    CHECK(loaded.config.task("default", "[2001:db8::1]").collect == std::vector<std::string>{"opensearch"});
    CHECK(loaded.config.task("default", "dead.example.org").enabled);
    CHECK(loaded.config.host_sections.size() == 2);
    CHECK_THAT(text, Contains("# dead.example.org: no-archive"));
}

TEST_CASE("a file stays a file, and a survey without hosts is a configuration, too") {
    const auto text = starting_configuration(survey_of({}, "/srv/mesh.json"));
    const test::ConfigRoot root;
    root.write("usr/lib/meshprobe/meshprobe.yaml", "archives: {local: {archiver: sqlite}}\n");
    root.write(text);
    const auto loaded = root.read();
    CHECK(test::errors(loaded.problems) == "");
    CHECK(loaded.config.meshes.begin()->second.file == "/srv/mesh.json");
}
