#include "ctl/commands.hpp"
#include "ctl/host_argument.hpp"
#include "ctl/once.hpp"
#include "ctl/output.hpp"
#include "lib/file.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <string>

using namespace meshprobe;

TEST_CASE("a table is as wide as its cells, and its last column as narrow as the terminal") {
    Table table({"HOST", "STATE"});
    CHECK(table.empty());
    table.add({"zürich.example.org", "everything is fine"});
    table.add({"b", "control\x1b[31m"});
    CHECK(table.text(true, 0) == "HOST                STATE\n"
                                 "zürich.example.org  everything is fine\n"
                                 "b                   control?[31m\n");
    CHECK(table.text(false, 30) == "zürich.example.org  everythin…\nb                   control?[…\n");

    Table forged({"TASK", "TEST"});
    forged.add({"pings\nother", "rtt\nforged \u2028row"});
    CHECK(forged.text(false, 0) == "pings other  rtt forged ?row\n");
}

TEST_CASE("what strangers wrote cannot steer a terminal") {
    CHECK(printable("a\x1b[31m\x7f\tb\nc") == "a?[31m??b\nc");
    CHECK(printable("\xc2\x9b"
                    "1m Zürich\xc2") == "?1m Zürich\xc2");
    CHECK(one_line("a\n<3>b") == "a <3>b");
    for (const std::string hidden : {"\u00ad", "\u061c", "\u200b", "\u200d", "\u200e", "\u2028", "\u202e",
                                     "\u2066", "\ufeff", "\ufff9", "\U000e0041"}) {
        INFO(hidden);
        CHECK(printable("a" + hidden + "b") == "a?b");
    }
    for (const std::string shown :
         {"Zürich", "\u2010", "\u2030", "日本", "\U0001f600", "\xe2\x80", "\xe2\x80z", "\xff"}) {
        INFO(shown);
        CHECK(printable(shown) == shown);
    }
}

TEST_CASE("times are told in two units at most") {
    constexpr std::int64_t second = 1'000'000;
    constexpr std::int64_t now = 1'000'000 * second;
    CHECK(relative_time(0, now) == "-");
    CHECK(relative_time(now, now) == "0s ago");
    CHECK(relative_time(now - 200 * second, now) == "3min 20s ago");
    CHECK(relative_time(now - 90'061 * second, now) == "1d 1h ago");
    CHECK(relative_time(now + 300 * second, now) == "in 5min");
}

TEST_CASE("a host that nobody knows is named, with the one that was meant") {
    const std::set<std::string> known{"a.example.net", "ps7.example.org:8441"};
    CHECK(
        no_such_host("ps7.example.org", known) ==
        "no host matches ps7.example.org (did you mean \"ps7.example.org:8441\"?); see 'meshprobectl hosts'");
    CHECK(no_such_host("b.example.net", known).find("\"a.example.net\"") != std::string::npos);
    CHECK(no_such_host("*.org", known) == "no host matches *.org; see 'meshprobectl hosts'");
    const std::vector<std::string> good{"A.example.net.", "ps7*"};
    CHECK(check_host_arguments(good, known));
    const std::vector<std::string> bad{"a.example.net", "ps7.example.org"};
    CHECK_FALSE(check_host_arguments(bad, known));
}

TEST_CASE("the commands are sorted, and each says what it does") {
    CHECK(std::ranges::is_sorted(commands, {}, &Command::name));
    for (const Command& command : commands) {
        INFO(command.name);
        CHECK(command.usage.starts_with(command.name));
        CHECK_FALSE(command.purpose.empty());
        CHECK_FALSE(command.purpose.ends_with('.'));
        CHECK(command.function != nullptr);
    }
}

TEST_CASE("the manual page knows every command") {
    const auto page = read_file(std::string(MESHPROBE_SOURCE_DIR) + "/man/meshprobectl.1", 1U << 20);
    REQUIRE(page);
    for (const Command& command : commands) {
        INFO(command.name);
        CHECK(page->find(fmt::format("Cm {}", command.name)) != std::string::npos);
    }
}

TEST_CASE("the verdict on a round: local faults, then what is left over, then news") {
    const auto round = [](int refresh, std::initializer_list<int> probes,
                          std::initializer_list<int> archives) {
        Round made;
        made.refresh = refresh;
        for (const int status : probes)
            made.probes.push_back({"meshprobe@a", status, "", "", 0});
        for (const int status : archives)
            made.deliveries.push_back({"local", status, 0, ""});
        return to_int(verdict(made));
    };
    CHECK(round(0, {0, 0}, {0}) == 0);
    CHECK(round(151, {0}, {0}) == 151);
    CHECK(round(152, {0}, {0}) == 151);
    CHECK(round(0, {0, 152, 154}, {0}) == 151);
    CHECK(round(0, {153}, {0}) == 151);
    CHECK(round(0, {152}, {155}) == 155);
    CHECK(round(0, {0}, {152, 0}) == 155);
    CHECK(round(0, {74, 152}, {155}) == 74);
    CHECK(round(77, {}, {}) == 77);
    CHECK(round(0, {139}, {155}) == 1);

    Round left_out; // the generator left out an entry that is faulty
    left_out.generator = 1;
    CHECK(verdict(left_out) == ExitCode::failure);
}
