#include "lib/json_text/json_place.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace meshprobe;

TEST_CASE("values are found by their pointers") {
    const std::string text =
        "{\n  \"a\": [1,\n    {\"b/c\": \"\xc3\xa4\", \"d~\": 2}],\n  \"a b\": 3,\n  \"a b\": 4\n}\n";
    CHECK(place_in_json(text, "") == TextPlace{1, 1});
    CHECK(place_in_json(text, "/a/0") == TextPlace{2, 9});
    CHECK(place_in_json(text, "/a/1") == TextPlace{3, 5});
    CHECK(place_in_json(text, "/a/1/b~1c") == TextPlace{3, 13});
    CHECK(place_in_json(text, "/a/1/d~0") == TextPlace{3, 24}); // the umlaut is one character
    CHECK(place_in_json(text, "/a b") == TextPlace{5, 10});     // the last one counts
}

TEST_CASE("what is missing is placed where it should be") {
    const std::string text = "{\n \"a\": {},\n \"b\": 7}";
    CHECK(place_in_json(text, "/a/x/y") == TextPlace{2, 7});
    CHECK(place_in_json(text, "/b/x") == TextPlace{3, 7});
    CHECK(place_in_json(text, "/c") == TextPlace{1, 1});
    CHECK(place_in_json("[1, 2]", "/2") == TextPlace{1, 1});
    CHECK(place_in_json("[1, 2]", "/x") == TextPlace{1, 1});
    CHECK_FALSE(place_in_json("{\"a\": }", "/a"));
    CHECK_FALSE(place_in_json("", ""));
}

TEST_CASE("bytes have places in any text") {
    CHECK(place_of_byte("", 0) == TextPlace{1, 1});
    CHECK(place_of_byte("a\nbc", 3) == TextPlace{2, 2});
    CHECK(place_of_byte("a\nbc", 99) == TextPlace{2, 3});
    CHECK(place_of_byte("a\n", 2) == TextPlace{2, 1});
}
