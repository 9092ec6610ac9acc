#include "ctl/refresh/guard.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <set>
#include <string>

using namespace meshprobe;

namespace {

constexpr std::int64_t hour = 3600LL * 1'000'000;

std::set<std::string> hosts(int from, int until) {
    std::set<std::string> names;
    for (int index = from; index < until; ++index)
        names.insert(fmt::format("h{:05}.example.org", index));
    return names;
}

/// A machine whose two clocks can be moved apart.
struct Clocks {
    std::int64_t wall = 1'700'000'000LL * 1'000'000;
    std::int64_t boot = 1000 * hour;
    std::string boot_id = "boot-1";

    void pass(std::int64_t usec) {
        wall += usec;
        boot += usec;
    }
    void step(std::int64_t usec) { wall += usec; }
    void reboot(std::int64_t usec) {
        wall += usec;
        boot = hour / 60;
        boot_id += "+";
    }
    [[nodiscard]] Moment now() const { return {wall, boot_id, boot}; }
};

class Mesh {
  public:
    explicit Mesh(int size) { offer(hosts(0, size)); }

    GuardDecision offer(const std::set<std::string>& offered) {
        GuardDecision decision = guard(state, offered, clocks.now());
        state = decision.next;
        return decision;
    }

    Membership state;
    Clocks clocks;
};

} // namespace

TEST_CASE("the limit is the larger of five hosts and a fifth") {
    struct Row {
        int size;
        int vanished;
        bool held;
    };
    for (const Row row : {Row{10, 5, false}, Row{10, 6, true}, Row{25, 5, false}, Row{25, 6, true},
                          Row{30, 6, false}, Row{30, 7, true}, Row{100, 20, false}, Row{100, 21, true},
                          Row{1000, 200, false}, Row{1000, 201, true}, Row{6, 5, false}, Row{7, 6, true}}) {
        INFO(row.size << " hosts, " << row.vanished << " vanish");
        Mesh mesh(row.size);
        const auto decision = mesh.offer(hosts(row.vanished, row.size));
        CHECK(mesh.state.held.size() == static_cast<std::size_t>(row.held ? row.vanished : 0));
        CHECK(decision.removed.size() == static_cast<std::size_t>(row.held ? 0 : row.vanished));
        CHECK(mesh.state.hosts.size() ==
              static_cast<std::size_t>(row.held ? row.size : row.size - row.vanished));
    }
}

TEST_CASE("a mesh that offers nothing at all loses nothing, however small it is") {
    for (const int size : {1, 2, 5, 500}) {
        Mesh mesh(size);
        CHECK(mesh.offer({}).removed.empty());
        CHECK(mesh.state.hosts == hosts(0, size));
        CHECK(mesh.state.held.size() == static_cast<std::size_t>(size));
    }
    Mesh empty(0);
    CHECK(empty.offer({}).newly_held.empty());
}

TEST_CASE("removals that are spread over a day count together") {
    Mesh mesh(20);
    CHECK(mesh.offer(hosts(3, 20)).removed.size() == 3);
    mesh.clocks.pass(23 * hour);
    const auto decision = mesh.offer(hosts(6, 20));
    CHECK(decision.removed.empty());
    CHECK(decision.newly_held.size() == 3);

    SECTION("and no longer when the day has passed") {
        Mesh other(20);
        CHECK(other.offer(hosts(3, 20)).removed.size() == 3);
        other.clocks.pass(25 * hour);
        CHECK(other.offer(hosts(6, 20)).removed.size() == 3);
    }
    SECTION("nor do hosts that came back") {
        Mesh other(20);
        CHECK(other.offer(hosts(3, 20)).removed.size() == 3);
        CHECK(other.offer(hosts(0, 20)).added.size() == 3);
        CHECK(other.offer(hosts(3, 20)).removed.size() == 3);
    }
}

TEST_CASE("what is held stays held whatever the clocks say, while additions apply") {
    Mesh mesh(20);
    mesh.offer(hosts(10, 20));
    REQUIRE(mesh.state.held.size() == 10);

    SECTION("time passes") {
        mesh.clocks.pass(1000 * hour);
    }
    SECTION("the clock is set forward") {
        mesh.clocks.step(100'000 * hour);
    }
    SECTION("the clock is set back") {
        mesh.clocks.step(-100'000 * hour);
    }
    SECTION("the machine is rebooted with a wrong clock") {
        mesh.clocks.reboot(-5000 * hour);
    }

    auto offered = hosts(10, 25);
    const auto decision = mesh.offer(offered);
    CHECK(decision.added.size() == 5);
    CHECK(decision.removed.empty());
    CHECK(decision.newly_held.empty());
    CHECK(mesh.state.held.size() == 10);
    CHECK(mesh.state.hosts.size() == 25);
}

TEST_CASE("a few held removals are not released when the day's count is forgotten") {
    Mesh mesh(20);
    mesh.offer(hosts(4, 20));
    mesh.clocks.pass(hour);
    CHECK(mesh.offer(hosts(7, 20)).newly_held.size() == 3);
    mesh.clocks.pass(48 * hour);
    CHECK(mesh.offer(hosts(7, 20)).removed.empty());
    CHECK(mesh.state.held.size() == 3);
    // … and do not keep a single other host from going.
    CHECK(mesh.offer(hosts(8, 20)).removed.size() == 1);
}

TEST_CASE("a step of the clock does not shorten the day within one boot") {
    Mesh mesh(20);
    mesh.offer(hosts(4, 20));
    mesh.clocks.step(48 * hour);
    CHECK(mesh.offer(hosts(7, 20)).newly_held.size() == 3);
}

TEST_CASE("hosts that come back leave the held set") {
    Mesh mesh(20);
    mesh.offer(hosts(10, 20));
    mesh.offer(hosts(4, 20));
    CHECK(mesh.state.held.size() == 4);
    mesh.offer(hosts(0, 20));
    CHECK(mesh.state.held.empty());
    CHECK(mesh.state.removed.empty());
}

TEST_CASE("accepting removes what is held and begins the day anew") {
    MeshState state;
    for (const auto& host : hosts(0, 20))
        state.hosts[host] = {"https://" + host + "/"};
    auto decision = guard(membership_of(state), hosts(10, 20), Clocks{}.now());
    state.held = decision.next.held;
    state.removed = decision.next.removed;
    CHECK(accept_removals(state, Clocks{}.now()).size() == 10);
    CHECK(state.hosts.size() == 10);
    CHECK(state.held.empty());

    decision = guard(membership_of(state), hosts(15, 20), Clocks{}.now());
    CHECK(decision.removed.size() == 5);
}
