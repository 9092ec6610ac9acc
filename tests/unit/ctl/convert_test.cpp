// meshprobectl convert, run as people run it.
#include "lib/format/format.hpp"
#include "lib/json.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;
using nlohmann::json;

namespace {

constexpr auto good =
    R"({"schedule":{"start":"2026-05-19T10:00:05-04:00","duration":"PT17S"},"test":{"type":"rtt","spec":{)"
    R"("source":"192.0.2.1","dest":"192.0.2.2"}},"tool":{"name":"ping"},"participants":["192.0.2.1"],)"
    R"("result":{"succeeded":true,"sent":5,"lost":0}})";

struct Outcome {
    int status = -1;
    std::vector<std::string> lines;
    std::string errors;
};

struct Fixture {
    TemporaryDirectory directory;

    [[nodiscard]] std::string path(const std::string& name) const {
        return (directory.path() / name).string();
    }
    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }
    [[nodiscard]] Outcome run(const std::string& arguments) const {
        const auto command = fmt::format("{}/bin/meshprobectl convert {} 2>{}", MESHPROBE_BINARY_DIR,
                                         arguments, path("errors"));
        FILE* const pipe = ::popen(command.c_str(), "r"); // NOLINT
        REQUIRE(pipe != nullptr);
        std::string output;
        std::array<char, 4096> buffer{};
        while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
            output.append(buffer.data(), count);
        const int status = ::pclose(pipe);
        Outcome outcome;
        outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        std::istringstream stream(output);
        for (std::string line; std::getline(stream, line);)
            outcome.lines.push_back(line);
        std::ifstream errors(path("errors"));
        outcome.errors.assign(std::istreambuf_iterator<char>(errors), {});
        return outcome;
    }
};

} // namespace

TEST_CASE_METHOD(Fixture, "documents become raw messages, one a line") {
    const auto outcome = run(file("results.json", std::string(good) + "\n[" + good + "]\n"));
    CHECK(outcome.status == 0);
    CHECK(outcome.errors.empty());
    REQUIRE(outcome.lines.size() == 6);
    const auto message = json::parse(outcome.lines.front());
    CHECK(message["version"] == 2);
    CHECK(message["meta"]["event-type"] == "packet-count-sent");
    CHECK(message["meta"]["ts_start"] == 1779199205);
    CHECK(message["meta"]["tool_name"] == "pscheduler/ping");
    CHECK(message["meta"]["org_metadata_key"].get<std::string>().size() == 32);
    CHECK(message["datapoints"] == json{{"1779199205", 5.0}});
}

TEST_CASE_METHOD(Fixture, "every format can be asked for") {
    for (const auto format : format_names) {
        const auto outcome = run(fmt::format("--format {} - < {}", format, file("result.json", good)));
        CHECK(outcome.status == 0);
        CHECK(outcome.lines.size() == 3);
    }
    const auto wrong = run("--format rawer");
    CHECK(wrong.status == 2);
    CHECK_THAT(wrong.errors, Catch::Matchers::Contains("did you mean \"raw\""));
}

TEST_CASE_METHOD(Fixture, "a bad document is reported with its line and stops no other") {
    const auto mixed =
        file("mixed.json", fmt::format("{}\n{{\"a\":1}}\n{{\"b\":\nnonsense\n{}\n", good, good));
    const auto outcome = run(mixed);
    CHECK(outcome.status == 151);
    CHECK(outcome.lines.size() == 6);
    CHECK_THAT(outcome.errors, Catch::Matchers::Contains(mixed + ":2: no result of pScheduler"));
    CHECK_THAT(outcome.errors, Catch::Matchers::Contains(mixed + ":3: the document is cut short"));
    const auto bad = run(file("bad.json", "{}"));
    CHECK(bad.status == 1);
    CHECK(bad.lines.empty());
}

TEST_CASE_METHOD(Fixture,
                 "elements that are no objects stop no other, and an array that is cut off is told") {
    const auto mixed = run(file("mixed.json", fmt::format("[null,{},{}]", good, good)));
    CHECK(mixed.status == 151);
    CHECK(mixed.lines.size() == 6);
    CHECK_THAT(mixed.errors, Catch::Matchers::Contains(":1: expected a JSON object"));
    const auto cut = run(file("cut.json", fmt::format("[{},\n", good)));
    CHECK(cut.status == 151);
    CHECK(cut.lines.size() == 3);
    CHECK_THAT(cut.errors, Catch::Matchers::Contains(":1: the array is cut short"));
}

TEST_CASE_METHOD(Fixture,
                 "a file that cannot be read stops no other; output that cannot be written is an error") {
    const auto outcome = run(path("missing.json") + " " + file("result.json", good));
    CHECK(outcome.status == 74);
    CHECK(outcome.lines.size() == 3);
    CHECK_THAT(outcome.errors, Catch::Matchers::Contains("missing.json: No such file"));
    CHECK(run(file("result.json", good) + " >/dev/full").status == 74);
}
