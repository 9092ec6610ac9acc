// How sections of hosts find their hosts, and how they are laid over tasks.
#include "lib/config/pattern.hpp"
#include "tests/unit/lib/config_root.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;
using namespace meshprobe::test;
using namespace std::chrono_literals;

TEST_CASE("globs match names with and without their port") {
    CHECK(glob_matches("*", "ps1.example.org"));
    CHECK(glob_matches("*.example.org", "ps1.example.org"));
    CHECK(glob_matches("*.example.org", "ps1.example.org:8443"));
    CHECK(glob_matches("*:8443", "ps1.example.org:8443"));
    CHECK(glob_matches("ps?.example.org", "ps1.example.org"));
    CHECK(glob_matches("[2001:db8::*", "[2001:db8::1]"));
    CHECK(glob_matches("192.0.2.*", "192.0.2.7:8080"));
    CHECK(glob_matches("a*b*c", "aXbXbXc"));
    CHECK_FALSE(glob_matches("*.example.org", "example.org"));
    CHECK_FALSE(glob_matches("ps?.example.org", "ps.example.org"));
    CHECK_FALSE(glob_matches("*:8443", "ps1.example.org"));
    CHECK_FALSE(glob_matches("", "a"));
    // The time of a naive matcher doubles with each star.
    CHECK_FALSE(glob_matches(std::string(200, '*') + "a*a*a*a*a*a*a*a*b", std::string(250, 'a')));
}

TEST_CASE("all sections that match apply, the most general first") {
    const ConfigRoot root;
    root.write(R"(
tasks: {default: {interval: 1h, max-requests: 1, timeout: 1min}}
hosts:
  ps1.example.org:8443: {timeout: 4min}
  ps1.example.org: {timeout: 3min, max-requests: 3}
  "*": {log: hourly, max-requests: 9}
  "*.example.org": {max-requests: 2, timeout: 2min, interval: 2h}
)");
    const auto loaded = root.read();
    REQUIRE(errors(loaded.problems) == "");
    const auto at = [&](std::string_view host) { return loaded.config.task("default", host); };
    CHECK(at("other.org").max_requests == 9);
    CHECK(at("other.org").interval == 1h);
    CHECK(at("a.example.org").max_requests == 2);
    CHECK(at("a.example.org").log == LogMode::hourly);
    CHECK(at("ps1.example.org").max_requests == 3);
    CHECK(at("ps1.example.org").timeout == 3min);
    CHECK(at("ps1.example.org").interval == 2h);
    CHECK(at("ps1.example.org:8443").timeout == 4min);
    CHECK(at("ps1.example.org:8443").max_requests == 3);
    CHECK(at("ps1.example.org:9999").timeout == 3min);
}

TEST_CASE("settings of one task on one host win over those of all its tasks") {
    const ConfigRoot root;
    root.write(R"(
tasks: {default: {}, traces: {interval: 1h, enabled: false}}
hosts:
  h.example.org: {interval: 10min, tasks: {traces: {interval: 20min, enabled: true, tls: {trust: any}}}}
  off.example.org: {enabled: false, tasks: {traces: {enabled: true}}}
  "*.example.org": {tasks: {default: {log: changes}}}
)");
    const auto loaded = root.read();
    REQUIRE(errors(loaded.problems) == "");
    const auto& config = loaded.config;
    CHECK(config.task("default", "h.example.org").interval == 10min);
    CHECK(config.task("default", "h.example.org").log == LogMode::changes);
    CHECK(config.task("default", "h.example.org").connection.trust == Trust::first_use);
    CHECK(config.task("traces", "h.example.org").interval == 20min);
    CHECK(config.task("traces", "h.example.org").enabled);
    CHECK(config.task("traces", "h.example.org").connection.trust == Trust::any);
    CHECK_FALSE(config.task("traces", "a.example.org").enabled);
    CHECK_FALSE(config.task("traces", "off.example.org").enabled); // the host is off
    CHECK_FALSE(config.task("default", "off.example.org").enabled);
}

TEST_CASE("a host can be switched on where its glob is off, but that switches on no task") {
    const ConfigRoot root;
    root.write("tasks: {default: {}, extra: {enabled: false}}\n"
               "hosts: {\"*\": {enabled: false}, a.example.org: {enabled: true}}\n");
    const auto config = root.read().config;
    CHECK(config.task("default", "a.example.org").enabled);
    CHECK_FALSE(config.task("default", "b.example.org").enabled);
    CHECK_FALSE(config.task("extra", "a.example.org").enabled);
}

TEST_CASE("an error in one entry disables that entry only") {
    const ConfigRoot root;
    root.write(R"(
meshes: {good: {file: /m}, bad: {file: /m, refresh: soon}}
archives: {bad: {archiver: rabbitmq, url: "amqp://b.example.org", window: none}}
limits: {bad: {type: age, max: old}, good: {type: age, max: 1d}}
tasks: {default: {archives: {bad: true}, limits: [bad, good]}, bad: {interval: never}}
hosts: {good.example.org: {}, bad.example.org: {interval: never}, "*.bad.org": {interval: never}, "a b": {}}
)");
    const auto loaded = root.read();
    for (const auto& problem : loaded.problems)
        CHECK(problem.scope == Problem::Scope::entry);
    CHECK(loaded.problems.size() == 7);
    const auto& config = loaded.config;
    CHECK(config.meshes.at("good").enabled);
    CHECK_FALSE(config.meshes.at("bad").enabled);
    CHECK(config.archives.at("bad").faulty);
    CHECK_FALSE(config.archives.at("local").faulty);
    CHECK_FALSE(config.tasks.contains("bad"));
    const auto good = config.task("default", "good.example.org");
    CHECK(good.enabled);
    CHECK(good.archives ==
          std::vector<std::string>{"bad", "local"}); // spooled until the section is corrected
    CHECK(good.limits == std::vector<std::string>{"good"});
    CHECK_FALSE(config.task("default", "bad.example.org").enabled);
    CHECK_FALSE(config.task("default", "h.bad.org").enabled);
    CHECK(config.task("default", "other.example.org").enabled);
}

TEST_CASE("pins may come from another section than the wish to pin") {
    const ConfigRoot root;
    root.write(R"(
hosts:
  "*.example.org": {tls: {trust: pin}}
  a.example.org: {tls: {pins: [sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=]}}
  b.example.org: {}
)");
    const auto loaded = root.read();
    CHECK(loaded.problems.size() == 1);
    CHECK(loaded.config.task("default", "a.example.org").enabled);
    CHECK_FALSE(loaded.config.task("default", "b.example.org").enabled);
}

TEST_CASE("a host's own interval counts more than its task's calendar") {
    const ConfigRoot root;
    root.write(R"(
tasks: {default: {calendar: daily}}
hosts:
  a.example.org: {interval: 1min}
  b.example.org: {tasks: {default: {interval: 1min}}}
  c.example.org: {interval: 1min, calendar: hourly}
  "*.example.net": {interval: 1min}
  d.example.net: {calendar: weekly}
)");
    const auto loaded = root.read();
    CHECK(loaded.problems.empty());
    const auto calendar_of = [&](std::string_view host) {
        return loaded.config.task("default", host).calendar;
    };
    CHECK(calendar_of("a.example.org").empty());
    CHECK(calendar_of("b.example.org").empty());
    CHECK(calendar_of("c.example.org") == "hourly");
    CHECK(calendar_of("d.example.net") == "weekly");
    CHECK(calendar_of("other.example.org") == "daily");
}
