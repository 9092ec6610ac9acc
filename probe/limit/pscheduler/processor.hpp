// What a limit document says of a task: who asks (identify, classify), what becomes of the task (rewrite),
// whether it passes (applications) and how urgent it is (priority).
#pragma once

#include "probe/limit/pscheduler/document.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe::pscheduler {

struct Decision {
    bool passed = false;
    std::string diags;              ///< how it came about, line by line
    nlohmann::json task;            ///< as it was judged: rewritten, where it was
    std::optional<double> priority; ///< nullopt: the task did not pass
};

/// One task and those who ask for it. What does not depend on a run is found out once.
class Assessment {
  public:
    /// Document and world outlive it. `hints` and `task` are objects.
    Assessment(const LimitDocument& document, const World& world, nlohmann::json hints, nlohmann::json task);

    /// `run_schedule`: {"start", "duration"}, takes the place of the task's own; null: none.
    /// Error: nobody has judged, because somebody would have had to be asked, and was not (World).
    [[nodiscard]] Result<bool> passes(const nlohmann::json& run_schedule);
    /// The whole decision, about the task as it is, with its own run_schedule if it has one. Error likewise.
    [[nodiscard]] Result<Decision> decide();

  private:
    void identify();
    void classify();
    void rewrite();
    void refuse(std::string why);
    [[nodiscard]] Result<bool> apply(const nlohmann::json& task, std::vector<std::string>* diags);
    [[nodiscard]] Result<bool> apply_one(const Application& application, const nlohmann::json& task,
                                         std::vector<std::string>* diags);
    [[nodiscard]] Result<bool> apply_group(const LimitGroup& group, const nlohmann::json& task,
                                           std::size_t number, std::vector<std::string>* diags);
    [[nodiscard]] Result<Outcome> judge(std::size_t limit, const nlohmann::json& task);
    [[nodiscard]] Result<std::optional<double>> prioritize(std::vector<std::string>& diags);
    [[nodiscard]] nlohmann::json classifier_names() const;

    const LimitDocument& document_;
    const World& world_;
    nlohmann::json hints_;
    nlohmann::json task_;
    std::vector<std::string> diags_; ///< of what comes before the applications
    std::vector<bool> identified_;   ///< beside the document's identifiers
    std::vector<bool> classified_;
    bool is_refused_ = false;
    std::optional<Error> fault_;           ///< why it is not known who asks, or what for
    std::map<std::size_t, Outcome> known_; ///< limits that do not depend on a run
};

} // namespace meshprobe::pscheduler
