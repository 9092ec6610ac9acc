#include "ctl/refresh/candidates.hpp"
#include "ctl/refresh/copy.hpp"
#include "lib/file.hpp"
#include "lib/mesh/state.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace meshprobe;

namespace {

MeshCopy two_documents() {
    return {{"https://m.example.net/a",
             {"{\"a\":1}", "https://m.example.net/a?format=psconfig", "\"e1\"", "yesterday"}},
            {"/etc/meshprobe/mesh/b.json", {"[]", "", "", ""}}};
}

std::size_t files_in(const std::filesystem::path& directory) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator()));
}

} // namespace

TEST_CASE("a copy is read back as it was written, and rewritten only where it changed") {
    const test::TemporaryDirectory root;
    const Paths paths(root.path());
    REQUIRE(write_mesh_copy(paths, "wlcg", two_documents()));
    CHECK(read_mesh_copy(paths, "wlcg").value() == two_documents());
    CHECK(read_mesh_copy(paths, "other").value().empty());

    const auto index = mesh_copy_directory(paths, "wlcg") / "index";
    const auto inode = [&] { return std::filesystem::last_write_time(index); };
    const auto before = inode();
    REQUIRE(write_mesh_copy(paths, "wlcg", two_documents()));
    CHECK(inode() == before);

    MeshCopy one = two_documents();
    one.erase("/etc/meshprobe/mesh/b.json");
    REQUIRE(write_mesh_copy(paths, "wlcg", one));
    CHECK(files_in(mesh_copy_directory(paths, "wlcg")) == 2); // index and one text
    REQUIRE(remove_mesh_copy(paths, "wlcg"));
    CHECK(read_mesh_copy(paths, "wlcg").value().empty());
}

TEST_CASE("a damaged copy is as good as none") {
    const test::TemporaryDirectory root;
    const Paths paths(root.path());
    REQUIRE(write_mesh_copy(paths, "wlcg", two_documents()));
    const auto directory = mesh_copy_directory(paths, "wlcg");

    SECTION("a text was altered") {
        for (const auto& entry : std::filesystem::directory_iterator(directory)) {
            if (entry.path().filename() != "index") std::ofstream(entry.path()) << "[1]";
        }
    }
    SECTION("the index is torn") {
        std::ofstream(directory / "index") << "{\"x\":";
    }
    SECTION("the index points elsewhere") {
        std::ofstream(directory / "index") << R"({"x":{"file":"../../hosts"},"y":7,"z":{"file":[]}})";
    }
    CHECK(read_mesh_copy(paths, "wlcg").value().empty());
}

TEST_CASE("a state is read back, and its time is that of the last good refresh") {
    const test::TemporaryDirectory root;
    const Paths paths(root.path());
    CHECK_FALSE(read_mesh_state(paths, "wlcg").value());

    MeshState state;
    state.mesh = "wlcg";
    state.source = "https://m.example.net/";
    state.outcome = MeshState::Outcome::partial;
    state.since_usec = 17;
    state.documents = 3;
    state.hosts = {{"a.example.org", {"https://a.example.org/x/"}}, {"[::1]:80", {}}};
    state.held = {{"a.example.org", 5}};
    state.removed = {{"gone.example.org", {1, "boot", 2}}};
    state.failures = {{"https://m.example.net/x", "404", true}};
    state.refusals = {{"archive \"a\"", "no URL"}};
    REQUIRE(write_mesh_state(paths, state, true));
    const auto read = read_mesh_state(paths, "wlcg").value();
    REQUIRE(read);
    CHECK(read->json() == state.json());
    CHECK(read->checked_usec > 0);
    CHECK(list_mesh_states(paths).value() == std::vector<std::string>{"wlcg"});

    MeshState failed = *read;
    failed.outcome = MeshState::Outcome::failed;
    failed.checked_usec = 1'000'000;
    REQUIRE(write_mesh_state(paths, failed, false));
    CHECK(read_mesh_state(paths, "wlcg").value()->checked_usec == 1'000'000);

    std::ofstream(mesh_copy_directory(paths, "wlcg") / "state") << "{";
    const auto damaged = read_mesh_state(paths, "wlcg");
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().kind == ErrorKind::storage);
}

TEST_CASE("a document is tried under the URLs it may be had at") {
    using Urls = std::vector<std::string>;
    const Includer root;
    const Includer https_list{"https://m.example.net/pub/config", true};
    const Includer http_list{"http://m.example.net/pub/config", true};
    CHECK(candidate_urls("http://m.example.net/pub/config", root, "") ==
          Urls{"http://m.example.net/pub/config"});
    CHECK(candidate_urls("https://m.example.net/pub/config/x", https_list, "") ==
          Urls{"https://m.example.net/pub/config/x?format=psconfig", "https://m.example.net/pub/config/x"});
    CHECK(candidate_urls("https://m.example.net/pub/config/x?format=meshconfig", https_list, "") ==
          Urls{"https://m.example.net/pub/config/x?format=meshconfig"});
    CHECK(candidate_urls("https://m.example.net/x.json", https_list, "") ==
          Urls{"https://m.example.net/x.json"});
    CHECK(candidate_urls("http://m.example.net/x.json", https_list, "") ==
          Urls{"https://m.example.net/x.json", "http://m.example.net/x.json"});
    CHECK(candidate_urls("http://other.example.net:8080/x.json", https_list, "") ==
          Urls{"http://other.example.net:8080/x.json", "https://other.example.net:8080/x.json"});
    CHECK(candidate_urls("http://m.example.net/x.json", http_list, "https://m.example.net/x.json") ==
          Urls{"https://m.example.net/x.json", "http://m.example.net/x.json"});
    // A template's own include is asked for as it stands.
    CHECK(candidate_urls("https://m.example.net/pub/config/x", {"https://m.example.net/t", false}, "") ==
          Urls{"https://m.example.net/pub/config/x"});
}
