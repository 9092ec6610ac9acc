// The limits of one task: each result is shown to all of them, in the order of their names. The first that is
// exceeded and does not merely flag decides; flags add up. Every verdict but "pass" is counted under the
// limit's name, so that the report explains each result that is missing.
#pragma once

#include "probe/limit/limit.hpp"

#include <functional>
#include <optional>
#include <span>

namespace meshprobe {

/// Which limits of a set flagged a result: bit i stands for the i-th.
using LimitFlags = std::uint64_t;

struct LimitDecision {
    enum class Verdict { pass, drop, fail };
    Verdict verdict = Verdict::pass;
    std::size_t limit = 0; ///< that dropped or failed it
    LimitFlags flags = 0;  ///< of what passes
    /// Why `limit` could not judge it: it fails then, whatever the action. null: it was judged.
    std::shared_ptr<const Error> fault = nullptr;
};

struct LimitCount {
    std::string limit; ///< its name in the configuration
    std::string reason;
    std::uint64_t dropped = 0; ///< results
    std::uint64_t flagged = 0;
    std::uint64_t left_out = 0; ///< series that were dropped as a whole, unread
    std::uint64_t failed = 0;   ///< series whose reading it ended
};

class LimitSet {
  public:
    using Make = std::function<Result<std::unique_ptr<LimitRule>>(const Limit&)>;
    static constexpr std::size_t most = 64; ///< of one task

    LimitSet() = default; ///< passes everything

    /// `names` from TaskSettings::limits; one that the configuration lacks is a `configuration` error.
    [[nodiscard]] static Result<LimitSet> create(const Config& config, const std::vector<std::string>& names,
                                                 const Make& make = make_limit);

    void use(const Deliveries& deliveries);
    void note(const MetadataEntry& entry);

    [[nodiscard]] const std::vector<LimitCount>& counts() const { return counts_; } ///< one for each limit
    [[nodiscard]] std::uint64_t dropped() const;
    [[nodiscard]] std::uint64_t flagged() const;

    /// `["a","b"]`: the names of those that flagged, for a message; empty if none did.
    [[nodiscard]] std::string names_of(LimitFlags flags) const;
    /// Why the reading of a series ended, with the result that is to blame; 0: the series as a whole.
    [[nodiscard]] Error failure(const LimitDecision& decision, Timestamp ts) const;

  private:
    friend class SeriesLimits;

    struct Entry {
        std::unique_ptr<LimitRule> rule;
        LimitAction action;
    };
    std::vector<Entry> entries_;
    std::vector<LimitCount> counts_; ///< beside entries_
};

/// The limits as one series meets them.
class SeriesLimits {
  public:
    /// `set` and `series` outlive it. Judges the series as a whole, and counts that.
    SeriesLimits(LimitSet& set, const JudgedSeries& series);

    [[nodiscard]] const LimitDecision& whole() const { return whole_; }

    /// As it is read, and count.
    [[nodiscard]] LimitDecision judge(const Judged& result) { return judge(readers_, result); }
    /// As it goes into a message, and count; `judges_deliveries()` says whether anybody looks then.
    [[nodiscard]] bool judges_deliveries() const { return !deliverers_.empty(); }
    [[nodiscard]] LimitDecision judge_delivery(const Judged& result) { return judge(deliverers_, result); }
    /// Somebody objects to a body of so many bytes; one that cannot be cut is judged, and counted.
    [[nodiscard]] bool is_too_large(std::size_t message_bytes) const;
    [[nodiscard]] LimitDecision judge_message(std::size_t message_bytes, std::uint64_t results);

    /// What is delivered with flags.
    void count_flagged(LimitFlags flags, std::uint64_t results);

  private:
    struct Judge {
        std::size_t limit;
        LimitAction action;
        std::shared_ptr<ResultJudge> judge;
    };
    [[nodiscard]] LimitDecision judge(std::span<const Judge> judges, const Judged& result);
    /// False: it only flags, and the next one is asked.
    [[nodiscard]] bool decide(LimitDecision& decision, std::size_t limit, LimitAction action);
    void give_up(LimitDecision& decision, std::size_t limit, const Error& fault);
    /// What was decided about so many results.
    void count(const LimitDecision& decision, std::uint64_t results);

    LimitSet& set_;
    LimitDecision whole_;
    std::vector<Judge> readers_;
    std::vector<Judge> deliverers_;
    LimitFlags failed_ = 0; ///< which limits have: a series is counted once, however many messages it has
};

} // namespace meshprobe
