// What is missing: the results that a mesh expects, held against what was received.
#pragma once

#include "ctl/coverage/knowledge.hpp"
#include "lib/mesh/expected.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::coverage {

/// The first that applies.
enum class Cause {
    host_down,     ///< its measurement archive cannot be reached, or is not trusted
    not_collected, ///< nothing asked it for long: it was never tried, or its timer is stopped
    gap,           ///< the ledger of gaps says that the range was skipped
    undelivered,   ///< received, but not yet (or for good not) in the local archive
    failures,      ///< it runs, and each run fails
    ipv6_only,     ///< the same pair reports over the other protocol
    ipv4_only,
    one_direction, ///< the other way round it reports
    silent,        ///< nothing explains it, it just stopped
    never_seen,    ///< there never was a result
};
[[nodiscard]] std::string_view name_of(Cause cause); ///< "host-down" …
[[nodiscard]] std::string_view text_of(Cause cause); ///< for people

struct Hole {
    std::string mesh;
    ExpectedTest test;
    std::string source;
    std::string destination;           ///< empty: a test of the source alone
    std::vector<std::string> archives; ///< measurement archives that should have it
    Timestamp since = 0;               ///< newest result; 0: there never was one
    Cause cause = Cause::silent;
    std::string detail; ///< a failure's text, why the host is down, the reason of a gap
    std::vector<std::pair<Instance, std::string>> series; ///< that should have brought it
};

struct Coverage {
    std::uint64_t expected = 0;
    std::uint64_t reporting = 0;
    std::uint64_t undecided = 0; ///< collecting began too short a while ago to expect a result
    std::uint64_t uncollected =
        0;                   ///< tests whose results no task collects, or of hosts switched off: no holes
    std::vector<Hole> holes; ///< sorted by source, destination, test

    void add(Coverage other);
};

/// A pair is silent when nothing came for three intervals, the slack of its schedule and the time results
/// take to get here: twice the interval of collecting, at least ten minutes.
[[nodiscard]] std::int64_t tolerance(const ExpectedTest& test, std::int64_t collecting_interval);

/// `wanted`: which measurement archives somebody asked for; all pairs that one of them should hold are
/// judged.
[[nodiscard]] Coverage compare(const std::string& mesh, const ExpectedResults& expected, Library& library,
                               Timestamp now, const std::function<bool(const std::string& host)>& wanted);

} // namespace meshprobe::coverage
