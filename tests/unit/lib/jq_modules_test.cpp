// The modules that pScheduler's jq programs import: the same functions, the same answers.
#include "lib/jq/jq.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace meshprobe;

namespace {

std::string result(const std::string& expression, const std::string& input = "null") {
    JqOptions options;
    options.helper = MESHPROBE_BINARY_DIR "/bin/meshprobe-jq";
    options.modules = MESHPROBE_BINARY_DIR "/share/meshprobe/jq";
    options.time = std::chrono::seconds(20); // the machine may be busy
    auto program = JqProgram::compile(
        "import \"pscheduler/iso8601\" as iso; import \"pscheduler/si\" as si; " + expression, options);
    INFO((program ? "" : program.error().message));
    REQUIRE(program);
    const auto results = program->run(input);
    if (!results) return "!" + results.error().message;
    return results->size() == 1 ? results->front() : "?";
}

} // namespace

TEST_CASE("iso8601: durations in seconds") {
    const auto seconds = [](const std::string& text) {
        return result("iso::duration_as_seconds(.)", '"' + text + '"');
    };
    CHECK(seconds("PT10S") == "10");
    CHECK(seconds("pt1h2m3.5s") == "3723.5");
    CHECK(seconds("P1DT2S") == "86402");
    CHECK(seconds("P1W0D") == "604800");
    CHECK(seconds("P2W3DT4H") == "1483200");
    CHECK(seconds("P") == "0");
    CHECK(seconds("PT") == "0");
    for (const auto* text : {"", "P1W", "P1Y", "P1M", "PT1.5H", "PT5", "5", "PT1S2M", "xPT1S", "PT1S "})
        CHECK(seconds(text) == "!Invalid ISO 8601 duration '" + std::string(text) + "'");
    CHECK(result("iso::duration_as_seconds(.)", "5") == "!Invalid ISO 8601 duration '5'");
    CHECK(result("iso::duration_as_seconds(.d)", R"({"d":"PT1M"})") == "60");
    CHECK(result("iso::invalid_duration(.)", "\"x\"") == "!Invalid ISO 8601 duration 'x'");
}

TEST_CASE("iso8601: the parts of a time") {
    const auto parts = [](const std::string& text) {
        return result("iso::timestamp_parsed(.)", '"' + text + '"');
    };
    CHECK(result("iso::timestamp_parsed(.) == {year: 2026, month: 5, day: 9, hour: 10, minute: 0, second: 5, "
                 "offset_hr: -4, offset_min: 30}",
                 "\"2026-05-09T10:00:05-04:30\"") == "true");
    CHECK(result(
              "iso::timestamp_parsed(.) == {year: 2026, month: 5, day: 9, hour: 10, minute: 7, offset_hr: 0, "
              "offset_min: 0}",
              "\"2026-5-9T10:07Z\"") == "true");
    CHECK(parts("2026-05-19") == R"({"year":2026,"month":5,"day":19})");
    CHECK(result("iso::timestamp_parsed(.) | has(\"offset_hr\"), .second", "\"2026-05-19T10:00:05.25Z\"") ==
          "?");
    CHECK(result("iso::timestamp_parsed(.) | [has(\"offset_hr\"), .second]", "\"2026-05-19T10:00:05.25Z\"") ==
          "[false,5]");
    CHECK(result("iso::timestamp_parsed(.) | [.offset_hr, .offset_min]", "\"2026-05-19T10:00:05+0530\"") ==
          "[5,null]");
    CHECK(parts("2026-05-19T10") == R"({"year":2026,"month":5,"day":19})");
    CHECK(parts("2026-05-19t10:00:05z") == R"({"year":2026,"month":5,"day":19})");
    CHECK(parts("yesterday") == "!Invalid timestamp 'yesterday'");
    CHECK(result("iso::timestamp_parsed(.)", "5") == "!Invalid timestamp '5'");
}

TEST_CASE("si: numbers with prefixes") {
    const auto integer = [](const std::string& json) { return result("si::as_integer(.)", json); };
    CHECK(integer("1.5") == "1.5");
    CHECK(integer("\"12\"") == "12");
    CHECK(integer("\"1.5G\"") == "1500000000");
    CHECK(integer("\"10m\"") == "10000000");
    CHECK(integer("\"2Ki\"") == "2048");
    CHECK(integer("\"1.0009k\"") == "1000");
    for (const auto* text : {"", "k", "1 k", "-1", "1kk", "1i", "1.k"})
        CHECK(integer('"' + std::string(text) + '"') == "!Invalid SI Number '" + std::string(text) + "'");
    CHECK(integer("null") == "!Invalid SI Number 'null'");
    CHECK(
        result(
            "[si::multiplier(\"\"), si::multiplier(\"m\"), si::multiplier(\"gi\"), si::multiplier(\"x\")]") ==
        "[1,1000000,1073741824,null]");
    CHECK(result("[si::multiplier(null), si::multiplier(5), si::multiplier([])]") == "[null,null,null]");
    CHECK(result("si::multiplier(\"yi\") > si::multiplier(\"y\")") == "true");
}
