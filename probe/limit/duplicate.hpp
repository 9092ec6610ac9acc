// type: duplicate — a result that another metadata entry of the same subject delivered already. The same test
// may be listed under several keys, because a key follows from all that was noted down of a test, its place
// in a mesh included. Entries are of one subject if source, destination, tool, protocol and duration are the
// same; results of one event type are the same if their ts are. Values are not compared: of what earlier runs
// delivered only the times are known, and a rule must not depend on how results fall into runs.
//
// No result is lost by it: only what is in the checkpoint, or in the next commit, counts as delivered.
#pragma once

#include "probe/limit/limit.hpp"

#include <map>
#include <set>

namespace meshprobe {

class DuplicateLimit final : public LimitRule {
  public:
    [[nodiscard]] std::string reason() const override {
        return "delivered already, from another metadata entry of the same subject";
    }
    void note(const MetadataEntry& entry) override;
    void use(const Deliveries& deliveries) override { deliveries_ = &deliveries; }
    [[nodiscard]] std::shared_ptr<ResultJudge> judge_of_deliveries(const JudgedSeries& series) override;

  private:
    class Judge;
    using Keys = std::set<std::string>;
    /// On its way to the next commit: which entry delivers it.
    using Pending = std::map<Timestamp, const std::string*>;

    const Deliveries* deliveries_ = nullptr;
    std::map<std::string, Keys> keys_; ///< of the entries listed so far, by subject; none is ever removed
    std::map<std::string, Pending> pending_; ///< by subject and event type
    std::uint64_t commits_ = 0;              ///< when pending_ was begun
};

} // namespace meshprobe
