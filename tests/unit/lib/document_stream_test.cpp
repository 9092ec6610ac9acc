#include "lib/pscheduler/document_stream.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace meshprobe;

namespace {

using Texts = std::vector<std::string>;

/// "LINE:DOCUMENT" and "LINE!PROBLEM".
Texts cut(std::string_view text, std::size_t largest = 1000, std::size_t chunk = 1) {
    Texts found;
    DocumentStream stream(
        {.document = [&](auto document,
                         auto line) { found.push_back(std::to_string(line) + ":" + std::string(document)); },
         .problem = [&](auto problem,
                        auto line) { found.push_back(std::to_string(line) + "!" + std::string(problem)); }},
        largest);
    for (; !text.empty(); text.remove_prefix(std::min(chunk, text.size())))
        stream.feed(text.substr(0, chunk));
    stream.finish();
    return found;
}

} // namespace

TEST_CASE("documents come one each line, one behind the other, laid out, in arrays or framed") {
    CHECK(cut("{\"a\":1}\n{\"b\":2}\n") == Texts{"1:{\"a\":1}", "2:{\"b\":2}"});
    CHECK(cut("{\"a\":{}}{\"b\":[]}") == Texts{"1:{\"a\":{}}", "1:{\"b\":[]}"});
    CHECK(cut("\n{\n \"a\": {\n  \"b\": []\n }\n}\n{}") ==
          Texts{"2:{\n \"a\": {\n  \"b\": []\n }\n}", "7:{}"});
    CHECK(cut("[\n{\"a\":1},\n{\"b\":2}\n]\n[{}]") == Texts{"2:{\"a\":1}", "3:{\"b\":2}", "5:{}"});
    CHECK(cut("\x1e{\"a\":1}\n\x1e{\"b\":2}\n") == Texts{"1:{\"a\":1}", "2:{\"b\":2}"});
    CHECK(cut("\xef\xbb\xbf{}\r\n") == Texts{"1:{}"});
    CHECK(cut("").empty());
}

TEST_CASE("brackets and quotes within strings mean nothing") {
    CHECK(cut(R"({"a":"}\"{["}{"\\":1})") == Texts{R"(1:{"a":"}\"{["})", R"(1:{"\\":1})"});
}

TEST_CASE("however the bytes arrive, the documents are the same") {
    const std::string text = "x\n{\"a\":\"\\\"\"}\n{\"b\":\n{\"c\":[{}]}} 1\n{\"d\"";
    for (const std::size_t chunk : {2U, 3U, 7U, 100U})
        CHECK(cut(text, 1000, chunk) == cut(text));
}

TEST_CASE("a document that is broken off spoils no other") {
    CHECK(cut("{\"a\":{\"b\":1}\n{\"c\":2}\n") == Texts{"1!the document is cut short", "2:{\"c\":2}"});
    CHECK(cut("{\"a\":\"b\n{\"c\":2}\n") == Texts{"1!a line ends within a string", "2:{\"c\":2}"});
    CHECK(cut("{\"a\":\x1e{\"c\":2}\n") == Texts{"1!the document is cut short", "1:{\"c\":2}"});
    CHECK(cut("{}\n\n{\"a\":[") == Texts{"1:{}", "3!the document is cut short"});
}

TEST_CASE("nonsense between documents is told once for each line") {
    CHECK(cut("not json\n{}") == Texts{"1!expected a JSON object, or an array of them", "2:{}"});
    CHECK(cut("{}}} x {}\n{}") == Texts{"1:{}", "1!expected a JSON object, or an array of them", "2:{}"});
}

TEST_CASE("an element of an array that is no object costs no other") {
    const std::string expected = "expected a JSON object, or an array of them";
    CHECK(cut("[null,{\"a\":1},{\"b\":2}]") == Texts{"1!" + expected, "1:{\"a\":1}", "1:{\"b\":2}"});
    CHECK(cut("[{\"a\":1},null,5,{\"b\":2}]\n{}") ==
          Texts{"1:{\"a\":1}", "1!" + expected, "1:{\"b\":2}", "2:{}"});
    CHECK(cut(R"(["x,{\"y],{", [true], {"a":1}])") == Texts{"1!" + expected, "1:{\"a\":1}"});
    CHECK(cut("[\nnull,\n{}\n]") == Texts{"2!" + expected, "3:{}"});
    CHECK(cut("[1] {}\n{}") == Texts{"1!" + expected, "1:{}", "2:{}"});
    CHECK(cut("[\"a\n,{}]") == Texts{"1!" + expected, "2:{}"});
}

TEST_CASE("an array that is cut off between two elements is told") {
    CHECK(cut("{}\n[{\"a\":1},\n") == Texts{"1:{}", "2:{\"a\":1}", "2!the array is cut short"});
    CHECK(cut("[{}") == Texts{"1:{}", "1!the array is cut short"});
    CHECK(cut("\x1e[{}\n\x1e{}\n") == Texts{"1:{}", "1!the array is cut short", "2:{}"});
    CHECK(cut("[{}]]\n[[{}]]") == Texts{"1:{}", "2:{}"});
    CHECK(cut("[{\"a\":") == Texts{"1!the document is cut short"}); // once is enough
}

TEST_CASE("what is too large is passed over, in bounded memory") {
    const std::string large = "{\"a\":\"" + std::string(100, 'x') + "\"}";
    CHECK(cut(large + "\n{}", 50) == Texts{"1!the document is larger than one may be", "2:{}"});
    CHECK(cut(large, large.size()) == Texts{"1:" + large});
    CHECK(cut(large, large.size() - 1).front().starts_with("1!"));
}
