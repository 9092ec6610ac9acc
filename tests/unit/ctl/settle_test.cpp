#include "ctl/refresh/settle.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <string>

using namespace meshprobe;

namespace {

const std::string root = "https://mesh.example.net/pub/config";

std::string mesh_of(int from, int until) {
    std::string archives;
    for (int index = from; index < until; ++index) {
        archives +=
            fmt::format(R"({}"a{}":{{"archiver":"esmond","data":{{"url":"https://ps{}.example.org/"}}}})",
                        index == from ? "" : ",", index, index);
    }
    return R"({"addresses":{},"archives":{)" + archives + "}}";
}

Mesh mesh() {
    Mesh mesh;
    mesh.name = "wlcg";
    mesh.url = root;
    return mesh;
}

Crawl crawl(const std::string& text) {
    Crawl crawl;
    crawl.root = root;
    crawl.documents[root] = {text, root, "", ""};
    return crawl;
}

Crawl failure(const std::string& message) {
    Crawl crawl;
    crawl.root = root;
    crawl.failure = Error{ErrorKind::unreachable, message};
    return crawl;
}

const Moment now{1'000'000'000'000'000, "boot", 1'000'000};

} // namespace

TEST_CASE("the first refresh brings all hosts, and the second no news") {
    const auto first = settle(mesh(), std::nullopt, crawl(mesh_of(0, 3)), now);
    CHECK(first.state.outcome == MeshState::Outcome::refreshed);
    CHECK(first.outcome_changed);
    CHECK(first.added.size() == 3);
    CHECK(first.state.hosts.at("ps1.example.org") ==
          std::vector<std::string>{"https://ps1.example.org/esmond/perfsonar/archive/"});

    const auto second = settle(mesh(), first.state, crawl(mesh_of(0, 3)),
                               Moment{now.wall_usec + 900'000'000, "boot", 901'000'000});
    CHECK_FALSE(second.outcome_changed);
    CHECK(second.added.empty());
    CHECK(second.state.json() == first.state.json()); // so nothing is written
}

TEST_CASE("after a failure everything stays as it was but the outcome") {
    const auto first = settle(mesh(), std::nullopt, crawl(mesh_of(0, 3)), now);
    const auto failed = settle(mesh(), first.state, failure("connect: timed out after 10001 ms"), now);
    CHECK(failed.state.outcome == MeshState::Outcome::failed);
    CHECK(failed.outcome_changed);
    CHECK(failed.state.hosts == first.state.hosts);

    const auto again = settle(mesh(), failed.state, failure("connect: timed out after 10007 ms"), now);
    CHECK_FALSE(again.outcome_changed);
    CHECK(again.state.json() == failed.state.json());
    CHECK(settle(mesh(), failed.state, failure("connection refused"), now).state.error ==
          "connection refused");

    const auto back = settle(mesh(), again.state, crawl(mesh_of(0, 3)), now);
    CHECK(back.outcome_changed);
    CHECK(back.state.error.empty());
    CHECK(back.state.hosts == first.state.hosts);
}

TEST_CASE("a mesh that was never had has no hosts, and says so") {
    const auto never = settle(mesh(), std::nullopt, failure("refused"), now);
    CHECK(never.state.outcome == MeshState::Outcome::never);
    CHECK(never.outcome_changed);
    CHECK_FALSE(settle(mesh(), never.state, failure("refused"), now).outcome_changed);
}

TEST_CASE("failed documents and refused entries are news once") {
    Crawl incomplete =
        crawl(R"({"addresses":{},"archives":{"a":{"archiver":"esmond","data":{"url":"asdf"}}}})");
    incomplete.failures.push_back({"https://mesh.example.net/x", "404", true});
    const auto first = settle(mesh(), std::nullopt, incomplete, now);
    CHECK(first.state.outcome == MeshState::Outcome::partial);
    CHECK(first.new_failures.size() == 1);
    CHECK(first.new_refusals.size() == 1);
    const auto second = settle(mesh(), first.state, incomplete, now);
    CHECK(second.new_failures.empty());
    CHECK(second.new_refusals.empty());
    CHECK(second.state.failures.size() == 1);
    CHECK(second.state.refusals.size() == 1);
}

TEST_CASE("an emptied mesh keeps its hosts and their URLs, held") {
    const auto first = settle(mesh(), std::nullopt, crawl(mesh_of(0, 3)), now);
    const auto emptied = settle(mesh(), first.state, crawl("[]"), now);
    CHECK(emptied.state.hosts == first.state.hosts);
    CHECK(emptied.state.held.size() == 3);
    CHECK(emptied.newly_held.size() == 3);
    CHECK(settle(mesh(), emptied.state, crawl("[]"), now).newly_held.empty());
    CHECK(settle(mesh(), emptied.state, crawl(mesh_of(0, 3)), now).state.held.empty());
}

TEST_CASE("a mesh that names more hosts than there can be is a broken mesh") {
    const auto first = settle(mesh(), std::nullopt, crawl(mesh_of(0, 3)), now);
    const auto broken = settle(mesh(), first.state, crawl(mesh_of(0, 20'001)), now);
    CHECK(broken.state.hosts == first.state.hosts);
    REQUIRE(broken.failure);
    CHECK(broken.failure->kind == ErrorKind::protocol);
}

TEST_CASE("lists that include each other end, and unite what they find") {
    Crawl looped =
        crawl(R"([{"include":"https://mesh.example.net/a"},{"include":"https://mesh.example.net/b"}])");
    looped.documents["https://mesh.example.net/a"] = {R"([{"include":")" + root + R"("},{"include":"/c"}])",
                                                      "", "", ""};
    looped.documents["https://mesh.example.net/b"] = {mesh_of(0, 2), "", "", ""};
    looped.documents["https://mesh.example.net/c"] = {mesh_of(1, 4), "", "", ""};
    CHECK(settle(mesh(), std::nullopt, looped, now).state.hosts.size() == 4);
}
