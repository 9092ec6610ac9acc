#include "lib/mesh/validate.hpp"

#include "lib/mesh/extraction.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/location.hpp"
#include "lib/mesh/pointer.hpp"
#include "lib/mesh/references.hpp"
#include "lib/mesh/schema.hpp"
#include "lib/mesh/translation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace meshprobe {

namespace {

using nlohmann::json;

std::string text_of(const Refusal& refusal) {
    return fmt::format("{}: {}", refusal.what, refusal.reason);
}

void tell(const Omission& omission, MeshStage& stage) {
    (omission.is_fault ? stage.problems : stage.remarks).push_back({omission.path, text_of(omission)});
}

MeshStage schema_stage(std::vector<MeshProblem> of_schema, const std::vector<MeshProblem>& of_text) {
    of_schema.insert(of_schema.end(), of_text.begin(), of_text.end());
    return {"schema", std::move(of_schema)};
}

/// Every `include` of a list or a MeshConfig, wherever it stands: can it be had?
void check_legacy_includes(const json& value, const Pointer& path, std::string_view location,
                           const IncludeLookup& lookup, MeshStage& stage) {
    constexpr std::size_t most = 1000;
    if (const json* include = find_member(value, "include")) {
        std::size_t index = 0;
        for (const json& each : include->is_array() ? *include : json::array({*include})) {
            const Pointer at = include->is_array() ? path.at("include").at(index++) : path.at("include");
            if (!each.is_string() || stage.problems.size() >= most) continue;
            const auto target = resolve_location(location, each.get_ref<const std::string&>());
            if (!target) {
                stage.problems.push_back(
                    {at.text(), fmt::format("{}: {}", in_quotes(each.get_ref<const std::string&>()),
                                            target.error().message)});
            } else if (!lookup || !lookup(*target)) {
                stage.problems.push_back({at.text(), cannot_be_had(*target)});
            }
        }
    }
    if (!value.is_structured()) return;
    std::size_t index = 0;
    for (auto member = value.begin(); member != value.end(); ++member)
        check_legacy_includes(*member, value.is_object() ? path.at(member.key()) : path.at(index++), location,
                              lookup, stage);
}

/// What the document itself includes; and what it is together with that.
MeshStage check_includes(const json& merged, const json& document, std::string_view location,
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
        std::vector<MeshProblem> problems;
        const auto part = parse_json_text(*text, &problems);
        if (!part || !part->is_object()) {
            stage.problems.push_back(
                {path.text(), fmt::format("{}: {}", in_quotes(*target),
                                          part ? "it is no JSON object" : part.error().message)});
            continue;
        }
        check_template_schema(*part, true, problems);
        for (MeshProblem& problem : problems) {
            stage.problems.push_back(
                {path.text(), fmt::format("{}{}: {}", *target, problem.path, problem.reason)});
        }
    }
    std::vector<MeshProblem> before;
    check_template_schema(document, false, before);
    std::vector<MeshProblem> after;
    check_template_schema(merged, false, after);
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
    std::vector<MeshProblem> of_text;
    auto document = parse_json_text(text, &of_text);
    if (!document) return fail(document.error());
    const auto outline = outline_mesh(*document, location, DocumentRole::whole);
    if (!outline) return fail(outline.error());
    std::vector<MeshStage> stages;
    MeshStage includes{"includes", {}};
    std::vector<MeshProblem> of_schema;
    if (outline->form == MeshForm::include_list) {
        stages.push_back(schema_stage(idle_includes(*document, outline->form), of_text));
        check_legacy_includes(*document, {}, location, lookup, includes);
        stages.push_back(std::move(includes));
        return stages;
    }
    json merged = *document;
    RefusalList refusals;
    if (outline->form == MeshForm::psconfig) {
        merge_template_includes(merged, location, lookup, refusals);
        check_template_schema(*document, false, of_schema);
        stages.push_back(schema_stage(std::move(of_schema), of_text));
        stages.push_back(check_includes(merged, *document, location, lookup));
    } else {
        check_legacy_includes(*document, {}, location, lookup, includes);
        merge_meshconfig_includes(merged, location, lookup, refusals);
        for (const Omission& omission : refusals.all())
            tell(omission, includes);
        check_meshconfig_schema(merged, of_schema);
        stages.push_back(schema_stage(std::move(of_schema), of_text));
        stages.push_back(std::move(includes));
        RefusalList untranslated;
        merged = translate_meshconfig(merged, untranslated);
        MeshStage translation{"translation", {}};
        for (const Omission& omission : untranslated.all())
            tell(omission, translation);
        stages.push_back(std::move(translation));
    }
    MeshStage references{"references", {}};
    check_references(merged, references.problems);
    stages.push_back(std::move(references));
    stages.push_back(check_expansion(merged, std::move(oracle)));
    return stages;
}

} // namespace meshprobe
