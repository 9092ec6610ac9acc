// Hostile and broken YAML: an answer in bounded time, with the place, never a crash.
#include "lib/config/yaml.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;
using Catch::Matchers::Contains;

namespace {

struct Broken {
    std::string document;
    int line;
    int column;
    std::string_view message;
};

std::string laughs(int generations) {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i <= generations; ++i) {
        const auto before = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int k = 0; k < 10; ++k)
            text += (k == 0 ? "" : ", ") + before;
        text += "]\n";
    }
    return text;
}

std::string repeated(std::string_view text, int times) {
    std::string result;
    for (int i = 0; i < times; ++i)
        result += text;
    return result;
}

} // namespace

TEST_CASE("broken and hostile YAML is refused with its place") {
    using namespace std::string_literals;
    const std::vector<Broken> documents{
        {"a: [1, 2\nb: 3\n", 2, 2, "not valid YAML"},
        {"a: {b: 1\n", 1, 1, "the file ends too early"},
        {"a: \"no end\nb: 2\n\n", 3, 1, "the file ends too early"},
        {"a: b: c\n", 1, 5, "not valid YAML"},
        {"a:\n\tb: 1\n", 2, 3, "not valid YAML"},
        {"a: 1\n b: 2\n", 2, 3, "not valid YAML"},
        {"a: *nobody\n", 1, 4, "not valid YAML"},
        {"%YAML 3.0\n---\na: 1\n", 1, 1, "not valid YAML"},
        {"a: 1\nb: 2\na: 3\n", 3, 1, "the key \"a\" stands here a second time; the first is in line 1"},
        {"a: 1\n\"a\": 2\n", 2, 1, "a second time"},
        {"h: {x: 1, x: 2}\n", 1, 11, "a second time"},
        {"a: 1\n---\nb: 2\n", 2, 1, "a second document begins here"},
        {"? [a, b]\n: 1\n", 1, 3, "a key must be a plain name"},
        {"? {a: b}\n: 1\n", 1, 3, "a key must be a plain name"},
        {"a: &a [*a]\n", 1, 8, "refers to a value that holds it"},
        {"a: &a {b: *a}\n", 1, 11, "refers to a value that holds it"},
        {"a: !!python/object:os.system x\n", 1, 4, "means nothing here"},
        {"a: !mine x\n", 1, 4, "means nothing here"},
        {"meshes:\n\ta: {file: /m}\n", 2, 3, "indented with blanks, never with tabs"},
        {"hosts: {*.example.org: {}}\n", 1, 9, "needs quotes"},
        {"<<: 1\n", 1, 5, "takes a mapping or a list of mappings"},
        {"a: \xff\n", 1, 4, "not UTF-8"},
        {"a: ö\nb: \xc3\n", 2, 4, "not UTF-8"},
        {"ö: \xc0\xaf\n", 1, 4, "not UTF-8"},         // overlong '/'
        {"a: \xed\xa0\x80\n", 1, 4, "not UTF-8"},     // a surrogate
        {"a: \xf4\x90\x80\x80\n", 1, 4, "not UTF-8"}, // past U+10FFFF
        {"\xff\xfe"
         "a\0:\0"s,
         1, 1, "not UTF-8"}, // UTF-16
        {"a: x\0y\n"s, 1, 5, "control character 0x00"},
        {"a: x\x04y\n", 1, 5, "control character 0x04"}, // yaml-cpp takes it for the end of the file
        {"a: \x1b[2J\n", 1, 4, "control character 0x1b"},
        {laughs(9), 6, 30, "values, counting what aliases repeat"},
        {repeated("[", 40) + repeated("]", 40), 1, 33, "nested more than 32 deep"},
        {repeated("{a: ", 40) + repeated("}", 40), 1, 129, "nested more than 32 deep"},
        {repeated("- ", 100'000), 1, 65, "nested more than 32 deep"},
        {repeated("[", 1'000'000), 1, 1, "not valid YAML"},
        {"a: " + std::string(largest_configuration_file, 'x'), 0, 0, "larger than the 8 MiB allowed"},
    };
    for (const auto& broken : documents) {
        CAPTURE(broken.document.substr(0, 60));
        const auto tree = parse_yaml(broken.document, "/f");
        REQUIRE_FALSE(tree);
        CHECK_THAT(tree.error().message, Contains(std::string(broken.message)));
        CHECK(tree.error().file == "/f");
        CHECK(tree.error().line == broken.line);
        CHECK(tree.error().column == broken.column);
        CHECK(tree.error().scope == Problem::Scope::whole);
    }
}

TEST_CASE("columns count characters, not bytes") {
    const auto tree = parse_yaml("{höhe: 1, größe: 2}\n", "/f");
    REQUIRE(tree);
    CHECK((*tree)->find("größe")->mark.column == 18);
    CHECK((*tree)->entries.at("größe").mark.column == 11);
}

TEST_CASE("aliases and merge keys do what people expect of them") {
    const auto tree = parse_yaml(
        "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nown: {<<: [*b, *m], x: 5}\nsame: *b\n", "/f");
    REQUIRE(tree);
    const auto* own = (*tree)->find("own");
    REQUIRE(own != nullptr);
    CHECK(own->find("x")->text == "5");
    CHECK(own->find("y")->text == "2");
    CHECK(own->find("z")->text == "4");
    CHECK(own->find("<<") == nullptr);
    CHECK((*tree)->find("same") == (*tree)->find("base"));
}

TEST_CASE("a large harmless file is read in one go") {
    std::string text = "hosts: {";
    for (int i = 0; i < 20'000; ++i)
        text += "ö" + std::to_string(i) + ": {a: 1}, ";
    text += "}\n";
    const auto tree = parse_yaml(text, "/f");
    REQUIRE(tree);
    CHECK((*tree)->find("hosts")->entries.size() == 20'000);
}
