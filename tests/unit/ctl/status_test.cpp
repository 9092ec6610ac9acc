// What status makes of the files of a root; systemd is not asked there.
#include "ctl/output.hpp"
#include "ctl/status/gather.hpp"
#include "ctl/status/show.hpp"
#include "lib/host_record.hpp"
#include "lib/mesh/state.hpp"
#include "lib/spool/segment_name.hpp"
#include "tests/unit/lib/config_root.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <sstream>

using namespace meshprobe;
using namespace meshprobe::test;
using Catch::Matchers::Contains;

namespace {

constexpr std::int64_t minute = 60'000'000;

class Fleet : public ConfigRoot {
  public:
    Fleet() {
        write("tasks: {default: {interval: 10min}}\nmeshes: {m: {file: /m}}\n");
        for (const auto* directory : {"run/meshprobe/results", "run/meshprobe/archives"})
            std::filesystem::create_directories(file(directory));
    }

    void host(const std::string& name, const std::string& alias_of = {}) const {
        HostRecord record;
        record.host = name;
        record.meshes = {"m"};
        record.alias_of = alias_of;
        HostRecords records = *read_host_records(paths());
        records.insert_or_assign(name, record);
        write("var/lib/meshprobe/mesh/records", format_host_records(records));
    }
    void result(const std::string& name, const LastResult& result) const {
        const auto written = write_last_result(paths(), {"default", name}, result);
        REQUIRE(written);
    }
    void succeeded(const std::string& name, std::int64_t minutes_ago) const {
        LastResult last;
        last.outcome = "success";
        last.finished_usec = last.last_success_usec = now_usec() - minutes_ago * minute;
        result(name, last);
    }
    [[nodiscard]] status::Report gather(std::vector<std::string> hosts = {}) const {
        return status::gather(paths(), hosts);
    }
};

std::size_t widest_line(const std::string& text) {
    std::istringstream lines(text);
    std::size_t widest = 0;
    for (std::string line; std::getline(lines, line);) {
        std::size_t characters = 0;
        for (const char c : line) {
            if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U) ++characters;
        }
        widest = std::max(widest, characters);
    }
    return widest;
}

} // namespace

TEST_CASE("a host is overdue after three intervals, or when it never came up") {
    const Fleet fleet;
    for (const auto* name : {"fresh.org", "late.org", "dead.org", "failing.org", "new.org", "off.org"})
        fleet.host(name);
    fleet.host("other.org", "fresh.org");
    fleet.drop_in("10.yaml", "hosts: {off.org: {enabled: false}}\n");
    fleet.succeeded("fresh.org", 29);
    fleet.succeeded("late.org", 31);
    LastResult dead;
    dead.outcome = "unreachable";
    dead.bad_runs = 2;
    fleet.result("failing.org", dead);
    dead.bad_runs = 3;
    fleet.result("dead.org", dead);

    const auto report = fleet.gather();
    std::vector<std::string> overdue;
    for (const auto& status : report.instances) {
        if (status.overdue) overdue.push_back(status.instance.host);
    }
    CHECK(overdue == std::vector<std::string>{"dead.org", "late.org"});
    CHECK(report.counted == 5); // neither the one that is off nor the alias
    CHECK(report.degraded());
    CHECK_FALSE(report.not_running());
    // One that never succeeded has no lag, which is not the same as none.
    CHECK_THAT(status::as_json(fleet.gather({"dead.org"})), Contains("\"lag-seconds\": null"));
}

TEST_CASE("the lag of a host that no longer answers grows") {
    LastResult last;
    last.last_success_usec = last.finished_usec = 100 * minute;
    last.lag_usec = minute;
    status::InstanceStatus host;
    CHECK_FALSE(host.lag_usec(110 * minute));
    host.last = last;
    CHECK(host.lag_usec(110 * minute) == minute); // as its last run found it
    host.last->finished_usec = 105 * minute;      // one that failed
    CHECK(host.lag_usec(110 * minute) == 11 * minute);
    CHECK(host.lag_usec(90 * minute) == minute); // the clock was set back
}

TEST_CASE("hosts are found as people write them") {
    const Fleet fleet;
    for (const auto* name : {"ps1.example.org", "ps2.example.org:8443", "[2001:db8::1]"})
        fleet.host(name);
    for (const auto* words : {"PS1.Example.ORG.", "ps1.example.org:443", "PS1.*", "2001:DB8::0:1",
                              "[2001:db8::1]", "ps2.example.org:8443", "meshprobe@ps1.example.org"}) {
        CAPTURE(words);
        CHECK(fleet.gather({words}).instances.size() == 1);
    }
    CHECK(fleet.gather({"*.example.org*"}).instances.size() == 2);
    CHECK(fleet.gather({"ps3.example.org"}).instances.empty());
}

TEST_CASE("less than a tenth overdue is not degraded") {
    const Fleet fleet;
    for (int i = 0; i < 21; ++i) {
        fleet.host(fmt::format("h{}.org", i));
        fleet.succeeded(fmt::format("h{}.org", i), i < 2 ? 40 : 1);
    }
    CHECK(fleet.gather().overdue == 2);
    CHECK_FALSE(fleet.gather().degraded());
    fleet.succeeded("h2.org", 40);
    CHECK(fleet.gather().degraded());
}

TEST_CASE("an archive is stuck when something waits for long and nothing is delivered") {
    const Fleet fleet;
    const auto segment = [&](std::int64_t minutes_ago) {
        fleet.write("var/lib/meshprobe/spool/local/q/" +
                        SegmentName{now_usec() - minutes_ago * minute, 1, 0}.text(),
                    "x");
    };
    CHECK_FALSE(fleet.gather().degraded());
    segment(5);
    CHECK_FALSE(fleet.gather().degraded());
    segment(20);
    CHECK(fleet.gather().degraded());
    CHECK(fleet.gather().archives.at(0).usage.segments == 2);
    ArchiverState state;
    state.state = "connected";
    state.last_delivery_usec = now_usec() - minute;
    const auto written = write_archiver_state(fleet.paths(), "local", state);
    REQUIRE(written);
    CHECK_FALSE(fleet.gather().degraded()); // it is working on it
}

TEST_CASE("a spool that no archive owns is an orphan, if there is anything in it") {
    const Fleet fleet;
    std::filesystem::create_directories(fleet.file("var/lib/meshprobe/spool/gone/q"));
    CHECK(fleet.gather().archives.size() == 1);
    fleet.write("var/lib/meshprobe/spool/gone/q/" + SegmentName{now_usec(), 1, 0}.text(), "x");
    const auto report = fleet.gather();
    REQUIRE(report.archives.size() == 2);
    CHECK(report.archives.at(1).orphan);
    CHECK_FALSE(report.degraded());
    CHECK_THAT(status::as_text(report, {}), Contains("meshprobectl spool list gone"));
}

TEST_CASE("the text fits its width, whatever hosts are called") {
    const Fleet fleet;
    const std::string name = std::string(60, 'a') + "." + std::string(60, 'b') + ".example.org";
    fleet.host(name);
    fleet.host("short.org");
    LastResult last;
    last.outcome = "unreachable";
    last.bad_runs = 9;
    last.clock_skewed = true;
    last.clock_skew_usec = 10 * minute;
    last.catching_up_usec = 9'000'000'000'000;
    fleet.result(name, last);
    const auto report = fleet.gather();
    for (const std::size_t width : {72U, 80U, 120U, 200U}) {
        const auto text = status::as_text(report, {true, false, width});
        CAPTURE(text);
        CHECK(widest_line(text) <= width);
        CHECK_THAT(text, Contains("short.org") && Contains("…"));
    }
}

TEST_CASE("status names the place of what is wrong, and what waits for a person") {
    const Fleet fleet;
    fleet.host("h.org");
    LastResult last;
    last.outcome = "untrusted";
    fleet.result("h.org", last);
    fleet.drop_in("50.yaml", "tasks: {default: {intervall: 1min}}\n");
    const auto text = status::as_text(fleet.gather(), {});
    CHECK_THAT(text, Contains("50.yaml:1:19: tasks.default.intervall: unknown key"));
    const auto detailed = status::as_text(fleet.gather({"h.org"}), {true, true, 80});
    CHECK_THAT(detailed,
               Contains("meshprobectl trust h.org --accept") && Contains("meshprobectl disable h.org"));
    CHECK(fleet.gather({"*.example.org"}).instances.empty());
}

TEST_CASE("with nothing kept, broken files are the news") {
    const Fleet fleet;
    fleet.write("tasks: [\n");
    const auto report = fleet.gather();
    CHECK(report.broken);
    CHECK(report.degraded());
    CHECK_THAT(status::as_text(report, {}), Contains("meshprobe.yaml:1:") && Contains("nothing can run"));
    CHECK_THAT(status::as_json(report), Contains("\"usable\": false"));
}

TEST_CASE("an archiver that cannot start, and a run that failed here, say why and are to do") {
    const Fleet fleet;
    fleet.host("h.org");
    fleet.host("i.org");
    ArchiverState state;
    state.state = "failed";
    state.message = "credential \"gracc\": no such file";
    const auto written = write_archiver_state(fleet.paths(), "local", state);
    REQUIRE(written);
    CHECK_FALSE(fleet.gather().degraded()); // nothing waits for it
    fleet.write("var/lib/meshprobe/spool/local/q/" + SegmentName{now_usec(), 1, 0}.text(), "x");
    LastResult last;
    last.outcome = "failed";
    last.message = "credential \"probe-key\": no such file";
    fleet.result("h.org", last);
    fleet.result("i.org", last);

    const auto report = fleet.gather();
    CHECK(report.degraded());
    const auto text = status::as_text(report, {true, false, 0});
    CHECK_THAT(text, Contains("failed") &&
                         Contains("archive local cannot be served: credential \"gracc\": no such file\n"));
    CHECK_THAT(text,
               Contains("h.org and 1 more cannot be collected: credential \"probe-key\": no such file"));
    const auto to_do = text.find("To do:");
    REQUIRE(to_do != std::string::npos);
    CHECK_THAT(text.substr(0, to_do),
               Contains("credential \"gracc\"") && Contains("credential \"probe-key\""));
}

TEST_CASE("a full spool is not one that is filling") {
    const Fleet fleet;
    const auto put = [&fleet](int number) {
        fleet.write("var/lib/meshprobe/spool/local/q/" + SegmentName{now_usec() + number, 1, 0}.text(),
                    std::string(1800, 'x'));
    };
    fleet.drop_in("10.yaml", "archives: {local: {quota: 4K}}\n");
    put(0);
    CHECK_THAT(status::as_json(fleet.gather()), Contains("\"fill\": \"ok\""));
    put(1);
    CHECK_THAT(status::as_json(fleet.gather()), Contains("\"fill\": \"filling\""));
    CHECK_THAT(status::as_text(fleet.gather(), {}), Contains("spool is filling") && !Contains("To do"));
    put(2);
    CHECK_THAT(status::as_json(fleet.gather()), Contains("\"fill\": \"full\""));
    CHECK_THAT(status::as_text(fleet.gather(), {true, false, 0}),
               Contains("spool is full: the tasks that feed it wait") && Contains("archives.local.quota") &&
                   !Contains("filling"));
    fleet.drop_in("20.yaml", "archives: {local: {when-full: drop-oldest}}\n");
    CHECK_THAT(status::as_text(fleet.gather(), {true, false, 0}),
               Contains("spool is full: the oldest results are dropped"));
}

TEST_CASE("a mesh says what is wrong with it, the reason first, and without a terminal all of it") {
    const Fleet fleet;
    MeshState state;
    state.mesh = "m";
    state.outcome = MeshState::Outcome::failed;
    const auto url = "https://" + std::string(100, 'a') + ".example.org/";
    state.error = url + ": the server answers with status 404";
    auto written = write_mesh_state(fleet.paths(), state, true);
    REQUIRE(written);
    const auto report = fleet.gather();
    CHECK_THAT(status::as_text(report, {true, false, 0}),
               Contains("the server answers with status 404 (" + url + ")\n"));
    CHECK_THAT(status::as_text(report, {true, false, 80}), Contains("the server answers with status 404"));

    state.error.clear();
    state.outcome = MeshState::Outcome::partial;
    state.failures = {{"https://b.example.org/", "no answer", true}};
    state.refusals = {{"x", "no host"}, {"y", "no host"}, {"z", "no host"}};
    written = write_mesh_state(fleet.paths(), state, true);
    REQUIRE(written);
    CHECK_THAT(status::as_text(fleet.gather(), {true, false, 0}),
               Contains("1 document failed, 3 refused: meshprobectl mesh show m\n"));
}

TEST_CASE("a result that cannot be read is not a host that is new") {
    const Fleet fleet;
    fleet.host("h.org");
    CHECK_THAT(status::as_text(fleet.gather(), {}), Contains("h.org  new"));
    CHECK_FALSE(fleet.gather().is_blind);
    // Root may read everything, but not this.
    std::filesystem::create_directories(fleet.file("run/meshprobe/results/meshprobe@h.org"));
    CHECK(fleet.gather().is_blind);
    CHECK_THAT(status::as_text(fleet.gather(), {}), Contains("h.org  unreadable") && !Contains("new"));
}

TEST_CASE("a host that an error switches off says which") {
    const Fleet fleet;
    fleet.host("h.org");
    fleet.drop_in("50.yaml", "hosts: {h.org: {ip-version: 5}}\n");
    const auto report = fleet.gather({"h.org"});
    CHECK_THAT(status::as_text(report, {true, true, 80}),
               Contains("state:") && Contains("off: ") && Contains("50.yaml:1:29: hosts.h.org.ip-version"));
    CHECK_THAT(status::as_json(report), Contains("\"fault\": \"") && Contains("50.yaml:1:29"));
    fleet.drop_in("50.yaml", "hosts: {h.org: {enabled: false}}\n");
    CHECK_THAT(status::as_json(fleet.gather({"h.org"})), Contains("\"fault\": null"));
}
