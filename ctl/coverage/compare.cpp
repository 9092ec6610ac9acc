#include "ctl/coverage/compare.hpp"

#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace meshprobe::coverage {

namespace {

using Index = ExpectedResults::Index;
using Pairs = ExpectedResults::Pairs;

/// One pair of one test, and what was received of it over all its archives.
struct Judged {
    const Pairs* pairs = nullptr;
    std::optional<Index> destination;
    int ip_version = 0; ///< expected; 0: either
    Timestamp newest = 0;
    Timestamp failed = 0;
    Timestamp archived = 0;
    std::int64_t tolerance = 0;
    std::set<int> reporting; ///< over these protocols
};

class Comparison {
  public:
    Comparison(const std::string& mesh, const ExpectedResults& expected, Library& library, Timestamp now,
               const std::function<bool(const std::string&)>& wanted)
        : mesh_(mesh), expected_(expected), library_(library), now_(now), wanted_(wanted) {
        for (const ExpectedAddress& address : expected.addresses)
            nodes_.push_back(nodes_by_name_.try_emplace(address.node, nodes_by_name_.size()).first->second);
        for (const ExpectedTest& test : expected.tests)
            types_.push_back(types_by_name_.try_emplace(test.type, types_by_name_.size()).first->second);
    }

    Coverage run() {
        std::vector<const Pairs*> lines;
        for (const Pairs& pairs : expected_.pairs)
            lines.push_back(&pairs);
        // By archive: each is read once, even where there are more than stay in memory.
        std::ranges::stable_sort(lines, {}, &Pairs::archives);
        for (const Pairs* pairs : lines) {
            if (is_wanted(*pairs)) judge_all(*pairs);
        }
        look_at_other_directions(lines);
        std::ranges::sort(reporting_);
        for (const Judged& judged : silent_)
            coverage_.holes.push_back(explain(judged));
        std::ranges::sort(coverage_.holes, {}, [](const Hole& hole) {
            return std::tie(hole.source, hole.destination, hole.test.type, hole.test.ip_version);
        });
        // Several tasks, or templates, may ask for the same: the most frequent one stands for them.
        const auto same = [](const Hole& left, const Hole& right) {
            return std::tie(left.source, left.destination, left.test.type, left.test.ip_version,
                            left.archives) == std::tie(right.source, right.destination, right.test.type,
                                                       right.test.ip_version, right.archives);
        };
        coverage_.holes.erase(std::unique(coverage_.holes.begin(), coverage_.holes.end(), same),
                              coverage_.holes.end());
        return std::move(coverage_);
    }

  private:
    using PairId = std::array<std::size_t, 4>; ///< node, node, test type, protocol

    [[nodiscard]] const std::vector<std::string>& archives(const Pairs& pairs) const {
        return expected_.archives[pairs.archives];
    }
    [[nodiscard]] bool is_wanted(const Pairs& pairs) const {
        return std::ranges::any_of(archives(pairs), wanted_);
    }

    template <typename Visit>
    void for_each_destination(const Pairs& pairs, const Visit& visit) const {
        if (pairs.destinations.empty()) return visit(std::optional<Index>());
        for (const auto& [first, last] : pairs.destinations) {
            for (Index index = first; index <= last; ++index)
                visit(std::optional(index));
        }
    }

    void judge_all(const Pairs& pairs) {
        if (!is_collected(pairs)) {
            for_each_destination(pairs, [&](std::optional<Index>) { ++coverage_.uncollected; });
            return;
        }
        for_each_destination(pairs, [&](std::optional<Index> destination) {
            Judged judged = judge(pairs, destination);
            ++coverage_.expected;
            if (is_reporting(judged)) {
                ++coverage_.reporting;
                note(judged);
            } else if (judged.newest == 0 && judged.failed == 0 && is_too_early(pairs, judged.tolerance)) {
                ++coverage_.undecided;
            } else {
                silent_.push_back(std::move(judged));
            }
        });
    }

    /// What nobody collects on purpose is no hole.
    [[nodiscard]] bool is_collected(const Pairs& pairs) {
        return std::ranges::any_of(archives(pairs), [&](const std::string& host) {
            return library_.about(host).collects(expected_.tests[pairs.test].type);
        });
    }

    Judged judge(const Pairs& pairs, std::optional<Index> destination) {
        const ExpectedTest& test = expected_.tests[pairs.test];
        const std::string& from = expected_.addresses[pairs.source].address;
        const std::string to = destination ? expected_.addresses[*destination].address : "";
        Judged judged;
        judged.pairs = &pairs;
        judged.destination = destination;
        judged.ip_version = test.ip_version;
        if (judged.ip_version == 0) judged.ip_version = ip_version_of(from);
        const std::string key = pair_key(from, to, test.type);
        for (const std::string& host : archives(pairs)) {
            const Knowledge& knowledge = library_.about(host);
            const auto patience = tolerance(test, knowledge.interval);
            judged.tolerance = std::max(judged.tolerance, patience);
            const auto [begin, end] = knowledge.by_pair.equal_range(key);
            for (auto entry = begin; entry != end; ++entry) {
                const Measured& measured = knowledge.measured[entry->second];
                if (measured.newest >= now_ - patience) judged.reporting.insert(measured.ip_version);
                if (judged.ip_version != 0 && measured.ip_version != judged.ip_version) continue;
                judged.newest = std::max(judged.newest, measured.newest);
                judged.failed = std::max(judged.failed, measured.failed);
                // Where there is no local archive, what was received counts as delivered.
                judged.archived =
                    std::max(judged.archived, knowledge.has_archive ? measured.archived : measured.newest);
            }
        }
        return judged;
    }

    [[nodiscard]] bool is_reporting(const Judged& judged) const {
        return judged.newest >= now_ - judged.tolerance && judged.archived >= now_ - judged.tolerance;
    }

    [[nodiscard]] bool is_too_early(const Pairs& pairs, std::int64_t patience) {
        return std::ranges::all_of(archives(pairs), [&](const std::string& host) {
            const Knowledge& knowledge = library_.about(host);
            return knowledge.since > now_ - patience && !knowledge.down;
        });
    }

    [[nodiscard]] PairId id(const Pairs& pairs, Index from, Index to, int ip_version) const {
        return {nodes_[from], nodes_[to], types_[pairs.test], static_cast<std::size_t>(ip_version)};
    }

    void note(const Judged& judged) {
        if (!judged.destination) return;
        for (const int ip_version : judged.reporting)
            reporting_.push_back(id(*judged.pairs, judged.pairs->source, *judged.destination, ip_version));
    }

    [[nodiscard]] bool reports(const PairId& pair) const {
        return std::binary_search(reporting_.begin(), reporting_.end(), pair);
    }

    /// Where somebody asked for some hosts only, the other directions of their holes were not judged.
    void look_at_other_directions(const std::vector<const Pairs*>& lines) {
        std::set<std::array<std::size_t, 3>> asked;
        for (const Judged& judged : silent_) {
            if (judged.destination) {
                asked.insert(
                    {nodes_[*judged.destination], nodes_[judged.pairs->source], types_[judged.pairs->test]});
            }
        }
        for (const Pairs* pairs : lines) {
            if (pairs->destinations.empty() || is_wanted(*pairs)) continue;
            const auto first = asked.lower_bound({nodes_[pairs->source], 0, 0});
            if (first == asked.end() || (*first)[0] != nodes_[pairs->source]) continue;
            for_each_destination(*pairs, [&](std::optional<Index> destination) {
                if (!asked.contains({nodes_[pairs->source], nodes_[*destination], types_[pairs->test]}))
                    return;
                const Judged judged = judge(*pairs, destination);
                if (is_reporting(judged)) note(judged);
            });
        }
    }

    Hole explain(const Judged& judged) {
        const Pairs& pairs = *judged.pairs;
        Hole hole{.mesh = mesh_,
                  .test = expected_.tests[pairs.test],
                  .source = expected_.addresses[pairs.source].address,
                  .destination = judged.destination ? expected_.addresses[*judged.destination].address : "",
                  .archives = archives(pairs),
                  .since = judged.newest,
                  .cause = judged.newest == 0 ? Cause::never_seen : Cause::silent,
                  .detail = {},
                  .series = {}};
        hole.test.ip_version = judged.ip_version;
        add_series(hole);
        if (explain_by_hosts(judged, hole) || explain_by_ledger(judged, hole)) return hole;
        if (judged.newest >= now_ - judged.tolerance) {
            hole.cause = Cause::undelivered;
            hole.since = judged.archived;
        } else if (judged.failed >= now_ - judged.tolerance) {
            hole.cause = Cause::failures;
            hole.detail = newest_failure(hole);
        } else if (judged.destination) {
            explain_by_others(judged, hole);
        }
        return hole;
    }

    bool explain_by_hosts(const Judged& judged, Hole& hole) {
        bool all_down = true;
        bool none_asked = true;
        for (const std::string& host : hole.archives) {
            const Knowledge& knowledge = library_.about(host);
            if (!knowledge.wanted) continue;
            all_down = all_down && knowledge.down;
            const bool asked =
                knowledge.contact > 0 ? knowledge.contact >= now_ - judged.tolerance : knowledge.started;
            none_asked = none_asked && !asked;
            if (knowledge.down && hole.detail.empty()) hole.detail = knowledge.message;
        }
        if (all_down) {
            hole.cause = Cause::host_down;
            return true;
        }
        hole.detail.clear();
        if (none_asked) hole.cause = Cause::not_collected;
        return none_asked;
    }

    /// From the newest result on nothing was even asked for, or it was thrown away.
    bool explain_by_ledger(const Judged& judged, Hole& hole) {
        const Timestamp from = std::min(judged.newest, judged.archived);
        for (const std::string& host : hole.archives) {
            for (const Gap& gap : library_.about(host).gaps) {
                const bool is_its =
                    gap.series.empty() || std::ranges::any_of(hole.series, [&](const auto& series) {
                        return series.second == gap.series;
                    });
                const bool is_found = gap.reason != "silent"; // what coverage itself wrote explains nothing
                if (!is_its || !is_found || gap.until < now_ - judged.tolerance) continue;
                if (gap.since > from + judged.tolerance) continue;
                hole.cause = Cause::gap;
                hole.since = from;
                hole.detail = gap.archive.empty() ? gap.reason
                                                  : fmt::format("{}, missing in {}", gap.reason, gap.archive);
                return true;
            }
        }
        return false;
    }

    void explain_by_others(const Judged& judged, Hole& hole) {
        const Pairs& pairs = *judged.pairs;
        const int other = judged.ip_version == 4 ? 6 : 4;
        if (judged.ip_version != 0 && (judged.reporting.contains(other) ||
                                       reports(id(pairs, pairs.source, *judged.destination, other)))) {
            hole.cause = other == 6 ? Cause::ipv6_only : Cause::ipv4_only;
            return;
        }
        for (const int ip_version : {4, 6}) {
            if (judged.ip_version != 0 && judged.ip_version != ip_version) continue;
            if (reports(id(pairs, *judged.destination, pairs.source, ip_version))) {
                hole.cause = Cause::one_direction;
                hole.detail = fmt::format("{} to {} reports", hole.destination, hole.source);
            }
        }
    }

    void add_series(Hole& hole) {
        for_each_measured(hole, [&](const Knowledge& knowledge, const Measured& measured) {
            for (const std::string& series : measured.series) {
                for (const Instance& instance : knowledge.instances)
                    hole.series.emplace_back(instance, series);
            }
        });
    }

    std::string newest_failure(const Hole& hole) {
        Timestamp newest = 0;
        std::string text;
        for_each_measured(hole, [&](const Knowledge& knowledge, const Measured& measured) {
            if (measured.failed <= newest) return;
            newest = measured.failed;
            text = library_.newest_failure(knowledge, measured.key);
        });
        return text;
    }

    template <typename Visit>
    void for_each_measured(const Hole& hole, const Visit& visit) {
        const std::string key = pair_key(hole.source, hole.destination, hole.test.type);
        for (const std::string& host : hole.archives) {
            const Knowledge& knowledge = library_.about(host);
            const auto [begin, end] = knowledge.by_pair.equal_range(key);
            for (auto entry = begin; entry != end; ++entry) {
                const Measured& measured = knowledge.measured[entry->second];
                if (hole.test.ip_version == 0 || hole.test.ip_version == measured.ip_version)
                    visit(knowledge, measured);
            }
        }
    }

    const std::string& mesh_;
    const ExpectedResults& expected_;
    Library& library_;
    Timestamp now_;
    const std::function<bool(const std::string&)>& wanted_;
    std::map<std::string, std::size_t> nodes_by_name_;
    std::map<std::string, std::size_t> types_by_name_;
    std::vector<std::size_t> nodes_; ///< by address
    std::vector<std::size_t> types_; ///< by test
    std::vector<Judged> silent_;
    std::vector<PairId> reporting_;
    Coverage coverage_;
};

} // namespace

std::string_view name_of(Cause cause) {
    constexpr std::array<std::string_view, 10> names{
        "host-down", "not-collected", "gap",           "undelivered", "failures",
        "ipv6-only", "ipv4-only",     "one-direction", "silent",      "never-seen"};
    return names[static_cast<std::size_t>(cause)];
}

std::string_view text_of(Cause cause) {
    constexpr std::array<std::string_view, 10> texts{
        "host down",      "not collected",  "known gap",          "not delivered", "only failures",
        "only over IPv6", "only over IPv4", "one direction only", "silent",        "never seen"};
    return texts[static_cast<std::size_t>(cause)];
}

void Coverage::add(Coverage other) {
    expected += other.expected;
    reporting += other.reporting;
    undecided += other.undecided;
    uncollected += other.uncollected;
    std::ranges::move(other.holes, std::back_inserter(holes));
}

std::int64_t tolerance(const ExpectedTest& test, std::int64_t collecting_interval) {
    constexpr std::int64_t least = 600;
    return 3 * test.every + test.slack + std::max(least, 2 * collecting_interval);
}

Coverage compare(const std::string& mesh, const ExpectedResults& expected, Library& library, Timestamp now,
                 const std::function<bool(const std::string& host)>& wanted) {
    return Comparison(mesh, expected, library, now, wanted).run();
}

} // namespace meshprobe::coverage
