#include "archiver/deliver.hpp"

#include "lib/file.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <utility>

namespace meshprobe {
namespace {

constexpr std::size_t memory = 16U << 20;   ///< of segments held, roughly
constexpr std::size_t most_parked = 50'000; // some hundred bytes each
constexpr std::size_t most_unsaved = 16;    // whole segments, while failed/ cannot take them
/// Removals share their fsync, which a broker on the same disk would wait for. A power cut repeats no more
/// than was confirmed in this time; a crash of ours nothing of it.
constexpr Microseconds sync_after = std::chrono::milliseconds(100);

} // namespace

Delivery::Delivery(Spool spool, ArchiveType& archive, Reporter& reporter, const Stop& stop,
                   DeliverySettings settings)
    : spool_(std::move(spool)), archive_(archive), reporter_(reporter), stop_(stop), settings_(settings),
      parked_(settings.pause), backoff_(settings.pause) {}

Status Delivery::run() {
    if (!settings_.drain) {
        auto watch = QueueWatch::create(spool_.queue());
        if (!watch) return fail(watch.error());
        watch_ = std::move(*watch);
    }
    while (!stop_.requested()) {
        // Events are taken before the directory is read: what is published in between shows up in both.
        if (watch_ && watch_->take()) list_again_ = true;
        load();
        if (!connected_ && !flights_.empty() && Clock::now() >= not_before_) connect();
        if (connected_) exchange();
        land();
        tidy(false);
        reporter_.tick();
        if (finished()) break;
        const int archive = connected_ ? archive_.descriptor() : -1;
        stop_.wait(until_next(), archive, archive_.has_output(), watch_ ? watch_->descriptor() : -1);
    }
    if (stop_.requested()) farewell();
    sync();
    if (connected_) archive_.disconnect();
    reporter_.finish();
    return settings_.drain ? verdict_of_drain() : Status();
}

// --- from the spool ---

void Delivery::list() {
    if (!list_again_ || !listed_.empty() || Clock::now() < spool_not_before_) return;
    auto names = spool_.list();
    if (!names) return pause(names.error());
    list_again_ = false;
    for (std::string& name : *names) {
        if (!known_.contains(name)) listed_.push_back(std::move(name));
    }
}

// Twice the window, so that there is always something to send when confirmations arrive.
void Delivery::load() {
    const auto now = Clock::now();
    const std::size_t enough = 2 * archive_.window().messages;
    while (flights_.waiting() + flights_.on_their_way() < enough && flights_.bytes() < memory) {
        if (auto parked = parked_.take(now)) {
            load(parked->name, parked->owed);
            continue;
        }
        if (parked_.size() >= most_parked || unsaved_.size() >= most_unsaved) break;
        list();
        if (listed_.empty()) break;
        const std::string name = std::move(listed_.front());
        listed_.pop_front();
        load(name, {});
    }
    if (has_work()) last_busy_ = now;
}

void Delivery::load(const std::string& name, const std::vector<std::size_t>& owed) {
    auto bytes = read_file_if_exists(spool_.queue() / name, max_segment_size, Links::refuse);
    if (!bytes) return step_over(name, bytes.error()); // not damaged: just not readable now
    if (!*bytes) {                                     // dropped by a full spool's policy, or by hand
        known_.erase(name);
        parked_.forget(name);
        return;
    }
    auto segment = Segment::parse(std::move(**bytes));
    if (!segment) {
        if (auto set_aside = spool_.set_aside(name, segment.error().message); !set_aside)
            return step_over(name, set_aside.error());
        known_.erase(name);
        parked_.forget(name);
        return reporter_.damaged(name, segment.error().message);
    }
    known_.insert(name);
    flights_.add(name, std::move(*segment), owed);
}

/// One segment that cannot be read must not stop those behind it.
void Delivery::step_over(const std::string& name, const Error& error) {
    if (known_.insert(name).second) reporter_.trouble(error);
    parked_.add({name, {}, {}, {}, false, error.message}, Clock::now());
}

// --- to the archive ---

void Delivery::connect() {
    if (auto connected = archive_.connect(); !connected) return lose(connected.error());
    connected_ = true;
}

Window Delivery::window() const {
    Window window = archive_.window();
    if (at_most_ > 0) window.messages = std::min(window.messages, at_most_);
    return window;
}

void Delivery::exchange() {
    if (Clock::now() >= not_before_) {
        if (const auto batch = flights_.take(window()); !batch.empty()) {
            if (auto sent = archive_.send(batch); !sent) return lose(sent.error());
        }
    }
    auto verdicts = archive_.settle();
    if (!verdicts) return lose(verdicts.error());
    judge(std::move(*verdicts));
}

void Delivery::judge(std::vector<Verdict> verdicts) {
    bool taken = false;
    bool delivered = false;
    std::string busy;
    for (Verdict& verdict : verdicts) {
        const Message* message = flights_.message(verdict.ticket);
        if (message == nullptr) continue;
        if (verdict.kind == Verdict::Kind::delivered) reporter_.delivered(*message);
        if (verdict.kind == Verdict::Kind::dropped) reporter_.dropped();
        delivered = delivered || verdict.kind == Verdict::Kind::delivered;
        taken = taken || verdict.kind == Verdict::Kind::delivered || verdict.kind == Verdict::Kind::dropped;
        if (verdict.kind == Verdict::Kind::busy) busy = verdict.reason;
        flights_.settle(std::move(verdict));
    }
    if (delivered) parked_.release_undecided(Clock::now());
    if (taken) {
        backoff_.reset();
        last_error_.reset();
        reporter_.connected(archive_.place());
        if (at_most_ > 0 && flights_.on_their_way() == 0) {
            at_most_ *= 2;
            if (at_most_ >= archive_.window().messages) at_most_ = 0;
        }
    } else if (!busy.empty()) {
        const Microseconds wait = backoff_.next();
        not_before_ = Clock::now() + wait;
        last_error_ = Error{ErrorKind::refused, busy};
        reporter_.lost(*last_error_, wait);
    }
}

void Delivery::lose(const Error& error) {
    connected_ = false;
    if (error.kind == ErrorKind::refused && flights_.on_their_way() > 0) return isolate(error);
    archive_.disconnect();
    flights_.give_back();
    // What broke while there was nothing to do is repaired when there is something to do.
    if (flights_.empty()) return;
    const Microseconds wait = backoff_.next();
    not_before_ = Clock::now() + wait;
    last_error_ = error;
    reporter_.lost(error, wait);
}

// One of the messages on their way is refused for good, but not said which: halve until it stands alone.
void Delivery::isolate(const Error& error) {
    const std::size_t suspects = flights_.on_their_way();
    if (suspects == 1) {
        flights_.settle({flights_.oldest_on_its_way(), Verdict::Kind::refused, error.message});
    } else {
        at_most_ = suspects / 2;
    }
    flights_.give_back();
}

void Delivery::tidy(bool the_last_time) {
    if (!connected_ || Clock::now() < not_before_) return;
    auto more = archive_.tidy(the_last_time);
    more_to_tidy_ = more && *more;
    if (!more) lose(more.error());
}

// --- back to the spool ---

void Delivery::land() {
    for (Landed& landed : flights_.land()) {
        if (!landed.refused.empty()) {
            unsaved_.push_back(std::move(landed));
        } else if (!landed.owed.empty()) {
            parked_.add(std::move(landed), Clock::now());
        } else {
            delivered_.push_back(std::move(landed.name));
        }
    }
    if (Clock::now() < spool_not_before_) return;
    while (!unsaved_.empty() && put_aside(unsaved_.front())) {
        Landed landed = std::move(unsaved_.front());
        unsaved_.pop_front();
        if (landed.owed.empty()) {
            delivered_.push_back(std::move(landed.name));
        } else {
            parked_.add(std::move(landed), Clock::now());
        }
    }
    remove();
    if (unsynced_since_ && (flights_.empty() || Clock::now() - *unsynced_since_ >= sync_after)) sync();
}

bool Delivery::put_aside(const Landed& landed) {
    // An earlier try may have put some of them there: they stay.
    const auto before = spool_.read_failed(landed.name);
    std::unordered_set<std::string_view> there;
    SegmentBuilder builder(landed.segment.header());
    if (before && *before) {
        for (const Message& message : (*before)->messages()) {
            there.insert(message.id);
            builder.add(message);
        }
    }
    for (const Landed::Refused& refused : landed.refused) {
        const Message& message = landed.segment.messages()[refused.index];
        if (!there.contains(message.id)) builder.add(message);
    }
    const std::string& reason = landed.refused.front().reason;
    if (auto put = spool_.put_failed(landed.name, std::move(builder).finish(), reason); !put) {
        pause(put.error());
        return false;
    }
    reporter_.refused(landed.name, landed.segment.header(), landed.refused.size(), reason);
    return true;
}

void Delivery::remove() {
    if (delivered_.empty()) return;
    if (auto removed = spool_.remove(delivered_); !removed) return pause(removed.error());
    if (!unsynced_since_) unsynced_since_ = Clock::now();
    for (const std::string& name : delivered_) {
        known_.erase(name);
        parked_.forget(name);
    }
    delivered_.clear();
}

void Delivery::sync() {
    if (!unsynced_since_) return;
    if (auto synced = spool_.sync_queue(); !synced) return pause(synced.error());
    unsynced_since_.reset();
}

/// The spool itself is in trouble: tried again in a few seconds.
void Delivery::pause(const Error& error) {
    spool_not_before_ = Clock::now() + std::chrono::seconds(5);
    last_error_ = error;
    reporter_.trouble(error);
}

// --- when to go on, and when to end ---

bool Delivery::has_work() const {
    return !flights_.empty() || !listed_.empty() || !parked_.empty() || !unsaved_.empty() ||
           !delivered_.empty() || unsynced_since_;
}

bool Delivery::finished() {
    if (settings_.drain) {
        if (Clock::now() < spool_not_before_) return true;
        if (!has_work()) {
            list_again_ = true;
            list();
            if (!listed_.empty()) return false;
            if (!std::exchange(tidied_last_, true)) tidy(true);
            return !more_to_tidy_;
        }
        if (backoff_.failures() >= settings_.drain_tries || held_up_too_long()) return true;
        // What is parked was tried, and again after everything else was.
        return flights_.empty() && listed_.empty() && !parked_.empty() &&
               parked_.tries() >= settings_.drain_tries;
    }
    if (has_work()) return false;
    if (connected_) reporter_.idle();
    if (Clock::now() < last_busy_ + settings_.idle) return false;
    list_again_ = true;
    list();
    return listed_.empty();
}

bool Delivery::held_up_too_long() {
    const std::string why = connected_ ? archive_.held_up() : std::string();
    if (why.empty()) {
        held_up_since_.reset();
        return false;
    }
    const auto now = Clock::now();
    if (!held_up_since_) held_up_since_ = now;
    if (now - *held_up_since_ < settings_.patience) return false;
    last_error_ = Error{ErrorKind::unreachable, why};
    return true;
}

Microseconds Delivery::until_next() const {
    const auto now = Clock::now();
    const auto until = [now](Clock::time_point time) { return std::chrono::ceil<Microseconds>(time - now); };
    Microseconds wait = std::min<Microseconds>(reporter_.until_due(), std::chrono::minutes(1));
    if (connected_) wait = std::min(wait, archive_.service_interval());
    if (more_to_tidy_ && connected_) wait = Microseconds(0);
    const bool may_send = connected_ ? flights_.may_take(window()) : flights_.waiting() > 0;
    if (may_send) wait = std::min(wait, until(not_before_));
    if (connected_ && archive_.descriptor() < 0 && flights_.on_their_way() > 0) wait = Microseconds(0);
    if (unsynced_since_ && spool_not_before_ <= now)
        wait = std::min(wait, until(*unsynced_since_ + sync_after));
    if (const auto due = parked_.next_due()) wait = std::min(wait, until(*due));
    if (spool_not_before_ > now) wait = std::min(wait, until(spool_not_before_));
    if (!has_work()) wait = std::min(wait, until(last_busy_ + settings_.idle));
    if (settings_.drain && held_up_since_) wait = std::min(wait, until(*held_up_since_ + settings_.patience));
    return std::max(wait, Microseconds(0));
}

// What is on its way may still be confirmed: that saves repeating it.
void Delivery::farewell() {
    const auto end = Clock::now() + settings_.farewell;
    while (connected_ && flights_.on_their_way() > 0 && Clock::now() < end) {
        const int events = archive_.has_output() ? POLLIN | POLLOUT : POLLIN;
        pollfd ready{archive_.descriptor(), static_cast<short>(events), 0};
        poll(&ready, 1, 100);
        auto verdicts = archive_.settle();
        if (!verdicts) break;
        judge(std::move(*verdicts));
        land();
    }
}

Status Delivery::verdict_of_drain() {
    if (stop_.requested()) {
        const auto names = spool_.list();
        left_ = names ? names->size() : 1;
        if (left_ == 0) return {};
        return fail(ErrorKind::interrupted, fmt::format("stopped with {} left in {}",
                                                        counted(left_, "segment"), spool_.queue().string()));
    }
    const auto names = spool_.list();
    if (!names) return fail(names.error());
    left_ = names->size();
    if (left_ == 0) return {};
    const std::string left =
        fmt::format("{} segment{} left in {}", left_, left_ == 1 ? " is" : "s are", spool_.queue().string());
    if (last_error_) return fail(last_error_->kind, fmt::format("{}: {}", left, last_error_->message));
    return fail(ErrorKind::refused, fmt::format("{}: {}", left, parked_.reason()));
}

} // namespace meshprobe
