#include "lib/mesh/validate.hpp"

#include "lib/mesh/duplicate_names.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/location.hpp"
#include "lib/mesh/pointer.hpp"
#include "lib/mesh/references.hpp"
#include "lib/mesh/schema.hpp"
#include "lib/mesh/template.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace meshprobe {

namespace {

using nlohmann::json;

void check_list(const json& list, std::vector<MeshProblem>& problems) {
    for (std::size_t index = 0; list.is_array() && index < list.size(); ++index) {
        const json* include = find_member(list[index], "include");
        if (include == nullptr || !(include->is_array() || include->is_string())) {
            problems.push_back(
                {Pointer().at(index).text(), "expected an object with \"include\", an array of URLs"});
        }
    }
}

std::string text_of(const Refusal& refusal) {
    return fmt::format("{}: {}", refusal.what, refusal.reason);
}

void tell(const Omission& omission, MeshStage& stage) {
    (omission.is_fault ? stage.problems : stage.remarks).push_back({omission.path, text_of(omission)});
}

MeshStage check_schema(const json& document, MeshForm form, std::string_view text) {
    MeshStage stage{"schema", {}};
    if (form == MeshForm::psconfig) check_template_schema(document, false, stage.problems);
    if (form == MeshForm::meshconfig) check_meshconfig_schema(document, stage.problems);
    if (form == MeshForm::include_list) check_list(document, stage.problems);
    find_duplicate_names(text, stage.problems);
    return stage;
}

/// What the document itself includes; and what it is together with that.
MeshStage check_includes(const MeshTemplate& merged, const json& document, std::string_view location,
                         const IncludeLookup& lookup) {
    MeshStage stage{"includes", {}};
    const json& includes = array_member(document, "includes");
    for (std::size_t index = 0; index < includes.size(); ++index) {
        const Pointer path = Pointer().at("includes").at(index);
        if (!includes[index].is_string()) continue; // refused by the schema
        const auto& include = includes[index].get_ref<const std::string&>();
        const auto target = resolve_location(location, include);
        if (!target) {
            stage.problems.push_back(
                {path.text(), fmt::format("{}: {}", in_quotes(include), target.error().message)});
            continue;
        }
        const auto text = lookup ? lookup(*target) : std::nullopt;
        if (!text) {
            stage.problems.push_back({path.text(), cannot_be_had(*target)});
            continue;
        }
        const auto part = parse_json_text(*text);
        if (!part || !part->is_object()) {
            stage.problems.push_back(
                {path.text(), fmt::format("{}: {}", in_quotes(*target),
                                          part ? "it is no JSON object" : part.error().message)});
            continue;
        }
        std::vector<MeshProblem> problems;
        check_template_schema(*part, true, problems);
        for (MeshProblem& problem : problems) {
            stage.problems.push_back(
                {path.text(), fmt::format("{}{}: {}", *target, problem.path, problem.reason)});
        }
    }
    std::vector<MeshProblem> before;
    check_template_schema(document, false, before);
    std::vector<MeshProblem> after;
    check_template_schema(merged.document, false, after);
    for (MeshProblem& problem : after) {
        if (std::ranges::find(before, problem) == before.end()) stage.problems.push_back(std::move(problem));
    }
    return stage;
}

MeshStage check_expansion(const json& document, MeshOracle oracle) {
    MeshStage stage{"expand", {}};
    MeshExpansion expansion(document, std::move(oracle));
    std::set<MeshProblem> problems;
    for (const MeshTask& task : expansion.tasks()) {
        if (task.disabled) continue;
        const std::string path = Pointer().at("tasks").at(task.name).text();
        if (!task.problem.empty()) problems.insert({path, task.problem});
        const auto done = expansion.each(task, [&](const MeshTuple& tuple) {
            const auto archives = expansion.archives(task, tuple);
            constexpr std::size_t most = 1000;
            if (!archives && problems.size() < most) problems.insert({path, archives.error().message});
        });
        if (!done) problems.insert({path, done.error().message});
    }
    stage.problems.assign(problems.begin(), problems.end());
    for (const Omission& omission : expansion.refusals())
        tell(omission, stage);
    std::ranges::sort(stage.problems);
    return stage;
}

} // namespace

std::string cannot_be_had(std::string_view location) {
    return fmt::format("{} cannot be had", location);
}

Result<std::vector<MeshStage>> validate_mesh_document(std::string_view text, std::string_view location,
                                                      const IncludeLookup& lookup, MeshOracle oracle) {
    const auto document = parse_json_text(text);
    if (!document) return fail(document.error());
    const auto merged = read_mesh_template(text, location, lookup);
    if (!merged) return fail(merged.error());
    std::vector<MeshStage> stages{check_schema(*document, merged->form, text)};
    if (merged->form == MeshForm::include_list) return stages;
    if (merged->form == MeshForm::psconfig) {
        stages.push_back(check_includes(*merged, *document, location, lookup));
    } else {
        MeshStage stage{"translation", {}};
        for (const Omission& omission : merged->refusals)
            tell(omission, stage);
        stages.push_back(std::move(stage));
    }
    MeshStage references{"references", {}};
    check_references(merged->document, references.problems);
    stages.push_back(std::move(references));
    stages.push_back(check_expansion(merged->document, std::move(oracle)));
    return stages;
}

} // namespace meshprobe
