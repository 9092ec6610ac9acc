// Which results should come, how often, and from where: what refresh makes of a mesh's groups and schedules,
// in mesh/expected/MESH. A mesh of 100 templates with 100 hosts each has a million pairs, so they are
// factored: lines of text, numbers refer to earlier lines, counted from 0.
//
//   meshprobe-expected 1
//   a ADDRESS NODE             an address as tests name it; NODE: the machine it belongs to. Strangers choose
//                              NODE and TYPE: what would end a word stands as %NN
//   m HOST[,HOST…]             measurement archives that get the same results
//   t TYPE EVERY SLACK IP TASK a test: EVERY seconds, started up to SLACK seconds late; IP: 4, 6, or 0
//   (either) p M SOURCE RANGES          of the last t: pairs from address SOURCE to the addresses in RANGES
//   ("0-4,7"; "-":
//                              tests of SOURCE alone), whose results are in M
//
// Tests that run once, or that are disabled, are not expected and do not stand here.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meshprobe {

struct ExpectedTest {
    std::string task;
    std::string type; ///< "throughput", "latencybg" …
    std::int64_t every = 0;
    std::int64_t slack = 0;
    int ip_version = 0;

    bool operator==(const ExpectedTest&) const = default;
};

struct ExpectedAddress {
    std::string address;
    std::string node;

    auto operator<=>(const ExpectedAddress&) const = default;
};

struct ExpectedResults {
    using Index = std::uint32_t;
    using Range = std::pair<Index, Index>; ///< both included
    struct Pairs {
        Index test = 0;
        Index archives = 0;
        Index source = 0;
        std::vector<Range> destinations; ///< ascending; none: a test of the source alone

        bool operator==(const Pairs&) const = default;
    };

    std::vector<ExpectedAddress> addresses;
    std::vector<std::vector<std::string>> archives; ///< names of hosts, as HostName::text()
    std::vector<ExpectedTest> tests;
    std::vector<Pairs> pairs; ///< by test, then archives, then source
};

/// Gathers what a mesh expects, and forgets pairs as soon as they are written.
class ExpectedWriter {
  public:
    using Index = ExpectedResults::Index;

    /// Numbers what is new; nullopt: what is no address (blanks, control characters).
    [[nodiscard]] std::optional<Index> address(const ExpectedAddress& address);
    [[nodiscard]] Index archives(const std::vector<std::string>& hosts); ///< not none
    void begin(const ExpectedTest& test);
    void add(Index archives, Index source, std::optional<Index> destination);
    [[nodiscard]] std::string finish();

  private:
    void end_test();

    std::map<ExpectedAddress, Index> addresses_;
    std::map<std::vector<std::string>, Index> archives_;
    std::optional<ExpectedTest> test_;
    using Pairs = std::map<std::pair<Index, Index>, std::vector<ExpectedResults::Range>>;
    Pairs pairs_;                       ///< of it
    Pairs::value_type* last_ = nullptr; ///< mostly the next one's too
    std::string text_;
};

[[nodiscard]] std::filesystem::path expected_file(const Paths& paths, std::string_view mesh);
/// nullopt: the mesh was not refreshed yet.
[[nodiscard]] Result<std::optional<ExpectedResults>> read_expected(const Paths& paths, std::string_view mesh);
[[nodiscard]] Result<ExpectedResults> parse_expected(std::string_view text);

} // namespace meshprobe
