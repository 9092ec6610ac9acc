#include "probe/limit/pscheduler/processor.hpp"

#include "lib/mesh/json_text.hpp"
#include "probe/limit/pscheduler/helpers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace meshprobe::pscheduler {

namespace {

using nlohmann::json;

/// Names of what is set, "a, b".
template <class Named>
std::string names_of(const std::vector<Named>& all, const std::vector<bool>& set) {
    std::string names;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (set[i]) names += (names.empty() ? "" : ", ") + all[i].name;
    }
    return names;
}

bool is_any(const std::vector<bool>& set) {
    return std::ranges::find(set, true) != set.end();
}

void note(std::vector<std::string>* diags, std::string line) {
    if (diags != nullptr) diags->push_back(std::move(line));
}

/// What scripts may have made of their notes is no longer what it was.
std::vector<std::string> diags_in(const json& notes) {
    std::vector<std::string> lines;
    for (const auto& line : array_member(notes, "diags")) {
        if (line.is_string()) lines.push_back(line.get<std::string>());
    }
    return lines;
}

} // namespace

Assessment::Assessment(const LimitDocument& document, const World& world, json hints, json task)
    : document_(document), world_(world), hints_(std::move(hints)), task_(std::move(task)) {
    if (!hints_.is_object()) hints_ = json::object();
    if (!task_.is_object()) task_ = json::object();
    for (const auto& hint : hints_.items())
        diags_.push_back(
            fmt::format("Hint {}: {}", hint.key(),
                        hint.value().is_string() ? hint.value().get<std::string>() : hint.value().dump()));
    identify();
    if (!is_refused_ && !fault_) classify();
    if (!is_refused_ && !fault_) rewrite();
}

void Assessment::refuse(std::string why) {
    is_refused_ = true;
    diags_.push_back(std::move(why));
}

void Assessment::identify() {
    for (const auto& [name, identifier, invert] : document_.identifiers) {
        const auto identifies = identifier->identifies({hints_}, world_);
        if (!identifies) {
            fault_ = identifies.error();
            return;
        }
        identified_.push_back(*identifies == (invert ? Answer::no : Answer::yes));
    }
    if (!is_any(identified_)) return refuse("Made no identifications.");
    diags_.push_back("Identified as " + names_of(document_.identifiers, identified_));
}

void Assessment::classify() {
    for (const auto& classifier : document_.classifiers) {
        const auto matches = static_cast<std::size_t>(std::ranges::count_if(
            classifier.identifiers, [this](std::size_t identifier) { return identified_[identifier]; }));
        classified_.push_back(holds(classifier.require, matches, classifier.identifiers.size() - matches));
    }
    if (!is_any(classified_)) return refuse("Made no classifications.");
    diags_.push_back("Classified as " + names_of(document_.classifiers, classified_));
}

json Assessment::classifier_names() const {
    json names = json::array();
    for (std::size_t i = 0; i < document_.classifiers.size(); ++i) {
        if (classified_[i]) names.push_back(document_.classifiers[i].name);
    }
    return names;
}

/// The task that comes back is the one that is judged, whether or not the script said that it changed it.
void Assessment::rewrite() {
    if (!document_.rewrite) return;
    json input = task_;
    input[notes_member] = {
        {"classifiers", classifier_names()}, {"changed", false}, {"diags", json::array()}, {"hints", hints_}};
    const auto result = document_.rewrite->first_result(world_, input);
    if (!result && is_fault(result.error())) {
        fault_ = result.error();
        return;
    }
    if (!result) return refuse("Rewriting failed: " + result.error().message);
    if (!*result || !(*result)->is_object()) return refuse("Rewriting failed: it left no task");
    json rewritten = **result;
    const json notes = object_member(rewritten, notes_member);
    rewritten.erase(std::string(notes_member));
    const auto& test = object_member(rewritten, "test");
    if (find_member(test, "type") == nullptr || find_member(test, "spec") == nullptr ||
        test.at("type") != object_member(task_, "test").value("type", json()))
        return refuse("Rewriting failed: the type of the test was changed, or the test is gone");
    if (rewritten == task_) return;
    task_ = std::move(rewritten);
    const auto lines = diags_in(notes);
    diags_.push_back(lines.empty() ? "Task rewritten." : "Task rewritten:");
    for (const auto& line : lines)
        diags_.push_back("  " + line);
}

Result<bool> Assessment::passes(const json& run_schedule) {
    if (fault_) return fail(*fault_);
    if (is_refused_) return false;
    if (run_schedule.is_null()) return apply(task_, nullptr);
    json task = task_;
    task["run_schedule"] = run_schedule;
    return apply(task, nullptr);
}

Result<Decision> Assessment::decide() {
    if (fault_) return fail(*fault_);
    Decision decision;
    decision.task = task_;
    auto diags = diags_;
    if (!is_refused_) {
        const auto passed = apply(task_, &diags);
        if (!passed) return fail(passed.error());
        decision.passed = *passed;
    }
    if (decision.passed) {
        auto priority = prioritize(diags);
        if (priority) {
            decision.priority = *priority;
        } else if (is_fault(priority.error())) {
            return fail(priority.error());
        } else {
            decision.passed = false;
            diags.push_back("Priority failed: " + priority.error().message);
        }
    }
    decision.diags = fmt::format("{}", fmt::join(diags, "\n"));
    return decision;
}

Result<bool> Assessment::apply(const json& task, std::vector<std::string>* diags) {
    for (const auto& application : document_.applications) {
        if (application.classifier && !classified_[*application.classifier]) continue;
        note(diags, "Application: " +
                        (application.description.empty() ? "(no description)" : application.description));
        const auto passed = apply_one(application, task, diags);
        if (!passed || *passed) return passed;
        if (application.stop_on_failure) {
            note(diags, "Failed, and stopped there.");
            return false;
        }
    }
    note(diags, "No application passed.");
    return false;
}

Result<bool> Assessment::apply_one(const Application& application, const json& task,
                                   std::vector<std::string>* diags) {
    std::size_t number = 0;
    bool all = true;
    for (const auto& group : application.groups) {
        const auto passed = apply_group(group, task, ++number, diags);
        if (!passed) return passed;
        all = *passed;
        if (!all) break;
    }
    const bool passed = all != application.invert;
    note(diags, fmt::format("  Application {}{}", passed ? "PASSES" : "FAILS",
                            application.invert ? " (inverted)" : ""));
    return passed;
}

Result<bool> Assessment::apply_group(const LimitGroup& group, const json& task, std::size_t number,
                                     std::vector<std::string>* diags) {
    std::size_t passes = 0;
    for (const auto limit : group.limits) {
        const auto outcome = judge(limit, task);
        if (!outcome) return fail(outcome.error());
        passes += outcome->passed ? 1 : 0;
        note(diags,
             fmt::format("  Group {}: Limit '{}' {}{}", number, document_.limits[limit].name,
                         outcome->passed ? "passed" : "failed: ", outcome->passed ? "" : outcome->reason));
    }
    const auto fails = group.limits.size() - passes;
    const bool passed = holds(group.require, passes, fails);
    note(diags, fmt::format("  Group {}: Want {}, {} passed, {} failed: {}", number, to_string(group.require),
                            passes, fails, passed ? "PASS" : "FAIL"));
    return passed;
}

Result<Outcome> Assessment::judge(std::size_t index, const json& task) {
    const auto& [name, limit, invert] = document_.limits[index];
    if (const auto known = known_.find(index); known != known_.end()) return known->second;
    if (limit->is_about_schedule() && find_member(task, "run_schedule") == nullptr) return Outcome::pass();
    auto outcome = limit->judge({task, hints_}, world_);
    if (!outcome) return outcome;
    if (invert && outcome->is_answered)
        outcome = outcome->passed ? Outcome::failure("Passed, but inverted") : Outcome::pass();
    if (!limit->depends_on_run()) known_.emplace(index, *outcome);
    return outcome;
}

Result<std::optional<double>> Assessment::prioritize(std::vector<std::string>& diags) {
    if (!document_.priority) {
        diags.emplace_back("Priority set to the default of 0");
        return 0;
    }
    if (find_member(task_, "run_schedule") == nullptr) {
        diags.emplace_back("Priority is 0: no run is scheduled, and a script is asked for runs only");
        return 0;
    }
    json input = task_;
    input[notes_member] = {{"classifiers", classifier_names()}, {"priority", 0}, {"diags", json::array()}};
    const auto result = document_.priority->first_result(world_, input);
    if (!result) return fail(result.error());
    if (!*result) return fail(ErrorKind::protocol, "the script has no result");
    const auto& notes = object_member(**result, notes_member);
    const auto* priority = find_member(notes, "priority");
    if (priority == nullptr || !priority->is_number())
        return fail(ErrorKind::protocol, "the script's result holds no priority");
    const auto value = priority->get<double>();
    diags.push_back(fmt::format("Priority set to {}", value));
    for (const auto& line : diags_in(notes))
        diags.push_back("  " + line);
    return value;
}

} // namespace meshprobe::pscheduler
