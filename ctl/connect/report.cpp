#include "ctl/connect/report.hpp"

#include "ctl/output.hpp"
#include "lib/config/checks.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

std::string or_dash(std::string_view text) {
    return text.empty() ? "-" : std::string(text);
}

nlohmann::ordered_json or_null(std::string_view text) {
    return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
}

std::string answer_of(const Attempt& attempt) {
    if (!attempt.is_good()) return attempt.error;
    return attempt.via.empty() ? attempt.answer : fmt::format("{} (through {})", attempt.answer, attempt.via);
}

} // namespace

std::size_t count_failed(const std::vector<Attempt>& attempts) {
    return static_cast<std::size_t>(
        std::ranges::count_if(attempts, [](const Attempt& attempt) { return !attempt.is_good(); }));
}

void print_attempts(const std::vector<Attempt>& attempts, bool legend) {
    Table answers({"WHAT", "NAME", "TRUST", "HTTP", "RESULT"});
    Table openings({"FROM UNIT", "TO HOST", "FAMILY", "ADDRESS", "PORT"});
    for (const auto& attempt : attempts) {
        const auto& target = attempt.target;
        answers.add({std::string(kind_name(target.kind)), target.name, or_dash(attempt.trust),
                     attempt.status == 0 ? "-" : std::to_string(attempt.status),
                     printable(answer_of(attempt))});
        for (const auto& opening : attempt.openings) {
            openings.add({target.unit, printable(opening.host),
                          opening.family.empty() ? "does not resolve" : opening.family,
                          or_dash(opening.address), fmt::format("{}/{}", opening.protocol, opening.port)});
        }
    }
    answers.print_whole(legend); // the end of a result says most
    if (legend) fmt::print("\nFirewall openings needed:\n");
    openings.print(legend);
    if (legend) {
        fmt::print("\n{} of {} cannot be reached or do not answer as they should.\n", count_failed(attempts),
                   attempts.size());
    }
}

std::string attempts_json(const std::vector<Attempt>& attempts) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& attempt : attempts) {
        const auto& target = attempt.target;
        auto openings = nlohmann::ordered_json::array();
        for (const auto& opening : attempt.openings) {
            openings.push_back({{"unit", target.unit},
                                {"host", opening.host},
                                {"address-family", or_null(opening.family)},
                                {"address", or_null(opening.address)},
                                {"protocol", opening.protocol},
                                {"port", opening.port}});
        }
        list.push_back({{"what", kind_name(target.kind)},
                        {"name", target.name},
                        {"url", check::without_password(target.url)},
                        {"unit", target.unit},
                        {"reachable", attempt.is_good()},
                        {"via", or_null(attempt.via)},
                        {"trust", or_null(attempt.trust)},
                        {"status", attempt.status == 0 ? nlohmann::ordered_json()
                                                       : nlohmann::ordered_json(attempt.status)},
                        {"error", or_null(attempt.error)},
                        {"openings", openings}});
    }
    return json_text(list);
}

} // namespace meshprobe
