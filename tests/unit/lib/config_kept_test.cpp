// The compiled configuration: as a cache it is never stale, as the kept one it carries on.
#include "lib/config/compiled.hpp"
#include "lib/config/tree.hpp"
#include "tests/unit/lib/config_root.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

using namespace meshprobe;
using namespace meshprobe::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::string with_interval(std::string_view value) {
    return "tasks: {default: {interval: " + std::string(value) + "}}\n";
}

void keep(const ConfigRoot& root) {
    const auto loaded = load_config(root.paths());
    REQUIRE(loaded);
    const auto kept = keep_config(root.paths(), *loaded);
    REQUIRE(kept);
}

Microseconds kept_interval(const ConfigRoot& root, std::string_view host = "h.example.org") {
    const auto loaded = load_config(root.paths());
    REQUIRE(loaded);
    return loaded->config.task("default", host).interval;
}

bool is_served_compiled(const ConfigRoot& root) {
    const auto loaded = load_config(root.paths());
    return loaded && !loaded->layers;
}

} // namespace

TEST_CASE("the compiled configuration is the same as what it was made of") {
    const ConfigRoot root;
    root.write(R"(
slots: 3
merge-same-address: true
meshes: {m: {file: "/m", country: NO, description: "a \"quoted\" \\ text", version: 1.10, site: ~, labels: {x: "1\t2"}}}
archives: {a: {archiver: rabbitmq, url: "amqp://u@b.example.org/v", quota: 10M, when-full: drop-oldest}}
limits: {l: {type: age, max: 40d}}
tasks: {default: {limits: [l], archives: {a: true}}, other: {interval: 1h}, bad: {interval: no}}
hosts:
  "*.example.org": {max-requests: 2, country: NO}
  h.example.org: {event-types: {failures: false}, tasks: {other: {interval: 2h}}}
  Bad.example.org: {interval: no}
)");
    keep(root);
    const auto compiled = load_config(root.paths());
    REQUIRE(compiled);
    REQUIRE_FALSE(compiled->layers);
    const auto read = root.read();
    CHECK(compiled->problems == read.problems);
    CHECK(compiled->config.slots == 3);
    CHECK(compiled->config.merge_same_address);
    CHECK(compiled->config.meshes.at("m").description.description == "a \"quoted\" \\ text");
    CHECK(compiled->config.meshes.at("m").description.country == "NO");
    CHECK(compiled->config.meshes.at("m").description.site == "~");
    CHECK(compiled->config.meshes.at("m").description.labels.at("x") == "1\t2");
    CHECK(compiled->config.archives.at("a").quota == 10U << 20U);
    CHECK(compiled->config.tasks == read.config.tasks);
    for (const auto* host : {"h.example.org", "i.example.org", "bad.example.org", "else.org"}) {
        for (const auto* task : {"default", "other", "bad"})
            CHECK(compiled->config.task(task, host) == read.config.task(task, host));
        CHECK(compiled->config.description_of(host).country == read.config.description_of(host).country);
    }
    const auto with_places = load_config(root.paths(), Detail::places);
    REQUIRE(with_places);
    const auto* node = with_places->tree->find("hosts")->find("h.example.org")->find("tasks");
    CHECK(node->mark.line == 10);
    CHECK(node->mark.file_name() == root.file("etc/meshprobe/meshprobe.yaml"));
}

TEST_CASE("any change of the files is seen at once") {
    const ConfigRoot root;
    root.write(with_interval("1min"));
    root.drop_in("50.yaml", "slots: 2\n");
    keep(root);
    REQUIRE(is_served_compiled(root));
    CHECK(kept_interval(root) == 1min);

    SECTION("an edit") {
        root.write(with_interval("2min"));
        CHECK(kept_interval(root) == 2min);
    }
    SECTION("an edit in place, of the same size, with the old time put back") {
        const auto file = root.file("etc/meshprobe/meshprobe.yaml");
        const auto time = std::filesystem::last_write_time(file);
        FILE* opened = std::fopen(file.c_str(), "r+");
        REQUIRE(opened != nullptr);
        std::fputs(with_interval("3min").c_str(), opened);
        std::fclose(opened);
        std::filesystem::last_write_time(file, time);
        CHECK(kept_interval(root) == 3min);
    }
    SECTION("a drop-in more") {
        root.drop_in("60.yaml", with_interval("4min"));
        CHECK(kept_interval(root) == 4min);
    }
    SECTION("a drop-in in a directory that was not there") {
        root.write("run/meshprobe/meshprobe.yaml.d/60.yaml", with_interval("4min"));
        CHECK(kept_interval(root) == 4min);
    }
    SECTION("a drop-in less") {
        root.remove("etc/meshprobe/meshprobe.yaml.d/50.yaml");
        CHECK(load_config(root.paths())->config.slots == 16);
    }
    SECTION("a mask") {
        root.link("etc/meshprobe/meshprobe.yaml.d/50.yaml", "/dev/null");
        CHECK(load_config(root.paths())->config.slots == 16);
    }
    SECTION("the main file gone") {
        root.remove("etc/meshprobe/meshprobe.yaml");
        CHECK(kept_interval(root) == 5min);
    }
    SECTION("a vendor file installed") {
        root.write("usr/lib/meshprobe/meshprobe.yaml", "slots: 9\narchives: {local: {archiver: sqlite}}\n");
        root.remove("etc/meshprobe/meshprobe.yaml.d/50.yaml");
        CHECK(load_config(root.paths())->config.slots == 9);
    }
    CHECK_FALSE(is_served_compiled(root));
    keep(root);
    CHECK(is_served_compiled(root));
}

TEST_CASE("keeping the same again writes nothing") {
    const ConfigRoot root;
    root.write(with_interval("1min"));
    keep(root);
    struct stat before {};
    REQUIRE(::stat(CompiledConfig::path(root.paths()).c_str(), &before) == 0);
    keep(root);
    const auto again = keep_config(root.paths(), root.read());
    REQUIRE(again);
    struct stat after {};
    REQUIRE(::stat(CompiledConfig::path(root.paths()).c_str(), &after) == 0);
    CHECK(before.st_ino == after.st_ino);
    CHECK(before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
}

TEST_CASE("files that are broken as a whole leave the kept configuration in force") {
    const ConfigRoot root;
    root.write(with_interval("1min") + "hosts: {h.example.org: {max-requests: 7}}\n");
    keep(root);
    for (const std::string_view broken : {"tasks: [", "unknown: 1\n", "slots: many\n", "\xff"}) {
        CAPTURE(broken);
        root.drop_in("60.yaml", broken);
        const auto loaded = load_config(root.paths());
        REQUIRE(loaded);
        CHECK(loaded->kept);
        CHECK(loaded->config.task("default", "h.example.org").interval == 1min);
        CHECK(loaded->config.task("default", "h.example.org").max_requests == 7);
        CHECK(loaded->broken_since_usec > 0);
        REQUIRE(loaded->problems.size() == 1);
        CHECK(loaded->problems[0].file == root.file("etc/meshprobe/meshprobe.yaml.d/60.yaml"));
        CHECK(loaded->problems[0].line == 1);
        // What is broken is never kept.
        const auto kept = keep_config(root.paths(), *loaded);
        REQUIRE(kept);
        const auto read = keep_config(root.paths(), root.read());
        REQUIRE(read);
        CHECK(load_config(root.paths())->kept);
    }
    root.remove("etc/meshprobe/meshprobe.yaml.d/60.yaml");
    CHECK_FALSE(load_config(root.paths())->kept);
    CHECK(is_served_compiled(root));
}

TEST_CASE("with nothing kept, broken files are an error that names the place") {
    const ConfigRoot root;
    root.write("tasks:\n  default: [\n");
    const auto loaded = load_config(root.paths());
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().kind == ErrorKind::configuration);
    CHECK_THAT(loaded.error().message, Contains("meshprobe.yaml:2:"));
}

TEST_CASE("a damaged compiled configuration is as good as none") {
    const ConfigRoot root;
    root.write(with_interval("1min") + "hosts: {h.example.org: {max-requests: 7}}\n");
    keep(root);
    const auto path = CompiledConfig::path(root.paths());
    const auto good = read_file(path, 1U << 20U);
    REQUIRE(good);
    for (std::size_t size = 0; size < good->size(); size += 7) {
        root.write("var/lib/meshprobe/plan/config.json", good->substr(0, size));
        CHECK(kept_interval(root) == 1min);
    }
    for (const std::string_view text : {"", "{}", "[]", "null", "{\"meshprobe\":1}"}) {
        root.write("var/lib/meshprobe/plan/config.json", text);
        CHECK(kept_interval(root) == 1min);
    }
}

TEST_CASE(
    "a mesh, a task or a glob with errors goes on in its last good version; hosts and archives do not") {
    const ConfigRoot root;
    root.write(R"(
meshes: {m: {file: /m}}
tasks: {default: {interval: 1min, archives: {a: true}}}
archives: {a: {archiver: sqlite}}
hosts: {"*.example.org": {max-requests: 7}, h.example.org: {timeout: 1min}}
)");
    keep(root);
    root.drop_in("60.yaml", R"(
meshes: {m: {refresh: soon}, n: {}}
tasks: {default: {interval: banana}, extra: {interval: banana}}
archives: {a: {quota: none}}
hosts: {"*.example.org": {max-requests: none}, h.example.org: {timeout: none}}
)");
    const auto check = [](const LoadedConfig& loaded) {
        CHECK_FALSE(loaded.kept);
        const auto& config = loaded.config;
        CHECK(config.meshes.at("m").enabled);
        CHECK_FALSE(config.meshes.at("n").enabled);
        CHECK(config.task("default", "i.example.org").enabled);
        CHECK(config.task("default", "i.example.org").interval == 1min);
        CHECK(config.task("default", "i.example.org").max_requests == 7);
        CHECK_FALSE(config.tasks.contains("extra"));
        CHECK(config.archives.at("a").faulty);
        CHECK_FALSE(config.task("default", "h.example.org").enabled);
        REQUIRE(loaded.problems.size() == 7);
        const auto stays = std::ranges::count_if(loaded.problems, [](const Problem& problem) {
            return problem.effect.find("the last good version of") == 0;
        });
        CHECK(stays == 3);
    };
    const auto loaded = load_config(root.paths());
    REQUIRE(loaded);
    check(*loaded);
    // That is kept in turn, and survives edits elsewhere.
    keep(root);
    REQUIRE(is_served_compiled(root));
    check(*load_config(root.paths()));
    root.drop_in("70.yaml", "slots: 4\n");
    check(*load_config(root.paths()));
    // Mended, the files count again.
    root.drop_in("60.yaml", with_interval("2min"));
    CHECK(kept_interval(root) == 2min);
}

TEST_CASE("a configuration with a password is not for everybody's eyes") {
    const ConfigRoot root;
    root.write("archives: {a: {archiver: rabbitmq, url: \"amqp://u:secret@b.example.org\"}}\n");
    keep(root);
    struct stat info {};
    REQUIRE(::stat(CompiledConfig::path(root.paths()).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0640);
    root.write("archives: {a: {archiver: rabbitmq, url: \"amqp://u@b.example.org\"}}\n");
    keep(root);
    REQUIRE(::stat(CompiledConfig::path(root.paths()).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0644);
}
