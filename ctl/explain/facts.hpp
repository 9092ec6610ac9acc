// What is known, on this machine, of one result on its way from a test to the archives.
#pragma once

#include "lib/checkpoint/gap.hpp"
#include "lib/last_result.hpp"
#include "lib/mesh/expected.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe::explain {

/// The result that somebody asks about: of one test between two addresses, in one measurement archive.
struct Wanted {
    std::vector<std::string> meshes; ///< that expect it; none: nobody does, but it is measured
    ExpectedTest test;               ///< `every` 0: not known
    std::string source;
    std::string destination; ///< empty: a test of the source alone
    std::string archive;     ///< the measurement archive's host, as the mesh names it
};

/// One archive that the task feeds.
struct ArchiveFacts {
    std::string name;
    std::string fault;            ///< why nothing goes there; empty: it does
    bool is_shadow = false;       ///< nothing is delivered to it, on purpose
    bool has_delivered = false;   ///< its archiver has delivered something since the last boot
    bool can_be_asked = false;    ///< a local one: `newest` means something
    Timestamp newest = 0;         ///< result in the range that is in it; 0: none
    std::string queued;           ///< the oldest segment of its spool that holds a result of the range
    std::int64_t queued_usec = 0; ///< since when
    std::string refused;          ///< the same of failed/
    std::string reason;           ///< why it is there
    std::string skipped;          ///< the ledger of gaps says that this archive misses the range, and why
    bool is_outdated = false;     ///< it keeps nothing as old as the range
    std::string trouble;          ///< what the archiver complains about
};

struct ChainFacts {
    Wanted wanted;
    Timestamp now = 0;
    Timestamp from = 0; ///< the range in which there should be a result
    Timestamp until = 0;
    bool is_about_now = true; ///< nobody named a time

    std::string stranger; ///< which end no mesh knows, and what was probably meant; empty: they know both

    std::string host;        ///< that is collected: an alias goes by another name
    std::string instance;    ///< Instance::name() that collects it; empty: none
    std::string uncollected; ///< why nobody asks for it; empty: somebody does
    std::int64_t interval = 0;
    std::optional<LastResult> last;
    bool is_last_unreadable = false;

    bool is_known = false; ///< a series of it was ever received
    Timestamp newest = 0;  ///< result in the range; 0: none
    bool is_forgotten =
        false;              ///< later ones were received; which of the range, the checkpoint no longer knows
    Timestamp latest = 0;   ///< result ever
    Timestamp failed = 0;   ///< newest failure in the range
    std::string failure;    ///< its text, where it is known
    std::optional<Gap> gap; ///< of the ledger, that covers the range
    bool reverse_reports = false; ///< the other way round there are results

    Timestamp collected_from = 0; ///< older results are never asked for by the regular runs; 0: not known
    bool is_backfilled = false;   ///< a back-fill has asked for the range

    std::string excluding_limit;      ///< that leaves out the series as a whole, and why; empty: none
    std::vector<std::string> judging; ///< limits that judge each result
    std::vector<ArchiveFacts> archives;
};

} // namespace meshprobe::explain
