// Gathers the facts: meshes, configuration, units, last results, checkpoints, ledgers, spools, local
// archives.
#pragma once

#include "ctl/coverage/knowledge.hpp"
#include "ctl/explain/question.hpp"
#include "ctl/status/report.hpp"
#include "lib/config/config.hpp"
#include "lib/paths.hpp"

#include <set>
#include <string>
#include <vector>

namespace meshprobe::explain {

class Gathering {
  public:
    Gathering(const Paths& paths, const Config& config, const Question& question, Timestamp now)
        : paths_(paths), config_(config), question_(question), now_(now), library_(paths, config) {}

    /// Sorted by archive and test. Not empty: what nobody expects and nobody measures is one with neither.
    [[nodiscard]] std::vector<ChainFacts> gather();

    /// Files that could not be read; what they say is missing.
    [[nodiscard]] const std::set<std::string>& unreadable() const { return unreadable_; }

  private:
    [[nodiscard]] std::vector<Wanted> find_expected();
    [[nodiscard]] std::string find_stranger() const;
    [[nodiscard]] std::vector<Wanted> find_measured();
    [[nodiscard]] ChainFacts facts_of(const Wanted& wanted);
    [[nodiscard]] bool reports_in_reverse(const Wanted& wanted, Timestamp from);
    void set_range(ChainFacts& facts) const;
    void look_at_instance(ChainFacts& facts, const coverage::Knowledge& knowledge);
    void look_at_backfills(ChainFacts& facts, const Instance& instance);
    void look_at_series(ChainFacts& facts, const coverage::Knowledge& knowledge);
    void look_at_limits(ChainFacts& facts, const coverage::Measured* measured);
    void look_at_archives(ChainFacts& facts, const coverage::Knowledge& knowledge);

    const Paths& paths_;
    const Config& config_;
    const Question& question_;
    Timestamp now_;
    coverage::Library library_;
    std::vector<status::InstanceStatus> instances_; ///< all that there are, with what systemd says
    std::set<std::string> unreadable_;

    std::set<std::string> names_; ///< of all ends that meshes know, in lower case
    std::vector<Wanted> reverse_; ///< what meshes expect the other way round

    // Of the chain that is looked at.
    std::vector<const coverage::Measured*> measured_;
    std::set<std::string> series_; ///< of these
    std::string event_;            ///< empty: any result
    std::optional<TaskSettings> task_;
    std::vector<std::string> writers_; ///< of its segments: Instance::name()
};

} // namespace meshprobe::explain
