// meshprobectl spool, run as people run it.
#include "lib/json.hpp"
#include "lib/spool/segment_name.hpp"
#include "lib/spool/spool.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <fstream>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;
using nlohmann::json;

namespace {

struct Outcome {
    int status = -1;
    std::string output; ///< both streams
};

struct Fixture {
    TemporaryDirectory directory;
    Paths paths{directory.path()};
    Spool local{paths, "local"};
    Spool orphan{paths, "gone"};

    Fixture() {
        REQUIRE(local.create());
        REQUIRE(orphan.create());
    }
    [[nodiscard]] Outcome run(const std::string& arguments) const {
        const std::string command = fmt::format("{}/bin/meshprobectl spool --root {} {} 2>&1",
                                                MESHPROBE_BINARY_DIR, directory.path().string(), arguments);
        FILE* const pipe = ::popen(command.c_str(), "r"); // NOLINT
        REQUIRE(pipe != nullptr);
        Outcome outcome;
        std::array<char, 4096> buffer{};
        while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
            outcome.output.append(buffer.data(), count);
        const int status = ::pclose(pipe);
        outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        return outcome;
    }
    static std::string name(int n) { return SegmentName{1795341600000000 + n, 0xabc, 0}.text(); }
    static std::string segment(int n) {
        SegmentBuilder builder({"meshprobe@h", "h", "default", "local", fmt::format("R{}", n), "raw"}, 0, 0);
        builder.add("throughput", 3, R"({"datapoints":{"1":2}})");
        builder.add("packet-trace", 1, "not json\x01");
        return std::move(builder).finish();
    }
    static void queue(const Spool& spool, int n) {
        std::ofstream(spool.queue() / name(n), std::ios::binary) << segment(n);
    }
    static void refuse(const Spool& spool, int n) {
        REQUIRE(spool.put_failed(name(n), segment(n), "no such exchange"));
    }
};

} // namespace

TEST_CASE_METHOD(Fixture, "the list shows backlog, failures and orphans") {
    queue(local, 1);
    queue(local, 2);
    refuse(local, 3);
    auto listed = run("--json");
    REQUIRE(listed.status == 0);
    auto list = json::parse(listed.output);
    REQUIRE(list.size() == 1); // an empty orphan concerns nobody
    CHECK(list[0]["archive"] == "local");
    CHECK(list[0]["state"] == "ok");
    CHECK(list[0]["queued"]["segments"] == 2);
    CHECK(list[0]["queued"]["bytes"] == 2 * segment(1).size());
    CHECK(list[0]["queued"]["oldest-usec"] == 1795341600000001);
    CHECK(list[0]["failed"]["segments"] == 1);

    queue(orphan, 1);
    list = json::parse(run("list --json").output);
    REQUIRE(list.size() == 2);
    CHECK(list[0]["archive"] == "gone");
    CHECK(list[0]["state"] == "orphan");
    CHECK(run("").output.find("An orphan is") != std::string::npos);
    CHECK(run("--no-legend").output.find("An orphan is") == std::string::npos);
}

TEST_CASE_METHOD(Fixture, "one archive's segments are listed with their instances and reasons") {
    queue(local, 1);
    refuse(local, 2);
    const auto known = SegmentName{1795341600000007, hash_instance_name("meshprobe@h.example"), 0}.text();
    std::filesystem::create_directories(paths.checkpoints());
    std::ofstream(paths.checkpoints() / "meshprobe@h.example.lock").close();
    std::ofstream(local.queue() / known, std::ios::binary) << segment(7);
    const auto list = json::parse(run("list local --json").output);
    REQUIRE(list.size() == 3);
    CHECK(list[0]["segment"] == name(1));
    CHECK(list[0]["instance"].is_null());
    CHECK(list[1]["instance"] == "meshprobe@h.example");
    CHECK(list[2]["failed"] == true);
    CHECK(list[2]["reason"] == "no such exchange");
    CHECK(run("list lokal").status == 2);
    CHECK(run("list lokal").output.find("local") != std::string::npos); // did you mean
}

TEST_CASE_METHOD(Fixture, "show tells all about one segment") {
    refuse(local, 2);
    for (const std::string& argument : {name(2), "local/" + name(2)}) {
        const auto shown = json::parse(run("show --json " + argument).output);
        CHECK(shown["reason"] == "no such exchange");
        CHECK(shown["host"] == "h");
        CHECK(shown["messages"].size() == 2);
        CHECK(shown["messages"][0]["id"] == "R2-0");
        CHECK(shown["messages"][0]["body"] == R"({"datapoints":{"1":2}})");
    }
    const auto text = run("show " + name(2));
    CHECK(text.status == 0);
    CHECK(text.output.find("throughput") != std::string::npos);
    CHECK(run("show gone/" + name(2)).status == 2);
    CHECK(run("show ../../" + name(2)).status == 2);
    CHECK(run("show").status == 2);

    std::ofstream(local.failed() / name(2), std::ios::app) << "rot";
    const auto damaged = run("show " + name(2));
    CHECK(damaged.status == 74);
    CHECK(damaged.output.find("damaged segment") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "retry puts failed segments back") {
    refuse(local, 1);
    refuse(local, 2);
    refuse(local, 3);
    CHECK(run("retry local").status == 2); // which?
    CHECK(run("retry local " + name(9)).status == 2);
    CHECK(run("retry local " + name(2)).status == 0);
    CHECK(local.list() == std::vector{name(2)});
    CHECK(run("retry local --all").status == 0);
    CHECK(local.list()->size() == 3);
    CHECK(local.list_failed()->empty());
}

TEST_CASE_METHOD(Fixture, "export writes every message as a line of JSON") {
    queue(local, 1);
    refuse(local, 2);
    const auto file = directory.path() / "export";
    CHECK(run("export local " + file.string()).status == 0);
    CHECK(run("export local " + file.string()).status == 74); // it replaces nothing
    std::vector<json> lines;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(json::parse(line));
    REQUIRE(lines.size() == 4);
    CHECK(lines[0]["id"] == "R1-0");
    CHECK(lines[0]["host"] == "h");
    CHECK(lines[0]["body"]["datapoints"]["1"] == 2);
    CHECK(lines[1]["body"] == "not json\x01");
    CHECK(lines[1]["failed"] == false);
    CHECK(lines[3]["failed"] == true);
    CHECK(json::parse(run("export local - | head -n 1").output)["id"] == "R1-0");

    // A damaged one does not keep the others back, and shows in the status.
    std::ofstream(local.queue() / name(1), std::ios::app) << "rot";
    const auto partly = run("export local " + file.string() + "2");
    CHECK(partly.status == 74);
    CHECK(partly.output.find("2 messages") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "drop asks, says what is lost, and tidies up an orphan") {
    queue(local, 1);
    queue(local, 2);
    refuse(local, 3);
    const auto asked = run("drop local --all");
    CHECK(asked.status == 2);
    CHECK(asked.output.find("3 segments of local with 12 points") != std::string::npos);
    CHECK(local.list()->size() == 2);
    CHECK(run("drop local --yes").status == 2);                // what?
    CHECK(run("drop local --failed --all --yes").status == 2); // which of both?
    CHECK(run("drop local " + name(1) + " --yes").status == 0);
    CHECK(local.list() == std::vector{name(2)});
    CHECK(run("drop local --failed --yes").status == 0);
    CHECK(local.list_failed()->empty());
    CHECK(local.list()->size() == 1);
    CHECK(run("drop local --all --yes").status == 0);
    CHECK(std::filesystem::exists(local.queue())); // still configured

    queue(orphan, 1);
    CHECK(run("drop gone --all --yes").status == 0);
    CHECK_FALSE(std::filesystem::exists(orphan.directory()));
}

TEST_CASE_METHOD(Fixture, "a broken configuration does not hide the backlog") {
    queue(local, 1);
    std::filesystem::create_directories(paths.configuration().parent_path());
    std::ofstream(paths.configuration()) << "meshes: [";
    const auto listed = run("list");
    CHECK(listed.status == 0);
    CHECK(listed.output.find("local") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "wrong arguments are usage errors") {
    for (const char* arguments : {"lst", "list a b", "export local", "retry", "drop", "retry --all"})
        CHECK(run(arguments).status == 2);
}
