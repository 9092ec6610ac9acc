#include "probe/limit/limit_set.hpp"

#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

using Verdict = LimitDecision::Verdict;

Result<LimitSet> LimitSet::create(const Config& config, const std::vector<std::string>& names,
                                  const Make& make) {
    LimitSet set;
    if (names.size() > most) {
        return fail(ErrorKind::configuration,
                    fmt::format("the task names {} limits; there may be {}", names.size(), most));
    }
    for (const auto& name : names) {
        const auto found = config.limits.find(name);
        if (found == config.limits.end()) {
            return fail(ErrorKind::configuration,
                        fmt::format("the task names the limit \"{}\", but limits.{} is missing", name, name));
        }
        auto rule = make(found->second);
        if (!rule) return fail(rule.error());
        LimitCount count;
        count.limit = name;
        count.reason = (*rule)->reason();
        set.counts_.push_back(std::move(count));
        set.entries_.push_back({std::move(*rule), found->second.action});
    }
    return set;
}

void LimitSet::use(const Deliveries& deliveries) {
    for (const auto& entry : entries_)
        entry.rule->use(deliveries);
}

void LimitSet::note(const MetadataEntry& entry) {
    for (const auto& limit : entries_)
        limit.rule->note(entry);
}

std::uint64_t LimitSet::dropped() const {
    std::uint64_t sum = 0;
    for (const auto& count : counts_)
        sum += count.dropped;
    return sum;
}

std::uint64_t LimitSet::flagged() const {
    std::uint64_t sum = 0;
    for (const auto& count : counts_)
        sum += count.flagged;
    return sum;
}

std::string LimitSet::names_of(LimitFlags flags) const {
    std::string names;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        if ((flags >> i & 1U) == 0) continue;
        // A name needs no escapes: check::is_valid_name().
        names += fmt::format("{}\"{}\"", names.empty() ? "[" : ",", counts_[i].limit);
    }
    return names.empty() ? names : names + "]";
}

Error LimitSet::failure(const LimitDecision& decision, Timestamp ts) const {
    const auto& count = counts_[decision.limit];
    if (decision.fault)
        return {ErrorKind::protocol, fmt::format("limit \"{}\": {}", count.limit, decision.fault->message)};
    std::string message = fmt::format("limit \"{}\": {}", count.limit, count.reason);
    if (ts > 0) {
        message += fmt::format(" ({})", format_utc(ts));
    }
    return {ErrorKind::protocol, std::move(message)};
}

SeriesLimits::SeriesLimits(LimitSet& set, const JudgedSeries& series) : set_(set) {
    for (std::size_t i = 0; i < set.entries_.size(); ++i) {
        auto& [rule, action] = set.entries_[i];
        const auto exceeded = rule->is_series_exceeded(series);
        if (!exceeded) {
            give_up(whole_, i, exceeded.error());
            count(whole_, 1);
            return;
        }
        if (*exceeded && decide(whole_, i, action)) {
            if (whole_.verdict == Verdict::drop) {
                ++set_.counts_[i].left_out;
            } else {
                count(whole_, 1);
            }
            return;
        }
        if (auto judge = rule->judge_of_results(series)) readers_.push_back({i, action, std::move(judge)});
        if (auto judge = rule->judge_of_deliveries(series))
            deliverers_.push_back({i, action, std::move(judge)});
    }
}

bool SeriesLimits::decide(LimitDecision& decision, std::size_t limit, LimitAction action) {
    if (action == LimitAction::flag) {
        decision.flags |= LimitFlags{1} << limit;
        return false;
    }
    decision.verdict = action == LimitAction::drop ? Verdict::drop : Verdict::fail;
    decision.limit = limit;
    return true;
}

void SeriesLimits::give_up(LimitDecision& decision, std::size_t limit, const Error& fault) {
    decision.verdict = Verdict::fail;
    decision.limit = limit;
    decision.fault = std::make_shared<const Error>(fault);
}

void SeriesLimits::count(const LimitDecision& decision, std::uint64_t results) {
    auto& count = set_.counts_[decision.limit];
    if (decision.verdict == Verdict::drop) {
        count.dropped += results;
    } else if ((failed_ >> decision.limit & 1U) == 0) {
        failed_ |= LimitFlags{1} << decision.limit;
        ++count.failed;
    }
}

LimitDecision SeriesLimits::judge(std::span<const Judge> judges, const Judged& result) {
    LimitDecision decision{.flags = whole_.flags};
    for (const auto& [limit, action, judge] : judges) {
        if (!judge->is_exceeded(result)) continue;
        if (const Error* fault = judge->fault()) {
            give_up(decision, limit, *fault);
        } else if (!decide(decision, limit, action)) {
            continue;
        }
        count(decision, 1);
        break;
    }
    return decision;
}

bool SeriesLimits::is_too_large(std::size_t message_bytes) const {
    return std::ranges::any_of(set_.entries_, [message_bytes](const LimitSet::Entry& entry) {
        return entry.rule->is_message_exceeded(message_bytes);
    });
}

LimitDecision SeriesLimits::judge_message(std::size_t message_bytes, std::uint64_t results) {
    LimitDecision decision;
    for (std::size_t i = 0; i < set_.entries_.size(); ++i) {
        const auto& [rule, action] = set_.entries_[i];
        if (!rule->is_message_exceeded(message_bytes) || !decide(decision, i, action)) continue;
        count(decision, results);
        break;
    }
    return decision;
}

void SeriesLimits::count_flagged(LimitFlags flags, std::uint64_t results) {
    for (std::size_t i = 0; flags != 0; ++i, flags >>= 1) {
        if ((flags & 1U) != 0) set_.counts_[i].flagged += results;
    }
}

} // namespace meshprobe
