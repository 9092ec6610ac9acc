#include "lib/backfill/range.hpp"

#include <utility>

namespace meshprobe {

bool concerns(const BackfillRange& range, std::string_view series) {
    if (range.series.empty() || range.series == series) return true;
    const auto blank = series.find(' ');
    return range.series.front() == ' ' && blank != std::string_view::npos &&
           series.substr(blank) == range.series;
}

std::vector<BackfillRange> without(const BackfillRange& range, const std::vector<BackfillRange>& others) {
    std::vector<BackfillRange> parts{range};
    for (const auto& other : others) {
        std::vector<BackfillRange> rest;
        for (const auto& part : parts) {
            if (other.until <= part.since || part.until <= other.since) {
                rest.push_back(part);
                continue;
            }
            BackfillRange before = part;
            before.until = other.since;
            BackfillRange after = part;
            after.since = other.until;
            for (const auto& left : {before, after}) {
                if (left.since < left.until) rest.push_back(left);
            }
        }
        parts = std::move(rest);
    }
    return parts;
}

} // namespace meshprobe
