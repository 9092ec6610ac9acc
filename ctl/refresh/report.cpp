#include "ctl/refresh/report.hpp"

#include "ctl/printable.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

constexpr std::size_t most_lines = 20; ///< about one mesh and one kind of news

std::string some_of(const std::vector<std::string>& names) {
    constexpr std::size_t shown = 5;
    std::string text;
    for (std::size_t index = 0; index < std::min(shown, names.size()); ++index) {
        text += (index == 0 ? "" : ", ") + names[index];
    }
    if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
    return text;
}

class Report {
  public:
    Report(const Journal& journal, const Settlement& settlement, const Crawl& crawl)
        : journal_(journal), settlement_(settlement), state_(settlement.state), crawl_(crawl) {}

    void write() const {
        if (settlement_.failure) {
            report_failure();
            return;
        }
        report_documents();
        report_refusals();
        if (!settlement_.newly_held.empty()) report_held();
        report_summary();
    }

  private:
    void report_failure() const {
        const std::string effect = state_.outcome == MeshState::Outcome::never
                                       ? "it has no hosts yet"
                                       : fmt::format("its {} hosts stay in force", state_.hosts.size());
        journal_.log(
            settlement_.outcome_changed ? Priority::warning : Priority::debug, message::mesh_failed,
            fmt::format("mesh {}: {}; {}", state_.mesh, one_line(settlement_.failure->message), effect),
            numbers());
    }

    void report_documents() const {
        std::size_t lines = 0;
        for (const FailedDocument& failure : settlement_.new_failures) {
            if (++lines > most_lines) break;
            journal_.log(Priority::warning, message::mesh_failed,
                         fmt::format("mesh {}: {}; {}", state_.mesh, one_line(failure.text()),
                                     failure.has_copy ? "its last good copy stays in force"
                                                      : "there is no copy of it yet"),
                         {{"MESHPROBE_MESH", state_.mesh}});
        }
    }

    void report_refusals() const {
        std::size_t lines = 0;
        for (const Refusal& refusal : settlement_.new_refusals) {
            if (++lines > most_lines) {
                journal_.log(
                    Priority::warning, message::mesh_entry_refused,
                    fmt::format(
                        "mesh {}: {} more entries are not usable; \"meshprobectl mesh show {}\" lists them",
                        state_.mesh, settlement_.new_refusals.size() - most_lines, state_.mesh),
                    {{"MESHPROBE_MESH", state_.mesh}});
                break;
            }
            journal_.log(
                Priority::warning, message::mesh_entry_refused,
                fmt::format("mesh {}: {}: {}", state_.mesh, one_line(refusal.what), one_line(refusal.reason)),
                {{"MESHPROBE_MESH", state_.mesh}});
        }
    }

    void report_held() const {
        journal_.log(Priority::warning, message::mesh_removals_held,
                     fmt::format("mesh {}: {} vanished ({}); {} held until \"meshprobectl mesh accept {}\", "
                                 "and the hosts stay in force",
                                 state_.mesh, counted(settlement_.newly_held.size(), "host"),
                                 some_of(settlement_.newly_held),
                                 state_.held.size() == 1 ? "1 removal is"
                                                         : fmt::format("{} removals are", state_.held.size()),
                                 state_.mesh),
                     numbers());
    }

    void report_summary() const {
        const bool is_news = settlement_.outcome_changed || !settlement_.added.empty() ||
                             !settlement_.removed.empty() || !settlement_.newly_held.empty();
        std::string text =
            fmt::format("mesh {}: {} from {}", state_.mesh, counted(state_.hosts.size(), "host"),
                        counted(state_.documents, "document"));
        if (!settlement_.added.empty()) text += "; new: " + some_of(settlement_.added);
        if (!settlement_.removed.empty()) text += "; gone: " + some_of(settlement_.removed);
        if (!state_.held.empty()) text += "; " + counted(state_.held.size(), "removal") + " held";
        if (!state_.failures.empty()) text += "; " + counted(state_.failures.size(), "document") + " failed";
        text += fmt::format(" ({}, {} in {} ms)", counted(crawl_.requests, "request"),
                            format_size(crawl_.bytes), crawl_.duration.count() / 1000);
        journal_.log(is_news ? Priority::notice : Priority::debug, message::mesh_refreshed, text, numbers());
        if (settlement_.became_plain_http) {
            journal_.log(
                Priority::warning,
                fmt::format(
                    "mesh {}: some of it comes over http, where anybody on the way can change it; use https",
                    state_.mesh),
                {{"MESHPROBE_MESH", state_.mesh}});
        }
    }

    [[nodiscard]] Fields numbers() const {
        return {{"MESHPROBE_MESH", state_.mesh},
                {"MESHPROBE_HOSTS", std::uint64_t{state_.hosts.size()}},
                {"MESHPROBE_DOCUMENTS", state_.documents},
                {"MESHPROBE_ADDED", std::uint64_t{settlement_.added.size()}},
                {"MESHPROBE_REMOVED", std::uint64_t{settlement_.removed.size()}},
                {"MESHPROBE_HELD", std::uint64_t{state_.held.size()}},
                {"MESHPROBE_REQUESTS", crawl_.requests},
                {"MESHPROBE_BYTES", crawl_.bytes},
                {"MESHPROBE_DURATION_USEC", std::int64_t{crawl_.duration.count()}}};
    }

    const Journal& journal_;
    const Settlement& settlement_;
    const MeshState& state_;
    const Crawl& crawl_;
};

} // namespace

void report(const Journal& journal, const Settlement& settlement, const Crawl& crawl) {
    Report(journal, settlement, crawl).write();
}

} // namespace meshprobe
