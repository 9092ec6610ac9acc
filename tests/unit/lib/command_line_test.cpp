#include "lib/command_line.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

namespace {

constexpr Option options[] = {{"jobs", "N", "at once"}, {"drain", "", "and exit"}};

Result<CommandLine> parse(std::vector<const char*> words) {
    words.insert(words.begin(), "program");
    return parse_command_line(words, options);
}

} // namespace

TEST_CASE("options and arguments in any order") {
    const auto line =
        parse({"one", "--jobs", "4", "two", "--root=/x/", "--drain", "--json", "--", "--three"});
    REQUIRE(line);
    CHECK(line->arguments == std::vector<std::string>{"one", "two", "--three"});
    CHECK(line->value("jobs") == "4");
    CHECK(line->has("drain"));
    CHECK(line->json);
    CHECK(line->paths.root() == "/x");
    CHECK(parse({})->paths.is_real_root());
    CHECK(parse({"--root", "/"})->paths.is_real_root());
    CHECK(parse({"--root", "/."})->paths.is_real_root());
    CHECK(parse({"-h"})->help);
    CHECK(parse({"-"})->arguments.front() == "-");
    CHECK(parse({"--jobs=1", "--jobs=2"})->value("jobs") == "2");
}

TEST_CASE("errors of usage say what was meant") {
    CHECK(parse({"--job", "4"}).error().message == "unknown option --job (did you mean --jobs?)");
    CHECK(parse({"--jobs"}).error().message == "--jobs needs a value: --jobs N");
    CHECK(parse({"--drain=x"}).error().message == "--drain takes no value");
    CHECK(parse({"--root="}).error().kind == ErrorKind::usage);
    CHECK_FALSE(parse({"-x"}));
    CHECK_FALSE(parse({"--quite-another-thing"}));
}
