#include "ctl/refresh/settle.hpp"

#include "ctl/refresh/guard.hpp"
#include "ctl/refresh/tuples.hpp"
#include "lib/config/checks.hpp"
#include "lib/mesh/template.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

namespace meshprobe {

namespace {

constexpr std::size_t most_hosts = 20'000; ///< twice what one machine can collect; more is a broken mesh
constexpr std::size_t most_refusals =
    1000; ///< kept; a document that has more is not read line by line anyway

using HostUrls = std::map<std::string, std::vector<std::string>, std::less<>>;

/// All measurement archives of a mesh, over its include lists.
class Gathering {
  public:
    Gathering(const Crawl& crawl, MeshOracle oracle) : crawl_(crawl), oracle_(std::move(oracle)) {}

    Status gather(const std::string& location) {
        const auto found = crawl_.documents.find(location);
        if (found == crawl_.documents.end() || !seen_.insert(location).second) return {}; // failed, or a loop
        const auto lookup = [this](std::string_view include) -> std::optional<std::string_view> {
            const auto document = crawl_.documents.find(include);
            if (document == crawl_.documents.end()) return std::nullopt;
            return document->second.text;
        };
        const auto read = read_mesh_template(found->second.text, location, lookup);
        if (!read) return fail(read.error().in(location));
        read_tuples(read->document, oracle_, expected, facts);
        const MeshDocument document = extract_measurement_archives(*read, oracle_);
        refusals.insert(document.refusals.begin(), document.refusals.end());
        for (const MeasurementArchive& archive : document.archives) {
            auto& urls = hosts[archive.host];
            if (std::ranges::find(urls, archive.url) == urls.end()) urls.push_back(archive.url);
        }
        for (const std::string& include : document.includes) {
            if (auto gathered = gather(include); !gathered)
                refusals.insert({"include", gathered.error().message});
        }
        return {};
    }

    HostUrls hosts;
    std::set<Refusal> refusals;
    ExpectedWriter expected;
    MeshFacts facts;

  private:
    const Crawl& crawl_;
    MeshOracle oracle_;
    std::set<std::string> seen_;
};

void set_outcome(Settlement& settlement, MeshState::Outcome outcome, const Moment& now) {
    MeshState& state = settlement.state;
    settlement.outcome_changed = state.outcome != outcome || state.since_usec == 0;
    if (settlement.outcome_changed) state.since_usec = now.wall_usec;
    state.outcome = outcome;
}

void take_over(Settlement& settlement, const Crawl& crawl, const Gathering& gathered, const Moment& now) {
    MeshState& state = settlement.state;
    std::set<std::string> offered;
    for (const auto& [host, urls] : gathered.hosts)
        offered.insert(host);
    GuardDecision decision = guard(membership_of(state), offered, now);

    HostUrls hosts = gathered.hosts;
    for (const auto& [host, since] : decision.next.held)
        hosts[host] = state.hosts[host];
    if (hosts != state.hosts) state.changed_usec = now.wall_usec;
    state.hosts = std::move(hosts);
    state.held = std::move(decision.next.held);
    state.removed = std::move(decision.next.removed);
    settlement.added = std::move(decision.added);
    settlement.removed = std::move(decision.removed);
    settlement.newly_held = std::move(decision.newly_held);

    std::vector<Refusal> refusals;
    std::ranges::set_union(gathered.refusals, crawl.refusals, std::back_inserter(refusals));
    refusals.erase(std::unique(refusals.begin(), refusals.end()), refusals.end());
    if (refusals.size() > most_refusals) refusals.resize(most_refusals);
    std::ranges::set_difference(refusals, state.refusals, std::back_inserter(settlement.new_refusals));
    state.refusals = std::move(refusals);
}

/// Reasons may differ in a time or a byte count from run to run; that alone is no news, and no write. Another
/// status of HTTP is.
bool same_but_for_numbers(std::string left, std::string right) {
    const auto erase_numbers = [](std::string& reason) {
        constexpr std::string_view before_status = "the server answers ";
        const auto status = reason.find(before_status);
        const auto from =
            status == std::string::npos ? 0 : std::min(reason.size(), status + before_status.size() + 3);
        const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
        reason.erase(
            std::remove_if(reason.begin() + static_cast<std::ptrdiff_t>(from), reason.end(), is_digit),
            reason.end());
    };
    erase_numbers(left);
    erase_numbers(right);
    return left == right;
}

void note_failures(Settlement& settlement, const std::vector<FailedDocument>& failures) {
    std::vector<FailedDocument>& known = settlement.state.failures;
    std::vector<FailedDocument> next;
    for (const FailedDocument& failure : failures) {
        const auto same = std::ranges::find(known, failure.location, &FailedDocument::location);
        const bool is_new = same == known.end() || same->has_copy != failure.has_copy;
        if (is_new) settlement.new_failures.push_back(failure);
        next.push_back(is_new || !same_but_for_numbers(same->reason, failure.reason) ? failure : *same);
    }
    known = std::move(next);
}

} // namespace

Settlement settle(const Mesh& mesh, const std::optional<MeshState>& last, const Crawl& crawl,
                  const Moment& now, const JqAnswer& jq) {
    Settlement settlement;
    if (last) settlement.state = *last;
    MeshState& state = settlement.state;
    state.mesh = mesh.name;
    state.source = mesh.url.empty() ? mesh.file : check::without_password(mesh.url);

    Gathering gathered(crawl, {.jq = jq, .rules = {.allow_private = mesh.allow_private}});
    Status understood = crawl.failure ? Status(fail(*crawl.failure)) : gathered.gather(crawl.root);
    gathered.refusals.merge(gathered.facts.refusals);
    if (understood && gathered.hosts.size() > most_hosts) {
        understood = fail(ErrorKind::protocol, fmt::format("it names {} hosts; expected at most {}",
                                                           gathered.hosts.size(), most_hosts));
    }
    if (!understood) {
        settlement.failure = understood.error();
        const bool had_once = state.documents > 0;
        set_outcome(settlement, had_once ? MeshState::Outcome::failed : MeshState::Outcome::never, now);
        if (!same_but_for_numbers(state.error, understood.error().message))
            state.error = understood.error().message;
        return settlement;
    }
    set_outcome(settlement,
                crawl.failures.empty() ? MeshState::Outcome::refreshed : MeshState::Outcome::partial, now);
    state.error.clear();
    state.documents = crawl.documents.size();
    settlement.became_plain_http = crawl.plain_http && !state.plain_http;
    state.plain_http = crawl.plain_http;
    take_over(settlement, crawl, gathered, now);
    settlement.expected = gathered.expected.finish();
    settlement.facts = std::move(gathered.facts.hosts);
    note_failures(settlement, crawl.failures);
    return settlement;
}

} // namespace meshprobe
