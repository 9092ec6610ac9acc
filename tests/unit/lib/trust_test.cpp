#include "lib/file.hpp"
#include "lib/trust.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <future>
#include <string>
#include <vector>

using namespace meshprobe;

namespace {

class Root {
  public:
    [[nodiscard]] Paths paths() const { return Paths(directory_.path()); }

  private:
    test::TemporaryDirectory directory_;
};

constexpr std::string_view one = "sha256//b25l";
constexpr std::string_view two = "sha256//dHdv";
constexpr std::string_view host = "ps1.example.org:8443";

} // namespace

TEST_CASE("the table of trust") {
    const TrustRecord known{std::string(one), 1, false, {}, 0};
    CHECK(decide({}, one, false) == TrustDecision::accept_and_remember);
    CHECK(decide({}, one, true) == TrustDecision::accept_and_remember);
    CHECK(decide(known, one, false) == TrustDecision::accept);
    CHECK(decide(known, one, true) == TrustDecision::accept);
    CHECK(decide(known, two, true) == TrustDecision::accept_changed_verified);
    CHECK(decide(known, two, false) == TrustDecision::reject);
    TrustRecord verified = known;
    verified.verified = true;
    CHECK(decide(verified, two, false) == TrustDecision::reject);
    CHECK(is_accepted(TrustDecision::accept));
    CHECK_FALSE(is_accepted(TrustDecision::reject));
}

TEST_CASE("the first key is remembered, a changed one is refused until it is accepted") {
    const Root root;
    const TrustStore store(root.paths());
    CHECK(store.read(host).value() == std::nullopt);
    CHECK(store.remember(host, one, false, 100).value() == TrustDecision::accept_and_remember);
    CHECK(store.read(host).value() == TrustRecord{std::string(one), 100, false, {}, 0});

    CHECK(store.remember(host, two, false, 200).value() == TrustDecision::reject);
    CHECK(store.remember(host, two, false, 300).value() == TrustDecision::reject);
    CHECK(store.read(host).value() == TrustRecord{std::string(one), 100, false, std::string(two), 200});

    CHECK(store.accept(host, 400).value() == TrustRecord{std::string(two), 400, false, {}, 0});
    CHECK(store.remember(host, two, false, 500).value() == TrustDecision::accept);
    CHECK(store.remember(host, one, false, 600).value() == TrustDecision::reject);
}

TEST_CASE("a renewed key that verifies replaces the old one, and one that comes back clears the alarm") {
    const Root root;
    const TrustStore store(root.paths());
    REQUIRE(store.remember(host, one, true, 100));
    CHECK(store.remember(host, two, true, 200).value() == TrustDecision::accept_changed_verified);
    CHECK(store.read(host).value() == TrustRecord{std::string(two), 200, true, {}, 0});
    REQUIRE(store.remember(host, one, false, 300).value() == TrustDecision::reject);
    CHECK(store.remember(host, two, false, 400).value() == TrustDecision::accept);
    CHECK(store.read(host).value()->changed_pin.empty());
}

TEST_CASE("nothing new, no write") {
    const Root root;
    const TrustStore store(root.paths());
    REQUIRE(store.remember(host, one, false, 100));
    const auto file = root.paths().trust() / "ps1.example.org:8443";
    const auto before = std::filesystem::last_write_time(file);
    std::filesystem::last_write_time(file, before - std::chrono::hours(1));
    REQUIRE(store.remember(host, one, true, 200));
    CHECK(std::filesystem::last_write_time(file) == before - std::chrono::hours(1));
}

TEST_CASE("accept and forget say what there was") {
    const Root root;
    const TrustStore store(root.paths());
    CHECK(store.accept(host, 1).error().kind == ErrorKind::usage);
    CHECK(store.forget(host).value() == false);
    REQUIRE(store.remember(host, one, false, 100));
    CHECK(store.accept(host, 1).error().kind == ErrorKind::usage);
    CHECK(store.forget(host).value() == true);
    CHECK(store.remember(host, two, false, 200).value() == TrustDecision::accept_and_remember);
}

TEST_CASE("hosts map to file names safely, and back") {
    const Root root;
    const TrustStore store(root.paths());
    const std::vector<std::string> hosts = {"192.0.2.1:8085", "[2001:db8::1]:8443", "a.example.org",
                                            "b.example.org:81"};
    CHECK(store.list().value().empty());
    for (const auto& each : hosts)
        REQUIRE(store.remember(each, one, false, 7));
    const auto listed = store.list().value();
    REQUIRE(listed.size() == hosts.size());
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        CHECK(listed[i].first == hosts[i]);
        CHECK(listed[i].second.pin == one);
    }
    for (const std::string_view bad : {"", "..", "../../etc/passwd", "a/b", "a b", ".hidden"}) {
        CAPTURE(bad);
        CHECK_FALSE(store.remember(bad, one, false, 7));
        CHECK_FALSE(store.read(bad));
    }
}

TEST_CASE("a damaged record is an error, not a first use") {
    const Root root;
    const TrustStore store(root.paths());
    REQUIRE(store.remember(host, one, false, 100));
    for (const std::string_view damaged :
         {"", "pin", "pin \n", "nonsense\n", "pin x\nfirst-seen y\n", "pin x\nverified maybe\n", "pin x"}) {
        REQUIRE(write_file_atomically(root.paths().trust() / host, damaged));
        CAPTURE(damaged);
        CHECK(store.read(host).error().kind == ErrorKind::storage);
        CHECK(store.remember(host, two, false, 200).error().kind == ErrorKind::storage);
        CHECK_THAT(store.read(host).error().message, Catch::Contains("meshprobectl trust"));
    }
}

TEST_CASE("of several probes that meet a host first, all go by the key of one") {
    const Root root;
    const TrustStore store(root.paths());
    std::vector<std::future<TrustDecision>> probes;
    for (int i = 0; i < 8; ++i) {
        probes.push_back(std::async(std::launch::async, [&store, i] {
            return store.remember(host, i % 2 == 0 ? one : two, false, 100 + i).value();
        }));
    }
    int first = 0;
    int rejected = 0;
    for (auto& probe : probes) {
        const auto decision = probe.get();
        if (decision == TrustDecision::accept_and_remember) ++first;
        if (decision == TrustDecision::reject) ++rejected;
    }
    CHECK(first == 1);
    CHECK(rejected == 4);
}
