// meshprobectl transform, run as people run it.
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

using Catch::Matchers::Contains;
using meshprobe::test::TemporaryDirectory;

namespace {

struct Outcome {
    int status = -1;
    std::string output; ///< both streams
};

struct Fixture {
    TemporaryDirectory directory;

    Fixture() {
        std::filesystem::create_directories(directory.path() / "etc/meshprobe");
        static_cast<void>(file("etc/meshprobe/meshprobe.yaml",
                               "transforms:\n  named: {script: '{site: $site, n: .n}', args: {site: a}}\n"));
    }
    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
        const auto path = directory.path() / name;
        std::ofstream(path, std::ios::binary) << text;
        return path.string();
    }
    [[nodiscard]] Outcome run(const std::string& arguments) const {
        const auto command = fmt::format("{}/bin/meshprobectl transform --root {} {} 2>&1",
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
};

} // namespace

TEST_CASE_METHOD(Fixture, "a transform of the configuration is shown on messages") {
    const auto outcome = run("try named " + file("messages", "{\"n\":1}\n[{\"n\":2}]\n"));
    CHECK(outcome.output == "{\"site\":\"a\",\"n\":1}\n{\"site\":\"a\",\"n\":2}\n");
    CHECK(outcome.status == 0);
    const auto wrong = run("try name");
    CHECK(wrong.status == 2);
    CHECK_THAT(wrong.output, Contains("did you mean \"named\""));
    CHECK(run("try named --output-raw").status == 2);
    CHECK(run("").status == 2);
    CHECK(run("try").status == 2);
}

TEST_CASE_METHOD(Fixture, "a program in a file is tried before it is configured") {
    const auto script =
        file("script.jq", "if .n == 0 then null elif .n == 1 then error(\"one\") else $x + .n end");
    const auto messages = file("messages", "{\"n\":2}\n{\"n\":0}\n{\"n\":1}\n{\"n\":3}\n");
    const auto outcome = run(fmt::format("try --script {} --args '{{\"x\":10}}' {}", script, messages));
    CHECK(outcome.output == fmt::format("12\nmeshprobectl: {0}:2: nothing is sent: the result is null\n"
                                        "meshprobectl: {0}:3: transform {1}: one\n13\n",
                                        messages, script));
    CHECK(outcome.status == 151);
    CHECK(run(fmt::format("try --script {} --args 5", script)).status == 2);
    const auto raw =
        run(fmt::format("try --script {} --output-raw - < {}", file("raw.jq", ".n, \"ü\""), messages));
    CHECK(raw.output.starts_with("\"2\\n\\u00fc\"\n"));
}

TEST_CASE_METHOD(Fixture,
                 "what waits in a spool is tried as it is: segments, and what was exported of them") {
    const auto segment = file(
        "segment",
        R"({"segment":1,"instance":"meshprobe@h","host":"h","task":"t","archive":"a","run":"R","format":"raw"})"
        "\n"
        R"({"id":"R-0","event-type":"throughput","points":2,"size":7})"
        "\n{\"n\":1}\n"
        R"({"id":"R-1","event-type":"throughput","points":2,"size":18})"
        "\n{\"id\":5,\"size\":3}\n"
        R"({"messages":2,"points":4,"crc32c":"0123abcd"})"
        "\n");
    const auto program = "try --script " + file("whole.jq", ".") + " ";
    CHECK(run(program + segment).output == "{\"n\":1}\n{\"id\":5,\"size\":3}\n");
    CHECK(run(program + "- < " + segment + " 2>&1").status == 0);
    const auto exported = file(
        "exported",
        R"({"id":"R-0","host":"h","task":"t","event-type":"throughput","points":2,"failed":false,"body":{"n":1}})"
        "\n"
        R"({"id":"R-1","host":"h","task":"t","event-type":"throughput","points":2,"failed":true,"body":{"n":2}})"
        "\n{\"id\":3}\n");
    CHECK(run(program + exported).output == "{\"n\":1}\n{\"n\":2}\n{\"id\":3}\n");
}

TEST_CASE_METHOD(Fixture, "an array of messages that is cut off is told") {
    const auto outcome = run("try named " + file("cut", "[{\"n\":1},null,\n{\"n\":2},"));
    CHECK_THAT(outcome.output,
               Contains("{\"site\":\"a\",\"n\":2}") && Contains(":1: the array is cut short"));
    CHECK(outcome.status == 151);
    CHECK(run("try named " + file("empty", "[")).status == 1);
}

TEST_CASE_METHOD(Fixture, "a program that does not compile says so in jq's words") {
    const auto outcome = run("try --script " + file("broken.jq", "if") + " " + file("messages", "{}"));
    CHECK(outcome.status == 78);
    CHECK_THAT(outcome.output, Contains("broken.jq: ") && Contains("syntax error"));
}
