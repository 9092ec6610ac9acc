#include "archiver/reporter.hpp"

#include "lib/clock.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace meshprobe {
namespace {

constexpr Microseconds write_interval = std::chrono::seconds(1);
constexpr Microseconds refused_interval = std::chrono::minutes(1);
constexpr Microseconds summary_interval = std::chrono::hours(1);

Microseconds since(std::chrono::steady_clock::time_point time) {
    return std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now() - time);
}

} // namespace

Reporter::Reporter(const Journal& journal, const Paths& paths, std::string archive, bool confirms)
    : journal_(journal), paths_(paths), archive_(std::move(archive)), confirms_(confirms) {
    // What the one before us delivered last is still the last delivery.
    if (const auto before = read_archiver_state(paths_, archive_); before && *before)
        state_.last_delivery_usec = (*before)->last_delivery_usec;
}

void Reporter::enter(std::string_view state, std::string_view message) {
    if (state_.state == state && state_.message == message) return;
    if (state_.state != state) state_.since_usec = now_usec();
    state_.state = state;
    state_.message = message;
    stale_ = true;
    written_ = {}; // a change is written at once
}

void Reporter::connected(std::string_view place) {
    if (state_.state != "connected" && state_.state != "idle") {
        journal_.log(Priority::notice, message::archive_connected,
                     fmt::format("{}: connected to {}", archive_, place), {{"MESHPROBE_PLACE", place}});
    }
    enter("connected", "");
}

void Reporter::idle() {
    enter("idle", "");
}

void Reporter::lost(const Error& error, Microseconds retry_in) {
    if (state_.state != "waiting" || state_.message != error.message) {
        journal_.log(Priority::warning, message::archive_lost,
                     fmt::format("{}: {}; nothing is lost, trying again in {} and then less and less often",
                                 archive_, error.message,
                                 format_duration(std::chrono::ceil<std::chrono::seconds>(retry_in))));
    }
    enter("waiting", error.message);
}

void Reporter::held_up(std::string_view why) {
    journal_.log(Priority::warning, message::archive_lost,
                 fmt::format("{}: {}; nothing is lost, delivery goes on as soon as it does", archive_, why));
    enter("waiting", why);
}

void Reporter::failed(std::string_view why) {
    enter("failed", why);
    write();
}

void Reporter::delivered(const Message& message) {
    ++state_.delivered_messages;
    state_.delivered_points += message.points;
    state_.delivered_bytes += message.body.size();
    news_ = true;
    stale_ = true;
}

void Reporter::unroutable(std::string_view routing_key, std::string_view what) {
    journal_.log(Priority::warning, message::archive_unroutable, fmt::format("{}: {}", archive_, what),
                 {{"MESHPROBE_ROUTING_KEY", routing_key}});
}

void Reporter::nothing_routed(std::string_view what) {
    journal_.log(Priority::error, message::archive_unroutable, fmt::format("{}: {}", archive_, what));
    enter("waiting", what);
}

void Reporter::refused(std::string_view segment, const SegmentHeader& header, std::size_t messages,
                       std::string_view reason) {
    state_.refused_messages += messages;
    stale_ = true;
    if (refused_logged_ && since(*refused_logged_) < refused_interval) {
        refused_unlogged_ += messages;
        return;
    }
    refused_logged_ = Clock::now();
    journal_.log(
        Priority::error, message::archive_refused,
        fmt::format("{}: {} message{} of {} refused for good ({}); kept in failed/{}, see meshprobectl spool",
                    archive_, messages, messages == 1 ? "" : "s", header.host, reason, segment),
        {{"MESHPROBE_HOST", header.host},
         {"MESHPROBE_SEGMENT", segment},
         {"MESHPROBE_MESSAGES", std::uint64_t{messages}}});
}

void Reporter::summarize_refused() {
    const std::uint64_t messages = std::exchange(refused_unlogged_, 0);
    if (messages == 0) return;
    refused_logged_ = Clock::now();
    journal_.log(Priority::error, message::archive_refused,
                 fmt::format("{}: {} refused for good; kept in failed/, see meshprobectl spool", archive_,
                             counted(messages, "more message")),
                 {{"MESHPROBE_MESSAGES", messages}});
}

void Reporter::damaged(std::string_view segment, std::string_view reason) {
    ++damaged_;
    journal_.log(
        Priority::error, message::spool_corrupt,
        fmt::format("{}: segment {} is damaged ({}); set aside in failed/", archive_, segment, reason),
        {{"MESHPROBE_SEGMENT", segment}});
}

void Reporter::trouble(const Error& error) {
    if (trouble_ == error.message) return;
    trouble_ = error.message;
    journal_.log(Priority::error, fmt::format("{}: {}", archive_, error.message));
}

void Reporter::tick() {
    if (stale_ && since(written_) >= write_interval) write();
    if (refused_unlogged_ > 0 && since(*refused_logged_) >= refused_interval) summarize_refused();
    if (since(summarized_) >= summary_interval) summarize();
}

void Reporter::finish() {
    summarize_refused();
    summarize();
    // Why something is left, if anything is, stays; nobody is connected once this process is gone.
    if (state_.state == "connected") enter("idle", "");
    if (stale_) write();
}

Microseconds Reporter::until_due() const {
    const Microseconds summary = summary_interval - since(summarized_);
    return std::max(Microseconds(0), stale_ ? std::min(summary, write_interval - since(written_)) : summary);
}

void Reporter::summarize() {
    const std::uint64_t messages = state_.delivered_messages - reported_.delivered_messages;
    const std::uint64_t points = state_.delivered_points - reported_.delivered_points;
    const std::uint64_t bytes = state_.delivered_bytes - reported_.delivered_bytes;
    const std::uint64_t unroutable = state_.unroutable_messages - reported_.unroutable_messages;
    const Microseconds duration = since(summarized_);
    reported_ = state_;
    summarized_ = Clock::now();
    if (messages == 0 && unroutable == 0) return;
    const std::string unwanted = unroutable == 0 ? "" : fmt::format(", {} unroutable", unroutable);
    journal_.log(Priority::notice, message::archive_delivered,
                 fmt::format("{}: {}, {}, {} {} in {}{}", archive_, counted(messages, "message"),
                             counted(points, "point"), format_size(bytes),
                             confirms_ ? "delivered and confirmed" : "sent (best effort)",
                             format_duration(std::chrono::ceil<std::chrono::seconds>(duration)), unwanted),
                 {{"MESHPROBE_MESSAGES", messages},
                  {"MESHPROBE_POINTS", points},
                  {"MESHPROBE_BYTES", bytes},
                  {"MESHPROBE_UNROUTABLE", unroutable},
                  {"MESHPROBE_LOGINS", state_.logins},
                  {"MESHPROBE_DURATION_USEC", std::int64_t{duration.count()}}});
}

void Reporter::write() {
    if (std::exchange(news_, false)) state_.last_delivery_usec = now_usec();
    stale_ = false;
    written_ = Clock::now();
    const auto written = write_archiver_state(paths_, archive_, state_);
    if (!written && !write_failed_) {
        journal_.log(Priority::warning, fmt::format("{}: {}; status will not see this archiver", archive_,
                                                    written.error().message));
    }
    write_failed_ = !written;
}

} // namespace meshprobe
