#include "lib/mesh/validate.hpp"

#include "ctl/mesh/document.hpp"
#include "ctl/mesh/source.hpp"
#include "ctl/output.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe::command {

namespace {

using nlohmann::ordered_json;

struct Verdict {
    std::string location;
    std::vector<MeshStage> stages;

    [[nodiscard]] bool is_valid() const {
        return std::ranges::all_of(stages, [](const MeshStage& stage) { return stage.problems.empty(); });
    }
};

std::string_view state_of(const MeshStage& stage) {
    return stage.problems.empty() ? "OK" : "FAIL";
}

void print_line(const MeshProblem& problem, std::string_view kind) {
    fmt::print("    {}: {}{}\n", problem.path.empty() ? "/" : problem.path, kind, one_line(problem.reason));
}

void print(const Verdict& verdict) {
    fmt::print("{}\n", one_line(verdict.location));
    for (const MeshStage& stage : verdict.stages) {
        fmt::print("{:.<24} {}\n", stage.name + " ", state_of(stage));
        for (const MeshProblem& problem : stage.problems)
            print_line(problem, "");
        for (const MeshProblem& remark : stage.remarks)
            print_line(remark, "only a remark: ");
    }
}

ordered_json to_json(const std::vector<MeshProblem>& problems) {
    ordered_json list = ordered_json::array();
    for (const MeshProblem& problem : problems)
        list.push_back({{"path", problem.path}, {"reason", problem.reason}});
    return list;
}

ordered_json to_json(const Verdict& verdict) {
    ordered_json object{
        {"location", verdict.location}, {"valid", verdict.is_valid()}, {"stages", ordered_json::array()}};
    for (const MeshStage& stage : verdict.stages) {
        object["stages"].push_back({{"stage", stage.name},
                                    {"state", state_of(stage)},
                                    {"problems", to_json(stage.problems)},
                                    {"remarks", to_json(stage.remarks)}});
    }
    return object;
}

ExitCode report(const CommandLine& line, const std::vector<Verdict>& verdicts) {
    if (line.json) {
        ordered_json list = ordered_json::array();
        for (const Verdict& verdict : verdicts)
            list.push_back(to_json(verdict));
        print_json(list);
    } else {
        std::ranges::for_each(verdicts, print);
    }
    return std::ranges::all_of(verdicts, &Verdict::is_valid) ? ExitCode::success : ExitCode::failure;
}

/// Where a document includes it; else, of a list or a MeshConfig, at the document that was asked for.
void tell(const FailedDocument& failure, const std::string& root, std::vector<Verdict>& verdicts) {
    const std::string reason = fmt::format("{}: {}", failure.location, failure.reason);
    bool is_told = false;
    for (Verdict& verdict : verdicts) {
        for (MeshStage& stage : verdict.stages) {
            for (MeshProblem& problem : stage.problems) {
                if (problem.reason != cannot_be_had(failure.location)) continue;
                problem.reason = reason;
                is_told = true;
            }
        }
    }
    const auto known = std::ranges::find(verdicts, root, &Verdict::location);
    if (is_told || known == verdicts.end()) return;
    const auto stage = std::ranges::find(known->stages, std::string_view("includes"), &MeshStage::name);
    if (stage == known->stages.end()) {
        known->stages.push_back({"includes", {{"", reason}}});
    } else {
        stage->problems.push_back({"", reason});
    }
}

} // namespace

ExitCode mesh_validate(const CommandLine& line, const std::vector<std::string>& arguments) {
    if (arguments.size() != 1) return complain_about_usage("mesh", "say which mesh: a FILE or URL");
    const auto agent = read_requesting_agent(line);
    if (!agent) return complain_about_mesh(agent.error());
    const auto source = load_mesh_source(line.paths, arguments.front());
    if (!source) {
        if (!line.json) fmt::print("{}\n{:.<24} FAIL\n", one_line(arguments.front()), "load ");
        complain(source.error());
        return ExitCode::usage; // as psconfig validate: 2 is "cannot load"
    }
    std::vector<Verdict> verdicts;
    for (const std::string& location : source->documents) {
        auto stages = validate_mesh_document(source->texts.at(location).text, location, source->lookup(),
                                             make_mesh_oracle(*agent));
        Verdict verdict{location, {{"load", {}}}};
        if (stages) {
            std::ranges::move(*stages, std::back_inserter(verdict.stages));
        } else {
            verdict.stages.front().problems.push_back({"", stages.error().message});
        }
        verdicts.push_back(std::move(verdict));
    }
    for (const FailedDocument& failure : source->failures)
        tell(failure, source->location, verdicts);
    return report(line, verdicts);
}

} // namespace meshprobe::command
