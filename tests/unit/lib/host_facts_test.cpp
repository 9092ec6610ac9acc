#include "lib/config/selection.hpp"
#include "lib/file.hpp"
#include "lib/host_facts.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

using namespace meshprobe;
using test::TemporaryDirectory;

namespace {

HostFactsFile read(const std::string& text) {
    const TemporaryDirectory directory;
    REQUIRE(write_file_atomically(directory.path() / "facts", text));
    auto file = read_host_facts(directory.path() / "facts");
    REQUIRE(file);
    REQUIRE(*file);
    return std::move(**file);
}

} // namespace

TEST_CASE("facts are read as they are written") {
    const FactsOfHosts facts{{"[2001:db8::1]:8443", {{"g"}, {"m"}, {}, {"a task, of ours", "b"}, {"rtt"}}},
                             {"ps1.example.org", {{}, {}, {"t=1", "t2"}, {}, {}}},
                             {"ps2.example.org", {}}};
    const auto text = format_host_facts(facts);
    CHECK(text == "[2001:db8::1]:8443\tgroup=g\tmesh=m\ttask=a task, of ours\ttask=b\ttest=rtt\n"
                  "ps1.example.org\ttag=t2\ttag=t=1\n"
                  "ps2.example.org\n");
    const auto file = read(text);
    CHECK(file.hosts == facts);
    CHECK(file.refused.empty());
}

TEST_CASE("a line that refresh would not write is left out alone") {
    const auto* line = GENERATE("../x\ttest=rtt", "PS1.example.org\ttest=rtt", "h:443\ttest=rtt",
                                "h\ttest=", "h\ttest", "h\tcolour=red", "h test=rtt", "\ttest=rtt",
                                "h\ttag= x", "h\ttag=x ", "h\ttag=\x01", "h\ttag=\xc3\xa9", "h\t\ttest=rtt");
    const auto file = read("a.example.org\ttest=rtt\n" + std::string(line) + "\nz.example.org\ttest=rtt\n");
    CAPTURE(line);
    CHECK(file.hosts.size() == 2);
    REQUIRE(file.refused.size() == 1);
    CHECK(file.refused.front().starts_with("line 2: "));
}

TEST_CASE("facts have bounds") {
    CHECK(is_fact(std::string(128, 'x')));
    CHECK_FALSE(is_fact(std::string(129, 'x')));
    std::string line = "h";
    for (std::size_t i = 0; i <= most_facts_of_host; ++i)
        line += "\ttag=" + std::to_string(i);
    CHECK(read(line + "\n").refused.size() == 1);
}

TEST_CASE("nothing is waited for, and no link is followed") {
    const TemporaryDirectory directory;
    const auto file = directory.path() / "facts";
    const auto absent = read_host_facts(file);
    REQUIRE(absent);
    CHECK_FALSE(*absent);
    REQUIRE(::symlink("/etc/passwd", file.c_str()) == 0);
    CHECK_FALSE(read_host_facts(file));
    REQUIRE(::unlink(file.c_str()) == 0);
    REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
    CHECK_FALSE(read_host_facts(file));
}

TEST_CASE("a host is selected by every member that is given, through any of its values") {
    const HostFacts facts{{"g1", "g2"}, {"wlcg"}, {"t1"}, {"k1"}, {"throughput", "rtt"}};
    const auto is_selected = [&](const Select& select) {
        return selects(select, "ps1.example.org:8443", &facts);
    };
    CHECK(is_selected({}));
    CHECK(is_selected(
        {.meshes = {"other", "wlcg"}, .hosts = {}, .tags = {}, .tests = {"rtt"}, .groups = {}, .tasks = {}}));
    CHECK_FALSE(is_selected(
        {.meshes = {"wlcg"}, .hosts = {}, .tags = {}, .tests = {"trace"}, .groups = {}, .tasks = {}}));
    CHECK(is_selected(
        {.meshes = {}, .hosts = {}, .tags = {"t1"}, .tests = {}, .groups = {"g2"}, .tasks = {"k1"}}));
    CHECK_FALSE(is_selected(
        {.meshes = {}, .hosts = {}, .tags = {"t2"}, .tests = {}, .groups = {"g2"}, .tasks = {"k1"}}));
    for (const auto* pattern : {"*.example.org", "ps1.example.org", "ps1.example.org:8443", "ps?.*"}) {
        CAPTURE(pattern);
        CHECK(is_selected(
            {.meshes = {}, .hosts = {"x", pattern}, .tags = {}, .tests = {}, .groups = {}, .tasks = {}}));
    }
    for (const auto* pattern : {"*.example.net", "ps1", "ps1.example.org:443"}) {
        CAPTURE(pattern);
        CHECK_FALSE(is_selected(
            {.meshes = {}, .hosts = {pattern}, .tags = {}, .tests = {}, .groups = {}, .tasks = {}}));
    }
    const Select by_fact{.meshes = {"wlcg"}, .hosts = {}, .tags = {}, .tests = {}, .groups = {}, .tasks = {}};
    CHECK_FALSE(selects(by_fact, "ps1.example.org", nullptr));
    CHECK(needs_facts(by_fact));
    CHECK_FALSE(
        needs_facts({.meshes = {}, .hosts = {"*"}, .tags = {}, .tests = {}, .groups = {}, .tasks = {}}));
}
