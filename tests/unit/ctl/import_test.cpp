// What is read of old collectors: their checkpoints, their configuration. Files: tests/fixtures/legacy.
#include "ctl/import/settings.hpp"
#include "ctl/import/take_over.hpp"
#include "ctl/import/tree.hpp"
#include "lib/config/load.hpp"
#include "tests/unit/lib/config_root.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

using namespace meshprobe;
using namespace meshprobe::legacy;
using meshprobe::test::ConfigRoot;
using meshprobe::test::TemporaryDirectory;
using namespace std::chrono_literals;

namespace {

const std::filesystem::path fixtures = std::filesystem::path(MESHPROBE_SOURCE_DIR) / "tests/fixtures/legacy";
constexpr std::string_view rabbitmq = "org.osg.general.perfsonar-rabbitmq-simple";
constexpr std::string_view activemq = "org.osg.general.perfsonar-activemq-simple";
constexpr std::array metrics{rabbitmq, activemq};
constexpr Timestamp now = 1'795'262'520; // two minutes after noon
const std::string known_key = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

Tree fixture_tree() {
    auto tree = read_tree(fixtures / "tree", metrics, now);
    REQUIRE(tree);
    return std::move(*tree);
}

std::size_t count_with(const std::vector<std::string>& lines, std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        lines, [&](const std::string& line) { return line.find(text) != std::string::npos; }));
}

void put(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

Tree tree_of(const TemporaryDirectory& directory) {
    auto tree = read_tree(directory.path(), metrics, now);
    REQUIRE(tree);
    return std::move(*tree);
}

} // namespace

TEST_CASE("a tree of checkpoints tells what was published last of each series") {
    const auto tree = fixture_tree();
    REQUIRE(tree.hosts.size() == 2);
    CHECK(tree.hosts[0].host == "ps1.example.org");
    CHECK(tree.hosts[1].host == "ps2.example.org:8443");
    CHECK(tree.hosts[1].series ==
          std::map<std::string, Timestamp>{{"dddddddddddddddddddddddddddddddd throughput", 1'795'262'000}});
    CHECK(tree.hosts[0].series.at(known_key + " packet-trace") == 1'795'262'100);
}

TEST_CASE("a host with and without its default port is one, and the later checkpoint counts") {
    CHECK(fixture_tree().hosts[0].series.at(known_key + " throughput") == 1'795'262'500);
}

TEST_CASE("damage in a tree harms only itself, and is told line by line") {
    const auto tree = fixture_tree();
    CHECK(tree.hosts[0].series.at("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb packet-loss-rate") == 1'795'262'340);
    CHECK(tree.hosts[0].series.size() == 3);
    CHECK(count_with(tree.problems, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: ") == 1);
    CHECK(count_with(tree.problems, "\"failures\": expected UNIX seconds, got a JSON string") == 1);
    CHECK(count_with(tree.problems, "\"packet-count-sent\": 5138-11-16T09:46:38Z lies in the future") == 1);
    CHECK(count_with(tree.problems, "\"two words\": is no event type") == 1);
    CHECK(count_with(tree.problems, "\"histogram-ttl\": 1 is no time") == 1);
    CHECK(count_with(tree.problems, "cccccccccccccccccccccccccccccccc: expected a JSON object") == 1);
    CHECK(count_with(tree.problems, "README: expected a directory") == 1);
    CHECK(tree.problems.size() == 7);
    CHECK(tree.leftovers == 1);
}

TEST_CASE("what is no regular file is not read, and no name leads out of the tree") {
    const TemporaryDirectory directory;
    const auto host = directory.path() / rabbitmq / "ps1.example.org";
    put(host / known_key, R"({"throughput": 1795262401})");
    std::filesystem::create_symlink("/etc/passwd", host / std::string(32, '0'));
    REQUIRE(::mkfifo((host / std::string(32, '1')).c_str(), 0600) == 0);
    put(host / std::string(200, 'a'), R"({"throughput": 1795262401})");
    put(host / "a key", R"({"throughput": 1795262401})");
    put(host / std::string(32, '2'), std::string(300'000, ' '));
    std::filesystem::create_directory_symlink("/etc", directory.path() / rabbitmq / "ps2.example.org");
    std::filesystem::create_directory(directory.path() / rabbitmq / "-rf");
    const auto tree = tree_of(directory);
    REQUIRE(tree.hosts.size() == 1);
    CHECK(tree.hosts[0].series.size() == 1);
    CHECK(tree.problems.size() == 7);
}

TEST_CASE("the directory may be that of the metric, and of several metrics one must be chosen") {
    const TemporaryDirectory directory;
    put(directory.path() / rabbitmq / "ps1.example.org" / known_key, R"({"throughput": 1795262401})");
    const auto of_metric = read_tree(directory.path() / rabbitmq / "", metrics, now);
    REQUIRE(of_metric);
    CHECK(of_metric->hosts.size() == 1);
    put(directory.path() / activemq / "ps1.example.org" / known_key, R"({"throughput": 1795262401})");
    const auto both = read_tree(directory.path(), metrics, now);
    REQUIRE_FALSE(both);
    CHECK(both.error().message.find("name the directory of the one") != std::string::npos);
    CHECK_FALSE(read_tree(directory.path() / "nothing", metrics, now));
}

TEST_CASE("keys that an archive listed under two names go on under the one that published them last") {
    const TemporaryDirectory directory;
    const std::string other_key(32, 'e');
    const auto metric = directory.path() / rabbitmq;
    put(metric / "ps1.example.org" / known_key, R"({"throughput": 1795262401, "failures": 1795262301})");
    put(metric / "ps2.example.org" / known_key, R"({"throughput": 1795262341, "packet-trace": 1795262399})");
    put(metric / "ps3.example.org" / known_key, R"({"throughput": 1795262341})");
    put(metric / "ps3.example.org" / other_key, R"({"throughput": 1795262341})");
    const auto tree = tree_of(directory);
    REQUIRE(tree.hosts.size() == 2);
    CHECK(tree.hosts[0].series ==
          std::map<std::string, Timestamp>{{known_key + " failures", 1'795'262'300},
                                           {known_key + " packet-trace", 1'795'262'398},
                                           {known_key + " throughput", 1'795'262'400}});
    CHECK(tree.hosts[1].host == "ps3.example.org");
    CHECK(tree.hosts[1].key_names() == std::vector<std::string>{other_key});
    CHECK(tree.hosts[1].keys == 1);
    REQUIRE(tree.other_names.size() == 1);
    CHECK(tree.other_names[0].host == "ps2.example.org");
    CHECK(tree.other_names[0].of == "ps1.example.org");
}

TEST_CASE("collecting goes on where the old collector asked last") {
    const auto handover = fixture_tree().hosts[0].handover(now);
    CHECK(handover.progress.polled_until == 1'795'262'500);
    CHECK(handover.progress.since == 1'795'262'500 - 3600);
    CHECK(handover.progress.archive_url.empty());
    REQUIRE(handover.series.size() == 3);
    CHECK(handover.series[0].series == known_key + " packet-trace");
    CHECK(handover.series[0].until == 1'795'262'100);
}

TEST_CASE("a result from the future does not hide what came before it was asked for") {
    const TemporaryDirectory directory;
    put(directory.path() / rabbitmq / "ps1.example.org" / known_key,
        R"({"throughput": 1795262401, "failures": 1795269721})");
    const auto handover = tree_of(directory).hosts[0].handover(now);
    CHECK(handover.progress.polled_until == 1'795'262'400);
    CHECK(handover.series.size() == 2);
}

TEST_CASE("a state that was handed over may be again, until something was collected") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    const auto hosts = fixture_tree().hosts;
    using Outcome = TakenOver::Outcome;
    const auto outcome = [&](bool force = false) {
        return take_over(paths, hosts, {.task = "default", .force = force, .dry_run = false, .now = now})[0]
            .outcome;
    };
    CHECK(outcome() == Outcome::taken);
    CHECK(outcome() == Outcome::same);

    const Instance instance{"default", hosts[0].host};
    {
        auto checkpoint = Checkpoint::open(paths, instance, 3600);
        REQUIRE(checkpoint);
        REQUIRE(checkpoint->commit({.segments = {},
                                    .series = {{.series = known_key + " throughput", .sent = {now}}},
                                    .gaps = {},
                                    .progress = {}}));
    }
    CHECK(outcome() == Outcome::refused);
    CHECK(outcome(true) == Outcome::replaced);
    const auto state = read_checkpoint(paths, instance);
    REQUIRE((state && *state));
    CHECK((*state)->series.marks(known_key + " throughput")->newest == 1'795'262'500);
    CHECK(outcome() == Outcome::same);
}

TEST_CASE("a damaged state of ours is told, and the other hosts are taken over") {
    const TemporaryDirectory directory;
    const Paths paths(directory.path());
    put(paths.checkpoints() / "meshprobe@ps1.example.org.snapshot", "nonsense");
    const auto taken = take_over(paths, fixture_tree().hosts, {.task = "default", .now = now});
    REQUIRE(taken.size() == 2);
    CHECK(taken[0].outcome == TakenOver::Outcome::failed);
    CHECK(taken[0].reason.find("not a checkpoint snapshot") != std::string::npos);
    CHECK(taken[1].outcome == TakenOver::Outcome::taken);
}

TEST_CASE("files of ConfigParser are read as Python reads them") {
    Ini ini;
    std::vector<std::string> problems;
    ini.read("\xef\xbb\xbf[DEFAULT]\nbase = /srv\n[a b]\r\nKey = one\n  two\n; comment\nother: "
             "%(base)s/x%%\nempty =\n"
             "loop = %(loop)s\nopen = 5%\nnothing\n= 7\n[broken\nlost = 1\n[a b]\nkey = three\n",
             "f.ini", problems);
    CHECK(ini.get("a b", "key") == "three");
    CHECK(ini.get("a b", "other") == "/srv/x%");
    CHECK(ini.get("a b", "base") == "/srv");
    CHECK(ini.get("a b", "open") == "5%");
    CHECK_FALSE(ini.get("a b", "empty"));
    CHECK_FALSE(ini.get("a b", "lost"));
    CHECK(ini.get("a b", "loop"));
    CHECK(problems ==
          std::vector<std::string>{"f.ini:11: expected KEY = VALUE", "f.ini:12: expected KEY = VALUE",
                                   "f.ini:13: expected [SECTION]; what follows is passed over up to the "
                                   "next section",
                                   "f.ini:14: stands in no section"});

    Ini wrapped;
    wrapped.read("[s]\nlist = a,\n    b\n", "f.ini", problems);
    CHECK(wrapped.get("s", "list") == "a,\nb");

    constexpr std::string_view commented = "[s]\npassword = secret ; changed\nplain = a;b\n";
    Ini second(Ini::Comments::inline_too);
    second.read(commented, "f.ini", problems);
    CHECK(second.get("s", "password") == "secret");
    CHECK(second.get("s", "plain") == "a;b");
    Ini third;
    third.read(commented, "f.ini", problems);
    CHECK(third.get("s", "password") == "secret ; changed");
}

TEST_CASE("the configuration of ps-collector, with its drop-ins, in our terms") {
    const auto settings = read_ps_collector(fixtures / "ps-collector/config.ini");
    REQUIRE(settings);
    CHECK(settings->problems.empty());
    CHECK(settings->meshes == std::vector<std::string>{"https://psconfig.example.org/pub/config",
                                                       "https://psconfig.example.org/pub/config/campus"});
    CHECK(settings->mesh_refresh == Microseconds(15min));
    CHECK(settings->interval == Microseconds(10min));
    CHECK(settings->timeout == Microseconds(10min));
    CHECK(settings->event_types ==
          std::vector<std::string>{"packet-loss-rate", "packet-trace", "throughput"});
    CHECK(settings->host_intervals == std::map<std::string, Microseconds>{{"ps8.example.org", 1min}});
    CHECK(settings->tree == "/var/lib/ps-collector");
    REQUIRE(settings->broker);
    CHECK(settings->broker->url() == "amqp://collector@rmq.example.org/osg-nma");
    CHECK(settings->broker->password == "T&E^ g%d$");
    CHECK(settings->broker->exchange == "osg.ps.raw");
    CHECK(count_with(settings->notes, "[Push]") == 1);
    CHECK(count_with(settings->notes, "summary") == 1);
}

TEST_CASE("the files of RSV in our terms") {
    const auto settings = read_rsv(fixtures / "rsv/metrics", rabbitmq);
    REQUIRE(settings);
    CHECK(settings->meshes ==
          std::vector<std::string>{"http://meshconfig.example.org/pub/config/ps-testbed"});
    CHECK(count_with(settings->problems, "mesh1") == 1);
    CHECK(settings->interval == Microseconds(15min));
    CHECK(settings->mesh_refresh == Microseconds(30min));
    CHECK(settings->timeout == Microseconds(1400s));
    CHECK(settings->first_run == Microseconds(26052s));
    CHECK(settings->event_types.size() == 3);
    CHECK(settings->broker->url() == "amqp://rsv@rmq.example.org/%2F");

    const auto other = read_rsv(fixtures / "rsv/metrics", activemq);
    REQUIRE(other);
    CHECK_FALSE(other->interval);
    CHECK(count_with(other->notes, "7 */2 * * *") == 1);
    CHECK(count_with(other->notes, "directoryqueue") == 1);
}

TEST_CASE("what is written of an old configuration is a configuration without errors") {
    const auto settings = read_ps_collector(fixtures / "ps-collector/config.ini");
    REQUIRE(settings);
    const auto text = drop_in_of(*settings, "ps-collector", "config.ini");
    CHECK(text.find(settings->broker->password) == std::string::npos);
    const ConfigRoot root;
    root.drop_in("50-ps-collector.yaml", text);
    const auto loaded = root.read();
    CHECK(test::errors(loaded.problems).empty());
    const auto& config = loaded.config;
    CHECK(config.meshes.size() == 2);
    CHECK(config.meshes.at("psconfig-example-org").refresh == Microseconds(15min));
    CHECK(config.meshes.at("psconfig-example-org-2").url == "https://psconfig.example.org/pub/config/campus");
    const auto task = config.task("default", "ps8.example.org");
    CHECK(task.interval == Microseconds(1min));
    CHECK(task.event_types.size() == 3);
    CHECK(config.task("default", "ps1.example.org").interval == Microseconds(10min));
    CHECK(config.archives.at("ps-collector-broker").exchange == "osg.ps.raw");
    CHECK(config.archives.at("ps-collector-broker").credential == "ps-collector-broker");
}

TEST_CASE("what stands in an old configuration cannot break ours") {
    legacy::Settings settings;
    settings.meshes = {"https://psconfig.example.org/a\"b}: {x", "https://psconfig.example.org/c#d"};
    settings.notes = {"a note\narchives: {evil: {}}"};
    settings.broker = Broker{"rmq.example.org", "a/b: #c", "user\nname", "secret", "an \"exchange\""};
    const ConfigRoot root;
    root.drop_in("50-rsv.yaml", drop_in_of(settings, "rsv", "/etc/rsv\nmeshes: {}"));
    const auto loaded = root.read();
    CHECK(loaded.config.meshes.size() == 2);
    CHECK_FALSE(loaded.config.archives.contains("evil"));
    CHECK(loaded.config.archives.at("rsv-broker").exchange == "an \"exchange\"");
}
