// meshprobectl explain: why a result is here, or where on its way it was lost.
#include "ctl/commands.hpp"
#include "ctl/explain/gather.hpp"
#include "ctl/explain/show.hpp"
#include "ctl/output.hpp"
#include "lib/config/load.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace meshprobe::command {

namespace {

using explain::Chain;
using explain::Verdict;

/// What is said of each pair; more is for coverage.
constexpr std::size_t most_chains = 50;

ExitCode status_of(const Verdict& verdict) {
    return verdict.kind == Verdict::Kind::arrived ? ExitCode::success : ExitCode::degraded;
}

void print_chains(const std::vector<Chain>& chains, const Verdict& verdict, bool legend) {
    const bool unicode = explain::speaks_unicode();
    for (const Chain& chain : chains) {
        fmt::print("{}", explain::chain_text(chain, legend || chains.size() > 1, unicode));
        if (chains.size() > 1) fmt::print("  {}", explain::verdict_line(chain.verdict));
        fmt::print("\n");
    }
    fmt::print("{}", explain::verdict_text(verdict));
}

nlohmann::ordered_json to_json(const std::vector<Chain>& chains, const Verdict& verdict) {
    auto list = nlohmann::ordered_json::array();
    for (const Chain& chain : chains)
        list.push_back(explain::chain_json(chain));
    auto object = explain::verdict_json(verdict);
    object["results"] = std::move(list);
    return object;
}

} // namespace

ExitCode explain(const CommandLine& line) {
    const Timestamp now = now_usec() / 1'000'000;
    const auto question = explain::read_question(line.arguments, now);
    if (!question) return complain_about_usage("explain", question.error().message);
    const auto loaded = load_config(line.paths);
    if (!loaded) return complain(loaded.error());

    explain::Gathering gathering(line.paths, loaded->config, *question, now);
    std::vector<Chain> chains;
    for (auto& facts : gathering.gather()) {
        auto steps = explain::steps_of(facts);
        auto verdict = explain::verdict_of(steps, facts, line.paths.scope());
        chains.push_back({std::move(facts), std::move(steps), std::move(verdict)});
    }
    if (chains.size() > most_chains) {
        return complain_about_usage(
            "explain", fmt::format("that are {} results; name one event type, or see 'meshprobectl coverage'",
                                   chains.size()));
    }
    std::vector<Verdict> verdicts;
    std::ranges::transform(chains, std::back_inserter(verdicts), &Chain::verdict);
    Verdict verdict = explain::worst(verdicts);
    const bool is_one_of_many = chains.size() > 1 && verdict.kind != Verdict::Kind::arrived;
    if (is_one_of_many) {
        const auto index = static_cast<std::size_t>(&explain::worst(verdicts) - verdicts.data());
        verdict.text = fmt::format("{}: {}", explain::name_of(chains[index].facts.wanted), verdict.text);
    }
    for (const std::string& problem : gathering.unreadable())
        complain({ErrorKind::storage, problem});
    if (line.json) {
        print_json(to_json(chains, verdict));
    } else {
        print_chains(chains, verdict, !line.has("no-legend"));
    }
    return gathering.unreadable().empty() ? status_of(verdict) : ExitCode::storage;
}

} // namespace meshprobe::command
