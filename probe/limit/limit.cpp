#include "probe/limit/limit.hpp"

#include "probe/limit/age.hpp"

#include <fmt/core.h>

namespace meshprobe {

Result<std::unique_ptr<LimitRule>> make_limit(const Limit& limit) {
    if (limit.type == "age") {
        if (limit.max <= Microseconds(0)) {
            return fail(ErrorKind::configuration,
                        fmt::format("limits.{}.max: expected a duration greater than 0", limit.name));
        }
        return std::make_unique<AgeLimit>(limit.max);
    }
    return fail(ErrorKind::configuration,
                fmt::format("limits.{}.type: there is no limit \"{}\"; known: age", limit.name, limit.type));
}

Result<LimitSet> LimitSet::create(const Config& config, const std::vector<std::string>& names) {
    LimitSet set;
    for (const auto& name : names) {
        const auto found = config.limits.find(name);
        if (found == config.limits.end()) {
            return fail(ErrorKind::configuration,
                        fmt::format("the task names the limit \"{}\", but limits.{} is missing", name, name));
        }
        auto rule = make_limit(found->second);
        if (!rule) return fail(rule.error());
        set.counts_.push_back({name, (*rule)->reason(), 0, 0});
        set.rules_.push_back(std::move(*rule));
    }
    return set;
}

LimitSet::Decision LimitSet::judge(const Judged& judged) {
    Decision decision;
    LimitCount* flagging = nullptr;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        auto& count = counts_[i];
        switch (rules_[i]->judge(judged)) {
        case Verdict::pass:
            break;
        case Verdict::drop:
            ++count.dropped;
            return {Verdict::drop, count.limit};
        case Verdict::flag:
            if (flagging == nullptr) flagging = &count;
            break;
        }
    }
    if (flagging != nullptr) {
        ++flagging->flagged;
        decision = {Verdict::flag, flagging->limit};
    }
    return decision;
}

std::uint64_t LimitSet::dropped() const {
    std::uint64_t sum = 0;
    for (const auto& count : counts_)
        sum += count.dropped;
    return sum;
}

} // namespace meshprobe
