// The quick way to JSON says what the slow one says, or nothing.
#include "lib/file.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/quick_json.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <string>
#include <vector>

using namespace meshprobe;
using nlohmann::json;

namespace {

/// As the slow way does it.
json without_comments(const std::string& text) {
    return json::parse(text, [](int, json::parse_event_t event, const json& parsed) {
        return event != json::parse_event_t::key || !parsed.get_ref<const std::string&>().starts_with('#');
    });
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

} // namespace

TEST_CASE("real documents are the same both ways") {
    std::size_t documents = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(MESHPROBE_SOURCE_DIR "/tests/fixtures")) {
        if (entry.path().extension() != ".json") continue;
        INFO(entry.path());
        const auto text = read_file(entry.path(), 64U << 20);
        REQUIRE(text);
        const auto quick = parse_quickly(*text, deepest_nesting);
        REQUIRE(quick);
        CHECK(*quick == without_comments(*text));
        CHECK(quick->dump() == without_comments(*text).dump());
        ++documents;
    }
    CHECK(documents > 20);
}

TEST_CASE("values keep their types, the last of a name counts, comments are dropped") {
    const std::vector<std::string> texts = {
        "[0, -0, 1, -1, 1.0, -0.0, 1e3, 9223372036854775807, -9223372036854775808, 18446744073709551615]",
        R"([true, false, null, "", "a\u00e9\ud83d\udca1\u0000b", {}, []])",
        R"({"a": 1, "b": 2, "a": {"c": 3}})",
        R"({"#": {"deep": [1]}, "a": {"#b": 1, "c#": 2}, "#a": 3})",
        "  7 ",
        R"("x")",
        nested(64),
    };
    for (const std::string& text : texts) {
        INFO(text);
        const auto quick = parse_quickly(text, deepest_nesting);
        REQUIRE(quick);
        const json slow = without_comments(text);
        CHECK(*quick == slow);
        CHECK(quick->dump() == slow.dump());
    }
}

TEST_CASE("what is not plainly good JSON is left to the slow way") {
    const std::vector<std::string> texts = {
        "",        "{",          "[1,]",          "[1] x",       "nan",
        "[1e999]", "[\"\xff\"]", R"(["\ud8"])",   R"({"a":1,})", "<html>",
        "[01]",    nested(65),   nested(100'000),
    };
    for (const std::string& text : texts) {
        INFO(text.substr(0, 20));
        CHECK_FALSE(parse_quickly(text, deepest_nesting));
    }
}

TEST_CASE("half a surrogate is never more than the slow way makes of it") {
    for (const char* text : {R"(["\ud800"])", R"(["\udc00"])", R"(["\ud800\ud800"])", R"(["\ud800x"])"}) {
        const auto quick = parse_quickly(text, deepest_nesting);
        const json slow = json::parse(text, nullptr, false);
        INFO(text);
        CHECK((!quick || (!slow.is_discarded() && *quick == slow)));
    }
}
