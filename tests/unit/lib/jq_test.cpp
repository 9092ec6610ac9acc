// What a program may do, and that whatever else it tries ends as an error value.
#include "lib/jq/jq.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

using namespace meshprobe;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

JqOptions options() {
    JqOptions options;
    options.helper = MESHPROBE_BINARY_DIR "/bin/meshprobe-jq";
    options.time = 20s; // the machine may be busy
    return options;
}

Texts results(const std::string& program, const std::string& input, JqOptions given = options()) {
    auto compiled = JqProgram::compile(program, std::move(given));
    INFO(program << ": " << (compiled ? "" : compiled.error().message));
    REQUIRE(compiled);
    const auto done = compiled->run(input);
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
    return *done;
}

} // namespace

TEST_CASE("a program gives its results in order, as JSON") {
    CHECK(results(".a[]", R"({"a":[1,"x",null,{"b":true}]})") ==
          Texts{"1", "\"x\"", "null", R"({"b":true})"});
    CHECK(results("empty", "1").empty());
    CHECK(results("halt", "1").empty());
    CHECK(results(".", "\"\\u0000\\u00fc\"") == Texts{"\"\\u0000ü\""});
    CHECK(results("\"x\" * 100000 | length", "null") == Texts{"100000"});
    JqOptions with_arguments = options();
    with_arguments.arguments = {{"host", "ps.example.org"}, {"n", 3}};
    CHECK(results("[$host, $n + .]", "4", with_arguments) == Texts{R"(["ps.example.org",7])"});
    JqOptions first = options();
    first.first_only = true;
    CHECK(results("repeat(1)", "null", first) == Texts{"1"});
}

TEST_CASE("a program is run many times, also after it failed") {
    auto program = JqProgram::compile("if . == 3 then error(\"three\") else (., . * 2) end", options());
    REQUIRE(program);
    for (int input = 0; input < 100; ++input) {
        const auto done = program->run(std::to_string(input));
        if (input == 3) {
            REQUIRE_FALSE(done);
            CHECK(done.error().kind == ErrorKind::protocol);
            CHECK(done.error().message == "three");
        } else {
            REQUIRE(done);
            CHECK(*done == Texts{std::to_string(input), std::to_string(2 * input)});
        }
    }
    CHECK_FALSE(program->run("{"));
    CHECK_FALSE(program->run(""));
    const std::string big = "\"" + std::string(3'000'000, 'a') + "\"";
    auto echo = JqProgram::compile(".", options());
    REQUIRE(echo);
    CHECK(echo->run(big).value() == Texts{big});
}

TEST_CASE("what does not compile says so in jq's words") {
    const auto program = JqProgram::compile("if .a then", options());
    REQUIRE_FALSE(program);
    CHECK(program.error().kind == ErrorKind::configuration);
    CHECK_THAT(program.error().message, Catch::Matchers::Contains("syntax error"));
    CHECK_FALSE(JqProgram::compile("nothing_known", options()));
    CHECK_FALSE(JqProgram::compile("import \"x\" as x {search:\"/\"}; .", options()));
    JqOptions no_helper = options();
    no_helper.helper = "/nonexistent/meshprobe-jq";
    const auto missing = JqProgram::compile(".", no_helper);
    REQUIRE_FALSE(missing);
    CHECK_THAT(missing.error().message, Catch::Matchers::Contains("/nonexistent/meshprobe-jq"));
}

TEST_CASE("a program that runs away is stopped, and runs again with the next input") {
    JqOptions bounded = options();
    bounded.output = 100'000;
    const std::map<std::string, std::string> runaways{
        {"memory in one call", "[limit(9; repeat(\"x\" * 100000000))]"},
        {"memory bit by bit", "[range(1e9)]"},
        {"a huge index", ".[1000000000] = 1"},
        {"deeper than the stack", "reduce range(1000000) as $i (1; [.])"},
        {"endless recursion", "def f: 1 + f; f"},
        {"more than anybody reads", "range(1e9)"},
    };
    for (const auto& [what, text] : runaways) {
        INFO(what);
        auto program = JqProgram::compile("if . == 1 then 1 else null | " + text + " end", bounded);
        REQUIRE(program);
        const auto stopped = program->run("2");
        REQUIRE_FALSE(stopped);
        CHECK_FALSE(stopped.error().message.empty());
        CHECK(program->run("1").value() == Texts{"1"});
    }
    JqOptions quick = options();
    quick.time = 2s;
    auto endless = JqProgram::compile("if . == 1 then 1 else last(repeat(1)) end", quick);
    REQUIRE(endless);
    const auto stopped = endless->run("2");
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().kind == ErrorKind::interrupted);
    CHECK_THAT(stopped.error().message, Catch::Matchers::Contains("more than 2s"));
}

TEST_CASE("that somebody else ended it is no fault of the program") {
    const auto path = std::filesystem::temp_directory_path() / fmt::format("meshprobe-jq-{}", ::getpid());
    std::ofstream(path) << "#!/bin/sh\nkill -KILL $$\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    JqOptions killed = options();
    killed.helper = path;
    const auto program = JqProgram::compile(".", killed);
    std::filesystem::remove(path);
    REQUIRE_FALSE(program);
    CHECK(program.error().kind == ErrorKind::internal);
    CHECK_THAT(program.error().message, Catch::Matchers::Contains("was killed"));
}

TEST_CASE("a program sees neither the environment nor files") {
    CHECK(results("$ENV | keys - [\"HOME\"]", "null") == Texts{"[]"});
    CHECK(results("try input catch \"none\"", "null").size() == 1);
}

TEST_CASE("many programs share few processes") {
    JqPrograms programs(options());
    for (int round = 0; round < 2; ++round) {
        for (int number = 0; number < 12; ++number)
            CHECK(programs.first_result(". + " + std::to_string(number), 1).value() == json(1 + number));
    }
    CHECK_FALSE(programs.first_result("(", 1));
    CHECK_FALSE(programs.first_result("(", 1));
    CHECK(programs.first_result("empty", 1).value() == std::nullopt);
}
