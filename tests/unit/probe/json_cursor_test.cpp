#include "lib/json.hpp"
#include "lib/json_text/json_cursor.hpp"
#include "tests/unit/probe/padded.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using namespace meshprobe;

namespace {

/// The text as one value with nothing behind it.
bool is_json(std::string_view text) {
    const Padded padded(text);
    JsonCursor cursor(padded.view());
    return cursor.value().has_value() && cursor.peek() == '\0';
}

JsonValue value_of(const Padded& text) {
    JsonCursor cursor(text.view());
    const auto value = cursor.value();
    REQUIRE(value);
    return *value;
}

std::string ascii(std::string_view text) {
    const Padded padded(text);
    std::string out;
    append_ascii(out, value_of(padded));
    return out;
}

std::optional<std::int64_t> integer(std::string_view text) {
    const Padded padded(text);
    return to_integer(value_of(padded));
}

} // namespace

TEST_CASE("JSON is accepted, everything else is not") {
    for (const std::string_view good :
         {"0", "-0", "1.5e-7", "123456789012345678901234567890", "1E+5", "true", "false", "null", "\"\"",
          "\"\\u00e9\\n\\/\"", "{}", "[]", "[[],{}]", R"({"a":{"b":[1,"2",null]}, "a":1})", " [ 1 , 2 ] ",
          "\"é💡\"", "\"\x7f\""}) {
        CAPTURE(good);
        CHECK(is_json(good));
    }
    for (const std::string_view bad : {"",
                                       "01",
                                       "-",
                                       "+1",
                                       "1.",
                                       ".5",
                                       "1e",
                                       "1e+",
                                       "nul",
                                       "nulll",
                                       "truE",
                                       "'a'",
                                       "\"",
                                       "\"a",
                                       "\"\\x\"",
                                       "\"\\u12g4\"",
                                       "\"\n\"",
                                       "[1,]",
                                       "[,1]",
                                       "[1 2]",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "{a:1}",
                                       "{\"a\":1,}",
                                       "{,}",
                                       "[",
                                       "{",
                                       "]",
                                       "[}",
                                       "{]",
                                       "{\"a\":1]",
                                       "[1}",
                                       "NaN",
                                       "1e400",
                                       "-1E+309",
                                       R"("\ud83d")",
                                       R"("\ud83dx")",
                                       R"("\udca1")",
                                       R"("\ud83d\u0020")",
                                       "-Infinity",
                                       "0x10",
                                       "\"\xff\"",
                                       "\"\xc0\x80\"",
                                       "\"\xed\xa0\x80\"",
                                       "\"\xf4\x90\x80\x80\"",
                                       "\"\xe2\x82\"",
                                       "1 2",
                                       "// x\n1"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_json(bad));
    }
}

TEST_CASE("it agrees with another parser on thousands of damaged texts") {
    const std::vector<std::string> seeds = {R"({"ts":1700000000,"val":{"34.5":12,"-0.28":1e3}})",
                                            R"([{"ip":"192.0.2.1","rtt":1.25,"as":null,"ok":true}])",
                                            R"("caf\u00e9 é 💡 \ud83d\udca1")",
                                            R"([-0.5e-10, 12345678901234567890, false, [], {}])"};
    std::mt19937 random(7); // NOLINT
    unsigned good = 0;
    for (int round = 0; round < 20'000; ++round) {
        auto text = seeds[random() % seeds.size()];
        for (auto edits = random() % 3; edits > 0; --edits) {
            const auto at = random() % text.size();
            switch (random() % 3) {
            case 0:
                text.erase(at, 1);
                break;
            case 1:
                text.insert(at, 1, "\"\\{}[]:,.-+eE0129 \n\x01\x80\xc3utfn"[random() % 27]);
                break;
            default:
                text[at] = static_cast<char>(random() % 256);
            }
        }
        CAPTURE(text);
        REQUIRE(is_json(text) == nlohmann::json::accept(text));
        if (is_json(text)) ++good;
    }
    CHECK(good > 5000); // both answers were tried
}

TEST_CASE("nesting is bounded") {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(is_json(nested(64)));
    CHECK_FALSE(is_json(nested(65)));
    CHECK_FALSE(is_json(std::string(1'000'000, '[')));
}

TEST_CASE("values become ASCII on one line, everything else stays as it was written") {
    CHECK(ascii(R"({"34.50": 1.0e0,  "a\u00E9":"x y"})") == R"({"34.50": 1.0e0,  "a\u00E9":"x y"})");
    CHECK(ascii("{\n\t\"a\": [1,\r\n 2]}") == "{\"a\": [1, 2]}");
    CHECK(ascii("\"é\u20ac💡\"") == R"("\u00e9\u20ac\ud83d\udca1")");
    const auto blanks_only = Padded("\n \"plain\"\n ");
    CHECK(value_of(blanks_only).text == "\"plain\"");
    CHECK(value_of(blanks_only).plain);
}

TEST_CASE("escapes are resolved") {
    const auto text = [](std::string_view json) {
        const Padded padded(json);
        return unescape(value_of(padded)).value_or("none");
    };
    CHECK(text(R"("\/esmond\/a\"\\\b\n\t")") == "/esmond/a\"\\\b\n\t");
    CHECK(text(R"("\u00e9\u20ac\ud83d\udca1")") == "é\u20ac💡");
    CHECK(text("17") == "none");
}

TEST_CASE("integers are read as old and new servers write them") {
    CHECK(integer("1700000000") == 1'700'000'000);
    CHECK(integer("\"1700000000\"") == 1'700'000'000);
    CHECK(integer("1.7e9") == 1'700'000'000);
    CHECK(integer("1700000000.0") == 1'700'000'000);
    CHECK(integer("\" 5.0 \"") == 5);
    CHECK(integer("-3") == -3);
    for (const std::string_view bad : {"1.5", "\"\"", "\"x\"", "\"1x\"", "\"nan\"", "\"inf\"", "1e300",
                                       "99999999999999999999", "null", "true", "[1]"}) {
        CAPTURE(bad);
        CHECK_FALSE(integer(bad));
    }
}
