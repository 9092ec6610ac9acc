#include "lib/json.hpp"
#include "probe/fetch/array_scanner.hpp"
#include "probe/fetch/block.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace meshprobe;

namespace {

struct Scan {
    std::vector<std::string> batches;
    std::string error; // of feed() or finish(), empty: none
    bool operator==(const Scan&) const = default;
};

Scan scan(std::string_view text, std::size_t chunk, ArrayScanner::Limits limits = {}) {
    Scan result;
    ArrayScanner scanner(
        [&](std::string_view batch) -> Status {
            result.batches.emplace_back(batch);
            return {};
        },
        limits);
    for (; !text.empty(); text.remove_prefix(std::min(chunk, text.size()))) {
        // Its own piece of memory, so that a sanitizer sees reads beyond it.
        const std::string piece(text.substr(0, chunk));
        if (auto fed = scanner.feed(piece); !fed) {
            result.error = fed.error().message;
            CHECK(fed.error().kind == ErrorKind::protocol);
            CHECK(scanner.finish().error().message == result.error);
            return result;
        }
    }
    if (auto finished = scanner.finish(); !finished) result.error = finished.error().message;
    return result;
}

Scan scan(std::string_view text) {
    return scan(text, text.size() + 1);
}

std::vector<std::string> elements(const Scan& result) {
    std::vector<std::string> all;
    for (const auto& batch : result.batches) {
        for (const auto& element : nlohmann::json::parse(batch))
            all.push_back(element.dump());
    }
    return all;
}

/// An array of objects with everything that could mislead a scanner.
std::string tricky_array(std::mt19937& random, std::size_t count) {
    static const std::vector<std::string> strings = {"",
                                                     "a",
                                                     "]",
                                                     "},{",
                                                     "[[[",
                                                     "\\\"",
                                                     "\\\\",
                                                     "\\\\\\\"",
                                                     ",",
                                                     "\\u005d",
                                                     "{\\\"a\\\":[1,2]}",
                                                     "é",
                                                     "💡",
                                                     std::string(70, '\\') + std::string(70, '['),
                                                     std::string(63, 'x'),
                                                     std::string(64, ','),
                                                     std::string(65, ']')};
    const auto pick = [&](std::size_t below) { return random() % below; };
    std::string text = pick(2) == 0 ? "[" : " \n[ ";
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) text += pick(2) == 0 ? "," : " ,\n";
        switch (pick(5)) {
        case 0:
            text += std::to_string(random());
            break;
        case 1:
            text += '"' + strings[pick(strings.size())] + '"';
            break;
        case 2:
            text += "[]";
            break;
        default:
            text += "{\"ts\":1,\"" + strings[pick(strings.size())] + "\":[[{}],\"" +
                    strings[pick(strings.size())] + "\"]}";
        }
    }
    return text + (pick(2) == 0 ? "]" : " ]\r\n");
}

} // namespace

TEST_CASE("a small array is one batch, as it came") {
    CHECK(scan(R"([{"ts":1,"val":2}, {"ts":3,"val":[4]}])").batches ==
          std::vector<std::string>{R"([{"ts":1,"val":2}, {"ts":3,"val":[4]}])"});
    CHECK(scan("\xEF\xBB\xBF \r\n\t[1]\n").batches == std::vector<std::string>{"[1]"});
}

TEST_CASE("an empty array is no batch and no error") {
    for (const std::string_view text : {"[]", " [ \n ] ", "\xEF\xBB\xBF[]"}) {
        const auto result = scan(text, 1);
        CHECK(result.batches.empty());
        CHECK(result.error.empty());
    }
}

TEST_CASE("brackets, commas and quotes inside strings do not count") {
    const auto result =
        scan(R"(["],[", "\"]", "\\", {"a]":"}{"}, "\\\"," ])", 1, {.element = 100, .batch = 1});
    CHECK(result.error.empty());
    CHECK(result.batches.size() == 5);
    CHECK(elements(result) == elements(scan(R"(["],[", "\"]", "\\", {"a]":"}{"}, "\\\"," ])")));
}

TEST_CASE("any chunking of the same bytes gives the same batches and the same error") {
    std::mt19937 random(20261122); // NOLINT: the same cases each time, on purpose
    for (int round = 0; round < 60; ++round) {
        auto text = tricky_array(random, 1 + random() % 40);
        const auto wanted = nlohmann::json::parse(text);
        const ArrayScanner::Limits limits{.element = 400, .batch = 1 + random() % 300};
        const auto whole = scan(text, text.size(), limits);
        REQUIRE(whole.error.empty());
        std::vector<std::string> dumped;
        for (const auto& element : wanted)
            dumped.push_back(element.dump());
        CHECK(elements(whole) == dumped);
        if (round % 3 == 1) text.resize(random() % text.size()); // cut short
        if (round % 3 == 2) text[random() % text.size()] = "]}[{,\"\\ "[random() % 8];
        const auto expected = scan(text, text.size() + 1, limits);
        for (const std::size_t chunk : {1U, 2U, 3U, 7U, 63U, 64U, 65U, 128U, 1000U}) {
            CAPTURE(text, chunk);
            REQUIRE(scan(text, chunk, limits) == expected);
        }
    }
}

TEST_CASE("batches are cut at the size asked for and never exceed the largest element") {
    std::string text = "[";
    for (int i = 0; i < 1000; ++i)
        text += "{\"ts\":" + std::to_string(i) + "},";
    text.back() = ']';
    const auto result = scan(text, 4096, {.element = 200, .batch = 100});
    CHECK(result.error.empty());
    CHECK(elements(result).size() == 1000);
    for (std::size_t i = 0; i + 1 < result.batches.size(); ++i) {
        CHECK(result.batches[i].size() > 100);
        CHECK(result.batches[i].size() < 120);
    }
    const std::string large(190, '1');
    const auto mixed = scan("[1," + large + ",2," + large + "]", 4096, {.element = 200, .batch = 200});
    CHECK(mixed.error.empty());
    CHECK(mixed.batches.size() == 2);
    for (const auto& batch : mixed.batches)
        CHECK(batch.size() <= 202);
}

TEST_CASE("an element over the limit ends the stream, after what was complete in front of it") {
    const ArrayScanner::Limits limits{.element = 100, .batch = 50};
    CHECK(scan("[" + std::string(100, '1') + "]", 10, limits).error.empty());
    const auto result = scan("[1, 2, " + std::string(101, '3') + ", 4]", 10, limits);
    CHECK(result.batches == std::vector<std::string>{"[1, 2]"});
    CHECK_THAT(result.error, Catch::Contains("larger than 100 bytes") && Catch::Contains("byte 6"));
}

TEST_CASE("memory stays bounded whatever arrives for ever") {
    for (const std::string_view start : {"[\"", "[", "[{\"a\":", "[1,"}) {
        for (const std::string_view endless : {"a", "[", "{\"a\":", "\\", " "}) {
            std::string chunk;
            while (chunk.size() < 16384)
                chunk += endless;
            ArrayScanner scanner([](std::string_view batch) -> Status {
                CHECK(batch.size() <= (1U << 20) + 2);
                return {};
            });
            REQUIRE(scanner.feed(start));
            std::size_t fed = 0;
            while (fed < (8U << 20) && scanner.feed(chunk))
                fed += chunk.size();
            CAPTURE(start, endless);
            CHECK(fed <= 1U << 20);
        }
    }
}

TEST_CASE("what is not an array is named") {
    CHECK_THAT(scan("").error, Catch::Contains("expected a JSON array, got nothing"));
    CHECK_THAT(scan(" \n").error, Catch::Contains("got nothing"));
    CHECK_THAT(scan(R"({"detail": "Not \"found\"."})", 3).error,
               Catch::Contains(R"(an object that says "Not \"found\".")"));
    CHECK_THAT(scan(R"({"error":"bad time")").error, Catch::Contains(R"(an object that says "bad time")"));
    CHECK_THAT(scan("<!DOCTYPE html><html><head><title>502 Bad\n Gateway</title>").error,
               Catch::Contains(R"(an HTML page titled "502 Bad Gateway")"));
    CHECK_THAT(scan("{\"a\":1}").error, Catch::Contains("an object: "));
    CHECK_THAT(scan("\x1b[31mred").error, Catch::Contains(R"(text beginning "?[31mred")"));
    std::string endless(100'000, '{');
    CHECK_THAT(scan(endless, 16).error, Catch::Contains("an object"));
}

TEST_CASE("truncation, garbage behind the array and a wrong bracket are errors of their own") {
    for (const std::size_t chunk : {1U, 100U}) {
        CHECK_THAT(scan("[1, 2, {\"ts\":", chunk).error, Catch::Contains("cut short after 13 bytes"));
        CHECK(scan("[1, 2, {\"ts\":", chunk).batches == std::vector<std::string>{"[1, 2]"});
        CHECK_THAT(scan("[", chunk).error, Catch::Contains("cut short"));
        CHECK_THAT(scan("[1]  x", chunk).error, Catch::Contains("follows the array, at byte 5"));
        CHECK_THAT(scan("[1][2]", chunk).error, Catch::Contains("follows the array"));
        CHECK_THAT(scan("[1}", chunk).error, Catch::Contains("closed by '}'"));
    }
}

TEST_CASE("the reader's error ends the stream and stays") {
    int calls = 0;
    ArrayScanner scanner([&](std::string_view) -> Status {
        ++calls;
        return fail(ErrorKind::storage, "disk full");
    });
    CHECK(scanner.feed("[1]").error().message == "disk full");
    CHECK(scanner.feed("[1]").error().kind == ErrorKind::storage);
    CHECK(scanner.finish().error().message == "disk full");
    CHECK(calls == 1);
}

TEST_CASE("all ways to read a block agree") {
    std::mt19937 random(1); // NOLINT
    for (int round = 0; round < 1000; ++round) {
        std::string bytes(Block::size, ' ');
        for (auto& byte : bytes) {
            byte = random() % 2 == 0 ? "\"\\{}[],\x02\x7b\xfb"[random() % 10]
                                     : static_cast<char>(random() % 256);
        }
        const auto words = WordBlockReader::read(bytes.data());
        const auto used = BlockReader::read(bytes.data());
        REQUIRE(words.quote == used.quote);
        REQUIRE(words.backslash == used.backslash);
        REQUIRE(words.open == used.open);
        REQUIRE(words.close == used.close);
        REQUIRE(WordBlockReader::commas(bytes.data()) == BlockReader::commas(bytes.data()));
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            REQUIRE((words.quote >> i & 1) == (bytes[i] == '"' ? 1U : 0U));
            REQUIRE((words.open >> i & 1) == (bytes[i] == '{' || bytes[i] == '[' ? 1U : 0U));
        }
    }
}
