// The checkpoints of the collectors before this one, ps-collector and RSV's perfSONAR probes:
//
//   DIRECTORY/METRIC/HOST/METADATA-KEY      {"EVENT-TYPE": next start, in UNIX seconds, ...}
//
// The next start is the greatest timestamp that was published plus one. What is damaged harms only itself: a
// line says so, and the rest is read.
#pragma once

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/error.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::legacy {

struct DeliveredHost {
    std::string host; ///< HostName::text()
    std::size_t keys = 0;
    std::map<std::string, Timestamp>
        series; ///< "METADATA-KEY EVENT-TYPE" and the last one published; never empty

    [[nodiscard]] std::vector<std::string> key_names() const;
    /// The last one of all; those ahead of `now` do not count, where there are others.
    [[nodiscard]] Timestamp newest(Timestamp now) const;
    [[nodiscard]] Handover handover(Timestamp now) const;
};

/// The old collectors asked an archive that had two names twice. Its keys go on under one of them.
struct OtherName {
    std::string host;
    std::string of;
};

struct Tree {
    std::filesystem::path directory;    ///< of the metric
    std::vector<DeliveredHost> hosts;   ///< sorted by name
    std::vector<OtherName> other_names; ///< hosts that have no key of their own
    std::vector<std::string> problems;  ///< "FILE: what is wrong"
    std::size_t leftovers = 0;          ///< temporary files of a collector that was killed
};

/// `directory` is that of the metrics, or of one of them. Of `metrics` exactly one must be there, else a
/// `usage` error says how to choose. `now`: what lies far behind it was never published.
[[nodiscard]] Result<Tree> read_tree(const std::filesystem::path& directory,
                                     std::span<const std::string_view> metrics, Timestamp now);

} // namespace meshprobe::legacy
