// What becomes of a message, by what its program says.
#include "lib/transform/jq_transform.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <string>

using namespace meshprobe;
using Catch::Matchers::Contains;

namespace {

// Programs find meshprobe-jq beside themselves, or as it is installed; tests are in another directory.
JqTransform transform(const std::string& script, bool output_raw = false, const std::string& arguments = {}) {
    return JqTransform(
        {.name = "t", .script = script, .arguments = arguments, .output_raw = output_raw, .description = {}},
        MESHPROBE_BINARY_DIR "/bin/meshprobe-jq");
}

/// "-": nothing is sent; "!…": it failed.
std::string sent(JqTransform made, std::string_view body = "{\"a\":[1,\"\xc3\xbc\"]}") {
    const auto outcome = made.apply(body);
    if (!outcome) return "!" + outcome.error().message;
    return *outcome ? **outcome : "-";
}

} // namespace

TEST_CASE("the first result is sent, in ASCII") {
    CHECK(sent(transform(".")) == R"({"a":[1,"\u00fc"]})");
    CHECK(sent(transform(".a[]")) == "1");
    CHECK(sent(transform("false, 1")) == "false");
    CHECK(sent(transform("$x.y + .a[0]", false, R"({"x":{"y":2}})")) == "3");
}

TEST_CASE("null is not sent, and that is no failure") {
    CHECK(sent(transform("null, 1")) == "-");
}

TEST_CASE("no result and an error are failures that say which transform it was") {
    CHECK(sent(transform("empty")) == "!transform t: it has no result");
    CHECK(sent(transform("error(\"no\")")) == "!transform t: no");
    CHECK(sent(transform("1, error(\"no\")")) == "1");
    CHECK_THAT(sent(transform("if")), Contains("!transform t: ") && Contains("syntax error"));
    CHECK_THAT(sent(transform("."), "{"), Contains("no JSON"));
}

TEST_CASE("a program that runs away costs its own message only") {
    auto made = transform("if .n == 1 then [range(1e9)] else .n end");
    CHECK_THAT(made.apply("{\"n\":1}").error().message, Contains("transform t: it"));
    CHECK(made.apply("{\"n\":2}").value() == "2");
}

TEST_CASE("a program that runs away again and again is given up") {
    auto made = transform("if .n == 1 then [range(1e9)] else .n end");
    for (unsigned i = 0; i < JqTransform::most_exceeded; ++i) {
        CHECK(made.apply("{\"n\":2}").value() == "2");
        CHECK_THAT(made.apply("{\"n\":1}").error().message, Contains("transform t: it"));
    }
    CHECK_THAT(made.apply("{\"n\":2}").error().message, Contains("transform t: given up after 3 messages"));
}

TEST_CASE("with output-raw all results are one text, others than strings as Python shows them") {
    CHECK(sent(transform(R"("a\nb", .a[1], null, true, 1.50, [1, "x'y", {"k": false}])", true)) ==
          R"("a\nb\n\u00fc\nNone\nTrue\n1.5\n[1, \"x'y\", {'k': False}]")");
    CHECK(sent(transform(R"(["it's \"both\"\n"])", true)) == R"("['it\\'s \"both\"\\n']")");
    CHECK(sent(transform("empty", true)) == "\"\"");
    CHECK(sent(transform("null", true)) == "\"None\"");
    CHECK_THAT(sent(transform("1, error(\"no\")", true)), Contains("!transform t: no"));
}

TEST_CASE("modules of pScheduler can be imported beside arguments") {
    CHECK(sent(transform("import \"pscheduler/si\" as si; si::as_integer($rate)", false,
                         R"({"rate":"1.5k"})")) == "1500");
}
