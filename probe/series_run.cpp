#include "probe/series_run.hpp"

#include "lib/spool/crc32c.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace meshprobe {

namespace {

/// Of values, for each series in flight; a single value may be larger (1 MiB). Memory, not speed, decides.
constexpr std::size_t largest_message = 256U << 10;
constexpr std::size_t most_gathered = 200; ///< points: what the formats with the largest messages take
constexpr std::size_t padding = 16;        ///< formats and limits may read so much behind a value
constexpr Timestamp far_future = 12 * 3600;

} // namespace

SeriesRun::SeriesRun(SeriesJob job, SeriesContext& context)
    : job_(std::move(job)), context_(context), id_(job_.id()),
      limits_(context.limits, {*job_.entry, job_.event_type}),
      state_(context.history.find(*job_.entry, job_.event_type, context.flavour)) {
    for (const auto& outlet : context_.outlets)
        formats_.push_back(make_format(outlet.format, *job_.entry, job_.event_type));
    if (state_ && job_.plan.anew && has_future_marks(*state_, context_.now)) {
        state_.reset();
        begins_anew_ = true;
    }
    if (state_) {
        newest_ = state_->newest;
        complete_until_ = told_complete_ = state_->complete_until;
        // Where another archive brought what is known, this series has to be told.
        if (const auto own = context.checkpoint.series().marks(id_);
            !own || own->complete_until != told_complete_)
            told_complete_ = own ? own->complete_until : 0;
    }
}

Window SeriesRun::window() const {
    switch (part_) {
    case Part::deeper:
        return *job_.plan.deeper;
    case Part::hole:
        return *job_.plan.hole;
    case Part::recent:
        break;
    }
    return job_.plan.recent;
}

Result<Window> SeriesRun::fetched() {
    flush(); // in one commit with what says so
    if (failure_) return fail(*failure_);
    Window fetched = window();
    if (state_) fetched.from = std::max(fetched.from, state_->known_from); // older ones were not taken
    return fetched;
}

Status SeriesRun::take(std::span<const Point> points, const Window& asked) {
    if (failure_) return fail(*failure_); // what is left of an answer that was broken off
    for (const auto& point : points) {
        if (auto taken = take_one(point, asked); !taken) return taken;
    }
    return context_.commit_if_due();
}

Status SeriesRun::take_one(const Point& point, const Window& asked) {
    if (point.ts > context_.now + far_future) {
        ++context_.tally.future;
        return {};
    }
    if (point.ts < 1) {
        ++context_.tally.before_epoch;
        return {};
    }
    // The server ignores what it was asked for. What is newer is asked for when its time has come.
    if (point.ts < asked.from || point.ts > asked.until) return {};

    newest_ = std::max(newest_, point.ts);
    context_.tally.newest = std::max(context_.tally.newest, point.ts);
    const bool is_known = (state_ && state_->seen(point.ts)) || std::ranges::binary_search(taken_, point.ts);
    if (is_known) {
        note_repeated(point);
        return {};
    }
    must_be_known_ = true;
    const auto decision =
        limits_.judge({.ts = point.ts, .value = point.value.text, .now = context_.now, .earlier = this});
    if (decision.verdict == LimitDecision::Verdict::fail) {
        fail_at(point.ts, decision);
        return fail(*failure_);
    }
    remember(point);
    if (decision.verdict == LimitDecision::Verdict::drop) {
        settled_.push_back(point.ts); // counted once, not with each overlap
        return {};
    }
    gather(point, decision.flags);
    return failure_ ? Status(fail(*failure_)) : Status{};
}

std::size_t SeriesRun::received(Timestamp from, Timestamp until) const {
    const auto within = [from, until](const std::vector<Timestamp>& ascending) {
        return static_cast<std::size_t>(std::ranges::lower_bound(ascending, until) -
                                        std::ranges::lower_bound(ascending, from));
    };
    return within(taken_) + (state_ ? within(state_->recent) : 0);
}

void SeriesRun::fail_at(Timestamp ts, const LimitDecision& decision) {
    if (!failure_) failure_ = context_.limits.failure(decision, ts);
    failed_at_ = std::min(failed_at_, ts);
}

void SeriesRun::remember(const Point& point) {
    const auto at = taken_.empty() || taken_.back() < point.ts ? taken_.end()
                                                               : std::ranges::lower_bound(taken_, point.ts);
    digests_.insert(digests_.begin() + (at - taken_.begin()), crc32c(point.value.text));
    taken_.insert(at, point.ts);
}

/// The first one stands: it may have been delivered. The values of earlier runs are not kept to compare with.
void SeriesRun::note_repeated(const Point& point) {
    ++context_.tally.duplicates;
    const auto at = std::ranges::lower_bound(taken_, point.ts);
    if (at == taken_.end() || *at != point.ts) return;
    const auto digest = digests_[static_cast<std::size_t>(at - taken_.begin())];
    if (digest != crc32c(point.value.text)) ++context_.tally.conflicts;
}

void SeriesRun::gather(const Point& point, LimitFlags flags) {
    if (!gathered_.empty() && values_.size() + point.value.text.size() > largest_message) flush();
    gathered_.push_back({point.ts, values_.size(), point.value.text.size(), point.value.plain, flags});
    values_.append(point.value.text);
    if (gathered_.size() == most_gathered) flush();
}

void SeriesRun::flush() {
    if (gathered_.empty()) return;
    std::ranges::sort(gathered_, {}, &Gathered::ts);
    values_.append(padding, ' '); // before there are views of it
    if (limits_.judges_deliveries()) judge_deliveries();
    // Whoever reads a message must see of each result in it whether it is flagged: those that are travel by
    // themselves.
    if (std::ranges::any_of(gathered_, [](const Gathered& point) { return point.flags != 0; }))
        std::ranges::stable_sort(gathered_, {}, &Gathered::flags);
    std::span<const Gathered> rest = gathered_;
    while (!rest.empty()) {
        const auto other = std::ranges::find_if(
            rest, [&](const Gathered& point) { return point.flags != rest.front().flags; });
        const auto size = static_cast<std::size_t>(other - rest.begin());
        send(rest.first(size));
        rest = rest.subspan(size);
    }
    gathered_.clear();
    values_.clear();
}

void SeriesRun::judge_deliveries() {
    std::erase_if(gathered_, [this](Gathered& point) {
        const auto decision =
            limits_.judge_delivery({.ts = point.ts,
                                    .value = std::string_view(values_).substr(point.offset, point.size),
                                    .now = context_.now,
                                    .earlier = this});
        point.flags |= decision.flags;
        if (decision.verdict == LimitDecision::Verdict::fail) fail_at(point.ts, decision);
        if (decision.verdict == LimitDecision::Verdict::drop) settled_.push_back(point.ts);
        return decision.verdict != LimitDecision::Verdict::pass;
    });
}

/// Results with the same flags, to all outlets.
void SeriesRun::send(std::span<const Gathered> part) {
    const LimitFlags flags = part.front().flags;
    std::vector<Point> points;
    points.reserve(part.size());
    for (const auto& point : part) {
        points.push_back(
            {point.ts, {std::string_view(values_).substr(point.offset, point.size), point.plain}});
    }
    for (std::size_t i = 0; i < formats_.size(); ++i) {
        if (!formats_[i]) continue;
        for (std::span<const Point> rest = points; !rest.empty();) {
            const auto some = rest.first(std::min(rest.size(), formats_[i]->most_points()));
            write(i, some, flags);
            rest = rest.subspan(some.size());
        }
    }
    limits_.count_flagged(flags, part.size());
    for (const auto& point : part) {
        if (std::ranges::find(refused_, point.ts) == refused_.end()) settled_.push_back(point.ts);
    }
    refused_.clear();
}

void SeriesRun::write(std::size_t outlet, std::span<const Point> points, LimitFlags flags) {
    put(outlet, points, flags);
    if (limits_.is_too_large(context_.body.size())) {
        if (points.size() > 1) {
            write(outlet, points.first(points.size() / 2), flags);
            return write(outlet, points.subspan(points.size() / 2), flags);
        }
        const auto decision = limits_.judge_message(context_.body.size(), points.size());
        if (decision.verdict == LimitDecision::Verdict::fail) {
            refused_.push_back(points.front().ts);
            return fail_at(points.front().ts, decision);
        }
        if (decision.verdict == LimitDecision::Verdict::drop) return;
        put(outlet, points, flags | decision.flags);
        limits_.count_flagged(decision.flags & ~flags, points.size());
    }
    deliver(context_.outlets[outlet], points);
}

void SeriesRun::put(std::size_t outlet, std::span<const Point> points, LimitFlags flags) {
    const Format& format = *formats_[outlet];
    format.write(context_.body, points, std::chrono::system_clock::now());
    if (flags != 0) format.add_limits(context_.body, context_.limits.names_of(flags));
}

void SeriesRun::deliver(Outlet& outlet, std::span<const Point> points) {
    for (auto& delivery : outlet.deliveries) {
        if (delivery.transform_name.empty()) {
            context_.batch.add_message(delivery.archives, job_.event_type, points.size(), context_.body);
            continue;
        }
        if (!delivery.transform) {
            give_up(delivery, points,
                    "the configuration has an error there: \"meshprobectl check\" shows it");
            continue;
        }
        const auto transformed = delivery.transform->apply(context_.body);
        if (!transformed) {
            give_up(delivery, points, transformed.error().message);
        } else if (*transformed) {
            context_.batch.add_message(delivery.archives, job_.event_type, points.size(), **transformed);
        }
    }
}

/// As a message that an archive refuses, it must not hold up the others; the ledger knows what is missing.
void SeriesRun::give_up(const Outlet::Delivery& delivery, std::span<const Point> points,
                        const std::string& why) {
    auto& tally = context_.tally;
    if (tally.untransformed++ == 0)
        tally.first_untransformed = fmt::format("transform {}, {}: {}", delivery.transform_name, id_, why);
    context_.batch.add_gap({.series = id_,
                            .since = points.front().ts,
                            .until = points.back().ts + 1,
                            .reason = fmt::format("transform {}", delivery.transform_name)},
                           delivery.archives);
}

void SeriesRun::covered(Timestamp until) {
    // What was looked at ahead of a hole, or deep behind it, does not move the mark.
    if (part_ == Part::deeper || (part_ == Part::recent && job_.plan.hole)) return;
    flush(); // no point may be left behind by the mark
    complete_until_ = std::max(complete_until_, std::min({until, newest_, failed_at_ - 1}));
}

void SeriesRun::end(bool succeeded, bool everything) {
    flush();
    if (!succeeded) must_be_known_ = true;
    if (!everything) return;
    complete_until_ = std::max(complete_until_, std::min(newest_, context_.now));
    const bool first_read_failed = state_ && state_->newest == 0 && is_owed(*state_);
    if (job_.plan.announced) {
        updated_ = covered_update(job_.plan.announced, context_.now, Flavour::esmond);
    } else if (context_.flavour == Flavour::esmond || first_read_failed) {
        updated_ = covered_update(job_.time_updated, context_.now, context_.flavour);
    }
}

SeriesChange SeriesRun::change() {
    if (must_be_known_ && complete_until_ == 0) {
        // The first read is not through: what was asked for and not received yet stays owed.
        complete_until_ = job_.plan.hole ? job_.plan.hole->from : job_.plan.recent.from;
        if (newest_ > 0) complete_until_ = std::min(complete_until_, newest_);
    }
    std::ranges::sort(settled_);
    SeriesChange change{.series = id_, .sent = std::exchange(settled_, {}), .begins_anew = begins_anew_};
    if (complete_until_ != told_complete_) change.complete_until = told_complete_ = complete_until_;
    if (updated_ && (!state_ || state_->updated != *updated_)) change.updated = *updated_;
    updated_.reset();
    return change;
}

} // namespace meshprobe
