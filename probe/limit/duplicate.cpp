#include "probe/limit/duplicate.hpp"

#include "lib/json_text/json_value.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

/// 60, 60.0 and "60.0" are the same.
std::string same_duration(const std::string& json_text) {
    const auto whole = to_integer({json_text, true});
    return whole ? fmt::format("{}", *whole) : json_text;
}

std::string subject_of(const MetadataEntry& entry) {
    const auto& meta = entry.meta; // JSON text, which holds no line break
    return fmt::format("{}\n{}\n{}\n{}\n{}", meta.source, meta.destination, meta.tool_name,
                       meta.ip_transport_protocol, same_duration(meta.time_duration));
}

} // namespace

class DuplicateLimit::Judge final : public ResultJudge {
  public:
    Judge(DuplicateLimit& limit, const JudgedSeries& series)
        : limit_(limit), subject_(subject_of(series.entry)), keys_(limit.keys_[subject_]),
          key_(&*keys_.insert(series.entry.key).first), event_type_(series.event_type) {}

    bool is_exceeded(const Judged& result) override {
        forget_committed();
        if (std::ranges::any_of(delivered_, [&](const std::vector<Timestamp>& sent) {
                return std::ranges::binary_search(sent, result.ts);
            }))
            return true;
        auto& pending = limit_.pending_[subject_ + "\n" + event_type_];
        return pending.try_emplace(result.ts, key_).first->second != key_;
    }

  private:
    /// What is committed is in the checkpoint: the others are looked up there again.
    void forget_committed() {
        const auto commits = limit_.deliveries_->commits();
        if (limit_.commits_ != commits) {
            limit_.pending_.clear();
            limit_.commits_ = commits;
        }
        if (seen_commits_ == commits && seen_keys_ == keys_.size()) return;
        seen_commits_ = commits;
        seen_keys_ = keys_.size();
        delivered_.clear();
        for (const auto& key : keys_) {
            if (&key != key_) delivered_.push_back(limit_.deliveries_->of(key + " " + event_type_));
        }
    }

    DuplicateLimit& limit_;
    std::string subject_;
    Keys& keys_;
    const std::string* key_;
    std::string event_type_;
    std::vector<std::vector<Timestamp>> delivered_; ///< by each of the others
    std::uint64_t seen_commits_ = 0;
    std::size_t seen_keys_ = 0;
};

void DuplicateLimit::note(const MetadataEntry& entry) {
    keys_[subject_of(entry)].insert(entry.key);
}

std::shared_ptr<ResultJudge> DuplicateLimit::judge_of_deliveries(const JudgedSeries& series) {
    if (deliveries_ == nullptr) return nullptr;
    return std::make_shared<Judge>(*this, series);
}

} // namespace meshprobe
