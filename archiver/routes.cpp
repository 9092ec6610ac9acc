#include "archiver/routes.hpp"

#include "archiver/reporter.hpp"
#include "lib/file.hpp"

#include <fmt/core.h>

namespace meshprobe {
namespace {

constexpr std::size_t largest_memory = 1U << 20;
constexpr std::uint64_t sample = 100;               // messages, or
constexpr auto patience = std::chrono::seconds(30); // so long, until silence is an alarm
constexpr int keys_named = 10;
constexpr std::string_view routed_mark = "routed ";
constexpr std::string_view unroutable_mark = "unroutable ";

} // namespace

Routes::Routes(Unroutable policy, std::filesystem::path memory, std::string exchange, Reporter& reporter)
    : policy_(policy), memory_(std::move(memory)), exchange_(std::move(exchange)), reporter_(reporter) {
    // First line: the exchange. Unreadable is as good as absent: then the proof is made again.
    const auto text = read_file_if_exists(memory_, largest_memory, Links::refuse);
    if (!text || !*text) return;
    std::string_view rest = **text;
    bool first = true;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (std::exchange(first, false)) {
            if (line != exchange_) return; // another one says nothing about this one
        } else if (line.starts_with(routed_mark)) {
            keys_[std::string(line.substr(routed_mark.size()))].routed = true;
            proven_ = true;
        } else if (line.starts_with(unroutable_mark)) {
            keys_[std::string(line.substr(unroutable_mark.size()))].reported = true;
        }
    }
}

Routes::Entry& Routes::entry(std::string_view key) {
    auto found = keys_.find(key);
    if (found == keys_.end()) found = keys_.emplace(key, Key()).first;
    return *found;
}

void Routes::routed(Entry& entry) {
    proven_ = true;
    held_ = 0;
    alarmed_ = false;
    if (entry.second.routed) return;
    entry.second.routed = true;
    entry.second.reported = false; // if it is ever returned again, that is news
    changed_ = true;
}

Verdict Routes::returned(Entry& entry, std::uint64_t ticket) {
    auto& [key, state] = entry;
    ++state.returned;
    if (std::exchange(state.routed, false)) {
        proven_ = false; // a queue or a binding is gone; perhaps it was the last one
        changed_ = true;
    }
    const std::string reason = fmt::format("exchange \"{}\" routes \"{}\" to no queue", exchange_, key);
    const bool drops = policy_ == Unroutable::drop && proven_;
    if (!state.reported && (drops || policy_ != Unroutable::drop)) {
        state.reported = true;
        changed_ = true;
        const char* fate = policy_ == Unroutable::drop ? "such messages are dropped (unroutable: drop)"
                           : policy_ == Unroutable::retry
                               ? "such messages wait in the spool (unroutable: retry)"
                               : "such messages go to failed/ (unroutable: fail)";
        reporter_.unroutable(key, fmt::format("{}; {}", reason, fate));
    }
    switch (policy_) {
    case Unroutable::fail:
        return {ticket, Verdict::Kind::refused, reason};
    case Unroutable::retry:
        return {ticket, Verdict::Kind::later, reason};
    case Unroutable::drop:
        break;
    }
    if (proven_) return {ticket, Verdict::Kind::dropped, {}};
    if (held_++ == 0) held_since_ = Clock::now();
    return {ticket, Verdict::Kind::undecided,
            fmt::format("every message comes back: exchange \"{}\" has no queue bound for any of the routing "
                        "keys {}; bind "
                        "one. Nothing is dropped until something is routed",
                        exchange_, unroutable_keys())};
}

void Routes::tick() {
    if (std::exchange(changed_, false)) remember();
    if (proven_ || alarmed_ || held_ == 0) return;
    if (held_ < sample && Clock::now() - held_since_ < patience) return;
    alarmed_ = true;
    reporter_.nothing_routed(
        fmt::format("all {} messages came back: exchange \"{}\" has no queue bound for any of the "
                    "routing keys {}; they are kept until one is bound",
                    held_, exchange_, unroutable_keys()));
}

void Routes::remember() {
    std::string text = exchange_ + "\n";
    for (const auto& [key, state] : keys_) {
        if (state.routed) text += fmt::format("{}{}\n", routed_mark, key);
        if (!state.routed && state.reported) text += fmt::format("{}{}\n", unroutable_mark, key);
    }
    if (auto made = make_directories(memory_.parent_path()); !made) return;
    // Without it the proof is made again by the next message that is routed.
    static_cast<void>(write_file_atomically(memory_, text, 0644));
}

std::string Routes::unroutable_keys() const {
    std::string names;
    int count = 0;
    for (const auto& [key, state] : keys_) {
        if (state.returned == 0 || state.routed) continue;
        if (++count > keys_named) continue;
        names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", key);
    }
    return count > keys_named ? fmt::format("{} and {} more", names, count - keys_named) : names;
}

} // namespace meshprobe
