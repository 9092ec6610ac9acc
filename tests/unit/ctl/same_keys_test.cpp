#include "ctl/refresh/same_keys.hpp"
#include "lib/alias.hpp"
#include "lib/last_result.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;
using test::TemporaryDirectory;

namespace {

using Aliases = std::map<std::string, std::string>;

struct Fleet {
    TemporaryDirectory directory;
    Paths paths{directory.path()};
    Config config;
    std::map<std::string, HostRecord, std::less<>> records;

    explicit Fleet(std::initializer_list<const char*> hosts) {
        config.tasks.try_emplace("default");
        for (const auto* host : hosts)
            records[host].host = host;
    }
    void mark(const std::string& host, const std::string& of, const std::string& task = "default") const {
        REQUIRE(write_alias_mark(paths, {task, host}, {task, of}, true));
    }
    /// Those that are aliases, at the time of the marks plus `days`.
    Aliases decide(const std::set<std::string>& in_use = {}, int days = 0) {
        for (auto& [host, record] : records)
            record.alias_of.clear();
        const auto now = std::chrono::system_clock::now() + std::chrono::days(days);
        REQUIRE(set_key_aliases(paths, config, in_use,
                                std::chrono::floor<Microseconds>(now.time_since_epoch()).count(), records));
        Aliases found;
        for (const auto& [host, record] : records) {
            if (!record.alias_of.empty()) found[host] = record.alias_of;
        }
        return found;
    }
    void dead(const std::string& host) const {
        LastResult result;
        result.bad_runs = 50;
        result.last_success_usec = 1;
        REQUIRE(write_last_result(paths, {"default", host}, result));
    }
};

} // namespace

TEST_CASE("an alias is left out while the other name is collected, for a week") {
    Fleet fleet{"a", "b", "c"};
    CHECK(fleet.decide().empty());
    fleet.mark("a", "b");
    fleet.mark("c", "b");
    CHECK(fleet.decide() == Aliases{{"a", "b"}, {"c", "b"}});
    CHECK(fleet.decide({"a"}) == Aliases{{"a", "b"}, {"c", "b"}}); // who was seen first stays
    CHECK(fleet.decide({}, 8).empty());                            // then they are asked once more
}

TEST_CASE("one alias takes the place of a name that is gone, dead or switched off") {
    Fleet fleet{"a", "b", "c"};
    for (const auto* host : {"b", "c"})
        fleet.mark(host, "a");
    SECTION("gone") {
        fleet.records.erase("a");
    }
    SECTION("dead") {
        fleet.dead("a");
    }
    SECTION("an alias itself, by its addresses") {
        fleet.records["a"].alias_of = "c";
        REQUIRE(set_key_aliases(fleet.paths, fleet.config, {}, 0, fleet.records));
        CHECK(fleet.records["b"].alias_of.empty());
        return;
    }
    CHECK(fleet.decide() == Aliases{{"c", "b"}});
    CHECK(fleet.decide({"c"}) == Aliases{{"b", "c"}}); // the one that has begun goes on
    CHECK(fleet.decide({"c"}, 30) == Aliases{{"b", "c"}});
}

TEST_CASE("a host with a task of its own is collected") {
    Fleet fleet{"a", "b"};
    fleet.mark("b", "a");
    fleet.config.tasks.try_emplace("slow");
    CHECK(fleet.decide().empty());
    fleet.mark("b", "a", "slow");
    CHECK(fleet.decide() == Aliases{{"b", "a"}});
}
