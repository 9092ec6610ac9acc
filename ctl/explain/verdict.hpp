// From facts to steps, one for each station of a result's way, and from steps to one verdict. Pure.
#pragma once

#include "ctl/explain/facts.hpp"
#include "lib/paths.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::explain {

enum class Station { expected, collected, host_up, test_ran, fetched, limits, spool, confirmed };
[[nodiscard]] std::string_view name_of(Station station); ///< "expected", "host-up" …
[[nodiscard]] std::string_view text_of(Station station); ///< for people

enum class Mark { yes, no, unknown };
[[nodiscard]] std::string_view name_of(Mark mark);

enum class Cause {
    none,          ///< nothing is wrong here
    not_expected,  ///< no mesh asks for such a test, and nothing of it is known
    not_collected, ///< no instance asks for it: off, masked, an alias of nothing …
    host_down,     ///< its measurement archive cannot be reached or is not trusted
    run_failed,    ///< the probe ends with a fault of this machine
    not_asked,     ///< the instance has not run since
    failures,      ///< the test ran and failed
    silent,        ///< it came until then
    never_seen,    ///< there never was one
    too_early,     ///< it is older than the collecting of its host
    gap,           ///< skipped on purpose, as the ledger says
    limit,         ///< a limit leaves it out
    archive_off,   ///< the archive is switched off
    waiting,       ///< in the spool
    refused,       ///< by the archive, for good
    undelivered,   ///< it is neither in the spool nor in the archive
};
[[nodiscard]] std::string_view name_of(Cause cause);

struct Step {
    Station station = Station::expected;
    Mark mark = Mark::unknown;
    std::string text;          ///< one sentence without full stop
    Cause cause = Cause::none; ///< of a `no`
    std::string archive = {};  ///< spool, confirmed: which one
};
[[nodiscard]] std::vector<Step> steps_of(const ChainFacts& facts);

struct Verdict {
    enum class Kind { arrived, missing, unclear };
    Kind kind = Kind::unclear;
    Cause cause = Cause::none; ///< of the first step that went wrong
    std::string text;
    std::string advice; ///< what to do next; empty: nothing
};
[[nodiscard]] std::string_view name_of(Verdict::Kind kind);

[[nodiscard]] Verdict verdict_of(const std::vector<Step>& steps, const ChainFacts& facts, Scope scope);

/// Of several: the first that went wrong stands for all, else one that is not clear, else any.
[[nodiscard]] const Verdict& worst(const std::vector<Verdict>& verdicts); ///< not none

} // namespace meshprobe::explain
