// Which files count, in which order, and how they are laid over each other.
#include "lib/config/tree.hpp"
#include "tests/unit/lib/config_root.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

using namespace meshprobe;
using namespace meshprobe::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

constexpr auto vendor = "usr/lib/meshprobe/meshprobe.yaml";
constexpr auto vendor_drop_ins = "usr/lib/meshprobe/meshprobe.yaml.d/";
constexpr auto run_drop_ins = "run/meshprobe/meshprobe.yaml.d/";
constexpr auto etc_drop_ins = "etc/meshprobe/meshprobe.yaml.d/";

std::string interval_in(std::string_view value) {
    return "tasks: {default: {interval: " + std::string(value) + "}}\n";
}

Microseconds interval_of(const ConfigRoot& root) {
    const auto loaded = root.read();
    CHECK(errors(loaded.problems) == "");
    return loaded.config.task("default", "h.example.org").interval;
}

std::vector<std::string> archives_of(const ConfigRoot& root) {
    const auto loaded = root.read();
    CHECK(errors(loaded.problems) == "");
    return loaded.config.task("default", "h.example.org").archives;
}

using Names = std::vector<std::string>;

} // namespace

TEST_CASE("without any file the vendor defaults that were compiled in are in force") {
    const ConfigRoot root;
    const auto loaded = root.read();
    CHECK(loaded.problems.empty());
    CHECK(loaded.config.meshes.empty());
    CHECK(loaded.config.tasks.size() == 1);
    CHECK(loaded.config.archives.at("local").archiver == "sqlite");
    CHECK(loaded.config.task("default", "h.example.org").archives == Names{"local"});
}

TEST_CASE("an installed vendor file replaces what was compiled in") {
    const ConfigRoot root;
    root.write(vendor, "tasks: {other: {archives: [a]}}\narchives: {a: {archiver: sqlite}}\n");
    const auto loaded = root.read();
    CHECK(loaded.problems.empty());
    CHECK(loaded.config.tasks.size() == 1);
    CHECK(loaded.config.tasks.contains("other"));
}

TEST_CASE("sections that the vendor file lacks are those that were compiled in") {
    const ConfigRoot root;
    root.write(vendor, "slots: 3\n");
    auto loaded = root.read();
    CHECK(loaded.problems.empty());
    CHECK(loaded.config.slots == 3);
    CHECK(loaded.config.task("default", "h.example.org").archives == Names{"local"});
    CHECK(loaded.config.archives.at("local").archiver == "sqlite");
    root.write(vendor, "archives: {a: {archiver: sqlite}}\ntasks: {default: {archives: [a]}}\n");
    loaded = root.read();
    CHECK(loaded.problems.empty());
    CHECK(loaded.config.archives.size() == 1);
    root.write(vendor, "slots: [\n");
    CHECK(root.read().config.tasks.size() == 1);
}

TEST_CASE("a file where the directory of drop-ins should be is told") {
    const ConfigRoot root;
    root.write("etc/meshprobe/meshprobe.yaml.d", "slots: 3\n");
    const auto loaded = root.read();
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems.front().scope == Problem::Scope::warning);
    CHECK_THAT(loaded.problems.front().message, Contains("no directory"));
}

TEST_CASE("later files win per key: vendor, /etc, then drop-ins by name over all directories") {
    const ConfigRoot root;
    root.write(vendor, interval_in("1h") + "archives: {local: {archiver: sqlite}}\n");
    CHECK(interval_of(root) == 1h);
    root.write(interval_in("30min"));
    CHECK(interval_of(root) == 30min);
    root.write(std::string(vendor_drop_ins) + "50-b.yaml", interval_in("20min"));
    CHECK(interval_of(root) == 20min);
    root.write(std::string(etc_drop_ins) + "40-a.yaml", interval_in("15min"));
    CHECK(interval_of(root) == 20min); // the name decides, not the directory
    root.write(std::string(run_drop_ins) + "60-c.yaml", interval_in("10min"));
    CHECK(interval_of(root) == 10min);
}

TEST_CASE("of equal names /etc beats /run beats /usr/lib") {
    const ConfigRoot root;
    root.write(std::string(vendor_drop_ins) + "50.yaml", interval_in("1min") + "slots: 7\n");
    root.write(std::string(run_drop_ins) + "50.yaml", interval_in("2min"));
    CHECK(interval_of(root) == 2min);
    CHECK(root.read().config.slots == 16); // the other is not read at all
    root.write(std::string(etc_drop_ins) + "50.yaml", interval_in("3min"));
    CHECK(interval_of(root) == 3min);
}

TEST_CASE("a link to /dev/null masks, whatever lies below") {
    const ConfigRoot root;
    root.write(std::string(vendor_drop_ins) + "50.yaml", interval_in("1min"));
    root.write(std::string(run_drop_ins) + "50.yaml", "this: [is: broken");
    root.link(std::string(etc_drop_ins) + "50.yaml", "/dev/null");
    CHECK(interval_of(root) == 5min);
    root.write(interval_in("1min"));
    root.link("etc/meshprobe/meshprobe.yaml", "/dev/null");
    CHECK(interval_of(root) == 5min);
}

TEST_CASE("links to files are followed, dangling ones are an error, other names are not read") {
    const ConfigRoot root;
    root.write("srv/mine", interval_in("1min"));
    root.link(std::string(etc_drop_ins) + "50.yaml", root.file("srv/mine"));
    CHECK(interval_of(root) == 1min);
    root.drop_in(".60.yaml", "broken: [");
    root.drop_in("60.yaml~", "broken: [");
    root.drop_in("60.yaml.dpkg-old", "broken: [");
    CHECK(interval_of(root) == 1min);
    root.drop_in("60.yml", interval_in("2min"));
    CHECK(interval_of(root) == 1min);
    CHECK_THAT(errors(root.read().problems, true), Contains("its name does not end in .yaml"));

    root.link(std::string(etc_drop_ins) + "70.yaml", root.file("srv/nothing"));
    const auto loaded = root.read();
    REQUIRE_FALSE(errors(loaded.problems).empty());
    CHECK_THAT(errors(loaded.problems), Contains("the link points nowhere"));
    CHECK(loaded.problems.back().scope == Problem::Scope::whole);
}

TEST_CASE("a FIFO or a directory among the drop-ins is an error, not a wait") {
    const ConfigRoot root;
    root.drop_in("10.yaml", "");
    REQUIRE(::mkfifo(root.file(std::string(etc_drop_ins) + "20.yaml").c_str(), 0600) == 0);
    std::filesystem::create_directory(root.file(std::string(etc_drop_ins) + "30.yaml"));
    const auto text = errors(root.read().problems);
    CHECK_THAT(text, Contains("20.yaml: not a regular file") && Contains("30.yaml: not a regular file"));
}

TEST_CASE("sets of names: a list replaces, a mapping adds and removes") {
    const ConfigRoot root;
    const std::string archives =
        "archives: {a: {archiver: sqlite}, b: {archiver: sqlite}, c: {archiver: sqlite}}\n";
    const auto set = [](std::string_view text) {
        return "tasks: {default: {archives: " + std::string(text) + "}}\n";
    };
    root.write(archives);
    CHECK(archives_of(root) == Names{"local"});
    root.drop_in("10.yaml", set("{a: true}"));
    CHECK(archives_of(root) == Names{"a", "local"});
    root.drop_in("20.yaml", set("[c, b, b]"));
    CHECK(archives_of(root) == Names{"b", "c"});
    root.drop_in("30.yaml", set("{a: yes, c: no}"));
    CHECK(archives_of(root) == Names{"a", "b"});
    root.drop_in("40.yaml", set("{a: false, b: false}"));
    CHECK_FALSE(errors(root.read().problems).empty());
    root.drop_in("50.yaml", set("[local]"));
    CHECK(archives_of(root) == Names{"local"});
}

TEST_CASE("a set that was replaced and then changed replaces in a host's section as well") {
    const ConfigRoot root;
    root.write("archives: {a: {archiver: sqlite}, b: {archiver: sqlite}}\nhosts: {h.example.org: {archives: "
               "[a]}}\n");
    root.drop_in("10.yaml", "hosts: {h.example.org: {archives: {b: true}}}\n");
    CHECK(archives_of(root) == Names{"a", "b"}); // and not local
}

TEST_CASE("an empty mapping changes nothing below it, an empty value is an error where a value is needed") {
    const ConfigRoot root;
    root.write("meshes: {m: {file: /m}}\n");
    root.drop_in("10.yaml", "meshes:\nhosts: ~\ntasks: {default: }\n");
    const auto loaded = root.read();
    CHECK(errors(loaded.problems) == "");
    CHECK(loaded.config.meshes.contains("m"));
    root.drop_in("20.yaml", "meshes: {m: {file: }}\n");
    CHECK_THAT(errors(root.read().problems), Contains("expected an absolute path, got \"\""));
}

TEST_CASE("every value knows the file, line and column it comes from") {
    const ConfigRoot root;
    root.write("meshes:\n  m:\n    file: /m\n");
    root.drop_in("10.yaml", "meshes:\n  m: {refresh: 1h}\n");
    const auto loaded = root.read();
    const auto* mesh = loaded.tree->find("meshes")->find("m");
    CHECK(mesh->find("file")->mark.file_name() == root.file("etc/meshprobe/meshprobe.yaml"));
    CHECK(mesh->find("file")->mark.line == 3);
    CHECK(mesh->find("refresh")->mark.file_name() == root.file(std::string(etc_drop_ins) + "10.yaml"));
    CHECK(mesh->find("refresh")->mark.column == 16);
    const auto* task = loaded.tree->find("tasks")->find("default");
    CHECK(task->find("interval")->mark.file_name() == "(built-in defaults)");
}

TEST_CASE("a broken file costs no false alarms about what it may define") {
    const ConfigRoot root;
    root.write("tasks: {default: {archives: [mine], intervall: 1}}\n");
    root.drop_in("10.yaml", "archives: {mine: {archiver: sqlite}\n");
    const auto text = errors(root.read().problems);
    CHECK_THAT(text, Contains("not valid YAML") && Contains("intervall") && !Contains("there is no archive"));
}
