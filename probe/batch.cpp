#include "probe/batch.hpp"

#include <algorithm>
#include <utility>

namespace meshprobe {

Batch::Batch(Checkpoint& checkpoint, std::vector<SegmentHeader> headers)
    : checkpoint_(checkpoint), headers_(std::move(headers)), next_indexes_(headers_.size()) {}

void Batch::begin_segments() {
    for (std::size_t i = 0; i < headers_.size(); ++i) {
        if (headers_[i].run.empty()) headers_[i].run = i == 0 ? checkpoint_.new_run() : headers_[0].run;
        builders_.emplace_back(headers_[i], next_indexes_[i], most_bytes / headers_.size() + (1U << 20));
    }
    first_message_ = Clock::now();
}

void Batch::add_message(std::span<const std::size_t> archives, std::string_view event_type,
                        std::uint64_t points, std::string_view body) {
    if (builders_.empty()) begin_segments();
    for (const auto archive : archives) {
        builders_[archive].add(event_type, points, body);
        ++next_indexes_[archive];
    }
}

void Batch::add_change(SeriesChange change) {
    if (!change.sent.empty() || change.complete_until != 0 || change.updated != 0) {
        commit_.series.push_back(std::move(change));
    }
}

void Batch::add_gap(Gap gap) {
    for (const auto& header : headers_) {
        gap.archive = header.archive;
        commit_.gaps.push_back(gap);
    }
}

void Batch::add_gap(Gap gap, std::span<const std::size_t> archives) {
    for (const auto archive : archives) {
        gap.archive = headers_[archive].archive;
        commit_.gaps.push_back(gap);
    }
}

void Batch::heal(const std::string& series, Timestamp since, Timestamp until) {
    const auto& gaps = checkpoint_.gaps();
    if (std::ranges::find(gaps, series, &Gap::series) == gaps.end()) return;
    for (const auto& header : headers_)
        commit_.healed.push_back(
            {.series = series, .archive = header.archive, .since = since, .until = until});
}

bool Batch::is_due(Clock::time_point now) const {
    if (builders_.empty()) return false;
    std::size_t bytes = 0;
    std::uint64_t messages = 0;
    for (const auto& builder : builders_) {
        bytes += builder.size();
        messages = std::max(messages, builder.messages());
    }
    return bytes >= most_bytes || messages >= most_messages || now - first_message_ >= most_time;
}

Status Batch::commit() {
    std::uint64_t messages = 0;
    std::uint64_t points = 0;
    for (std::size_t i = 0; i < builders_.size(); ++i) {
        if (builders_[i].messages() == 0) continue; // all was for others
        messages = std::max(messages, builders_[i].messages());
        points = std::max(points, builders_[i].points());
        commit_.segments.push_back({headers_[i].archive, std::move(builders_[i]).finish()});
    }
    builders_.clear();
    const Commit commit = std::exchange(commit_, {});
    if (commit.segments.empty() && commit.series.empty() && commit.gaps.empty() && commit.healed.empty() &&
        !commit.progress)
        return {};
    if (auto committed = checkpoint_.commit(commit); !committed) return committed;
    messages_ += messages;
    points_ += points;
    ++commits_;
    return {};
}

} // namespace meshprobe
