#include "ctl/converge/difference.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;
using Units = std::vector<std::string>;

namespace {

const std::string a = "meshprobe@a.example.org.timer";
const std::string b = "meshprobe@b.example.org.timer";
const std::string c = "meshprobe@c.example.org.timer";
const std::string drop_in = "meshprobe@.timer.d/00-meshprobe.conf";

/// A quiet day: a and b are wanted, were generated at boot and are applied.
Situation quiet() {
    Situation situation;
    situation.wanted = {.links = {a, b}, .files = {{drop_in, "5min"}}};
    situation.generated = situation.wanted;
    situation.begun = situation.wanted.links;
    situation.applied = Applied{.activation = "1", .units = {a, b}, .problems = {}};
    situation.activation = "1";
    situation.known_hosts = {"a.example.org", "b.example.org"};
    return situation;
}

} // namespace

TEST_CASE("nothing changed, nothing is done") {
    CHECK(difference(quiet()).empty());
}

TEST_CASE("a new host is started, with a first run, without a reload") {
    auto situation = quiet();
    situation.wanted.links.insert(c);
    const auto result = difference(situation);
    CHECK(result.start == Units{c});
    CHECK(result.first_runs == Units{c});
    CHECK(result.stop.empty());
    CHECK_FALSE(result.reload);
    CHECK_FALSE(result.start_target);
}

TEST_CASE("what was applied is never started again, whoever stopped it") {
    auto situation = quiet();
    situation.wanted.links.insert(c);
    situation.applied->units = {a, b, c}; // started without a reload, so it is not among the generated ones
    CHECK(difference(situation).empty());
}

TEST_CASE("a vanished host is stopped, in one go with a new one") {
    auto situation = quiet();
    situation.wanted.links = {a, c};
    const auto result = difference(situation);
    CHECK(result.start == Units{c});
    CHECK(result.stop == Units{b});
}

TEST_CASE("a host that somebody enabled by hand is not taken for vanished") {
    auto situation = quiet();
    situation.wanted.links = {a};
    situation.enabled_by_hand = {b};
    CHECK(difference(situation).empty());
}

TEST_CASE("a vanished host that a start of the target brought back is stopped again") {
    auto situation = quiet();
    situation.wanted.links = {a};
    situation.applied->units = {a};
    CHECK(difference(situation).stop == Units{b}); // still linked since the last reload
}

TEST_CASE("a new drop-in needs a reload, one of a vanished host does not") {
    auto situation = quiet();
    SECTION("changed") {
        situation.wanted.files[drop_in] = "1min";
        CHECK(difference(situation).reload);
    }
    SECTION("new") {
        situation.wanted.files["meshprobe@a.example.org.timer.d/00-meshprobe.conf"] = "1min";
        CHECK(difference(situation).reload);
    }
    SECTION("a wanted instance loses its own") {
        situation.generated.files["meshprobe@a.example.org.timer.d/00-meshprobe.conf"] = "1min";
        CHECK(difference(situation).reload);
    }
    SECTION("a task loses its template") {
        situation.generated.files["meshprobe-old@.service"] = "text";
        CHECK(difference(situation).reload);
    }
    SECTION("a vanished instance leaves its own behind") {
        situation.wanted.links = {a};
        situation.generated.files["meshprobe@b.example.org.timer.d/00-meshprobe.conf"] = "1min";
        situation.generated.files["meshprobe@b.example.org.service.d/00-meshprobe.conf"] = "1min";
        CHECK_FALSE(difference(situation).reload);
        CHECK(difference(situation).stop == Units{b});
    }
}

TEST_CASE("after a boot the target has started what was generated; the rest is started now") {
    auto situation = quiet();
    situation.applied.reset();
    SECTION("all of it") {
        CHECK(difference(situation).empty());
    }
    SECTION("/var came late: one reload and one start of the target, and no first run of known hosts") {
        situation.generated = {};
        situation.begun = {};
        const auto result = difference(situation);
        CHECK(result.reload);
        CHECK(result.start_target);
        CHECK(result.start == Units{a, b});
        CHECK(result.first_runs.empty());
    }
    SECTION("a reload brought a new host between the start of the target and us") {
        situation.begun = {a};
        situation.known_hosts = {"a.example.org"};
        const auto result = difference(situation);
        CHECK_FALSE(result.reload);
        CHECK_FALSE(result.start_target); // it would start again what an administrator stopped meanwhile
        CHECK(result.start == Units{b});
        CHECK(result.first_runs == Units{b});
    }
    SECTION("hosts that were never applied get a first run") {
        situation.known_hosts = {"a.example.org"};
        CHECK(difference(situation).first_runs == Units{b});
    }
    SECTION("what vanished while the machine was off is stopped") {
        situation.wanted.links = {a};
        CHECK(difference(situation).stop == Units{b});
    }
}

TEST_CASE("after stop and start of the target, what was started without a reload is started again") {
    auto situation = quiet();
    situation.wanted.links.insert(c);
    situation.applied->units = {a, b, c};
    situation.activation = "2";
    const auto result = difference(situation);
    CHECK(result.start_target);
    CHECK(result.start == Units{c});
}

TEST_CASE("with the first mesh refresh runs at once") {
    auto situation = quiet();
    situation.wanted.links.insert({"meshprobe-refresh.service", "meshprobe-refresh.timer"});
    const auto result = difference(situation);
    CHECK(result.start == Units{"meshprobe-refresh.timer"});
    CHECK(result.first_runs == Units{"meshprobe-refresh.timer"});
}

TEST_CASE("archives come and go like hosts, without a first run") {
    auto situation = quiet();
    situation.wanted.links.insert("meshprobe-archive@far.path");
    CHECK(difference(situation).start == Units{"meshprobe-archive@far.path"});
    CHECK(difference(situation).first_runs.empty());
    CHECK(triggered_unit("meshprobe-archive@far.path") == "meshprobe-archive@far.service");
}
