#include "probe/batch.hpp"

#include <algorithm>
#include <utility>

namespace meshprobe {

Batch::Batch(Checkpoint& checkpoint, std::vector<std::string> archives, SegmentHeader header)
    : checkpoint_(checkpoint), archives_(std::move(archives)), header_(std::move(header)) {}

void Batch::begin_segments() {
    if (header_.run.empty()) header_.run = checkpoint_.new_run();
    for (const auto& archive : archives_) {
        header_.archive = archive;
        builders_.emplace_back(header_, next_index_, most_bytes / archives_.size() + (1U << 20));
    }
    first_message_ = Clock::now();
}

void Batch::add_message(std::string_view event_type, std::uint64_t points, std::string_view body) {
    if (builders_.empty()) begin_segments();
    for (auto& builder : builders_)
        builder.add(event_type, points, body);
    ++next_index_;
}

void Batch::add_change(SeriesChange change) {
    if (!change.sent.empty() || change.complete_until != 0 || change.updated != 0) {
        commit_.series.push_back(std::move(change));
    }
}

void Batch::add_gap(Gap gap) {
    for (const auto& archive : archives_) {
        gap.archive = archive;
        commit_.gaps.push_back(gap);
    }
}

void Batch::heal(const std::string& series, Timestamp since, Timestamp until) {
    const auto& gaps = checkpoint_.gaps();
    if (std::ranges::find(gaps, series, &Gap::series) == gaps.end()) return;
    for (const auto& archive : archives_)
        commit_.healed.push_back({.series = series, .archive = archive, .since = since, .until = until});
}

bool Batch::is_due(Clock::time_point now) const {
    if (builders_.empty()) return false;
    return builders_.front().size() * builders_.size() >= most_bytes ||
           builders_.front().messages() >= most_messages || now - first_message_ >= most_time;
}

Status Batch::commit() {
    std::uint64_t messages = 0;
    std::uint64_t points = 0;
    if (!builders_.empty()) {
        messages = builders_.front().messages();
        points = builders_.front().points();
    }
    for (std::size_t i = 0; i < builders_.size(); ++i)
        commit_.segments.push_back({archives_[i], std::move(builders_[i]).finish()});
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
