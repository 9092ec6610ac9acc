#include "archiver/http_dialect.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace meshprobe {

namespace {

/// Not now, through no fault of what was sent.
constexpr std::array<long, 7> passing{408, 425, 429, 502, 503, 504, 507};
/// What was sent is at fault.
constexpr std::array<long, 13> about_content{400, 406, 409, 411, 412, 413, 414, 415, 416, 417, 422, 431, 451};
/// Nothing is taken from who we are, or seem to be.
constexpr std::array<long, 2> about_us{401, 407};

/// Strangers' text on its way into the journal.
std::string excerpt_of(std::string_view text) {
    constexpr std::size_t longest = 200;
    std::string excerpt;
    for (const char c : text) {
        const bool is_printable = c > ' ' && c <= '~';
        if (is_printable) {
            excerpt += c;
        } else if (!excerpt.empty() && excerpt.back() != ' ') {
            excerpt += ' ';
        }
        if (excerpt.size() == longest) return excerpt + "...";
    }
    while (excerpt.ends_with(' '))
        excerpt.pop_back();
    return excerpt;
}

} // namespace

std::string HttpAnswer::text() const {
    const auto excerpt = excerpt_of(body);
    return fmt::format("HTTP status {}{}{}", status, excerpt.empty() ? "" : ": ", excerpt);
}

Outcome outcome_of(const HttpAnswer& answer) {
    const auto is_in = [&](const auto& statuses) {
        return std::ranges::find(statuses, answer.status) != statuses.end();
    };
    Outcome outcome;
    outcome.error = {ErrorKind::refused, answer.text()};
    if (is_in(about_content)) {
        outcome.kind = Outcome::Kind::refused;
    } else if (is_in(passing)) {
        outcome.kind = Outcome::Kind::lost;
        outcome.error.kind = ErrorKind::unreachable;
    } else if (is_in(about_us)) {
        outcome.kind = Outcome::Kind::lost;
        outcome.error.kind = ErrorKind::credentials;
    } else {
        outcome.kind = Outcome::Kind::unclear;
        // A server that fails may have a reason to fail with this message, but that is no judgement of it.
        if (answer.status >= 500) outcome.blame = Verdict::Kind::later;
    }
    return outcome;
}

Outcome settled(std::span<const Item> batch, Verdict::Kind kind, const std::string& reason) {
    Outcome outcome;
    for (const Item& item : batch)
        outcome.verdicts.push_back({item.ticket, kind, reason});
    return outcome;
}

} // namespace meshprobe
