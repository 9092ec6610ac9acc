// meshprobectl limits check|try: whether limit documents of pScheduler can be used, and what one says of a
// task.
#include "ctl/commands.hpp"
#include "ctl/limit_documents.hpp"
#include "ctl/output.hpp"
#include "lib/config/load.hpp"
#include "lib/file.hpp"
#include "lib/json.hpp"
#include "lib/mesh/json_text.hpp"
#include "probe/limit/pscheduler/outside.hpp"
#include "probe/limit/pscheduler/processor.hpp"
#include "probe/limit/pscheduler/source.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe::command {

namespace {

using nlohmann::ordered_json;

struct Checked {
    std::string name; ///< of the file, or of the limit in the configuration
    std::vector<pscheduler::Problem> problems;
};

/// Those that the configuration names; what cannot be had is a problem of that one.
Result<std::vector<Checked>> check_configured(const Paths& paths) {
    const auto loaded = load_config(paths);
    if (!loaded) return fail(loaded.error());
    std::vector<Checked> all;
    for (const auto& [name, limit] : loaded->config.limits) {
        if (limit.type != "pscheduler") continue;
        const auto text = pscheduler::read_document_text(paths, limit);
        const std::string shown = limit.file.empty() ? fmt::format("limits.{}.document", name) : limit.file;
        all.push_back(text ? Checked{shown, problems_of_limit_document(*text)}
                           : Checked{shown, {{"", text.error().message}}});
    }
    return all;
}

ExitCode report(const CommandLine& line, const std::vector<Checked>& all) {
    const bool is_good =
        std::ranges::all_of(all, [](const Checked& checked) { return checked.problems.empty(); });
    if (line.json) {
        auto list = ordered_json::array();
        for (const auto& checked : all) {
            auto problems = ordered_json::array();
            for (const auto& problem : checked.problems)
                problems.push_back({{"path", problem.path}, {"reason", problem.reason}});
            list.push_back({{"document", checked.name},
                            {"valid", checked.problems.empty()},
                            {"problems", std::move(problems)}});
        }
        print_json(list);
    } else {
        for (const auto& checked : all) {
            for (const auto& problem : checked.problems) {
                fmt::print("{}: {}: {}\n", one_line(checked.name),
                           problem.path.empty() ? "/" : one_line(problem.path), one_line(problem.reason));
            }
            if (checked.problems.empty()) fmt::print("{}: OK\n", one_line(checked.name));
        }
        if (all.empty()) fmt::print("The configuration names no limit document.\n");
    }
    return is_good ? ExitCode::success : ExitCode::failure;
}

ExitCode check_documents(const CommandLine& line, const std::vector<std::string>& files) {
    if (files.empty()) {
        const auto all = check_configured(line.paths);
        return all ? report(line, *all) : complain(all.error());
    }
    std::vector<Checked> all;
    for (const auto& file : files) {
        const auto text = read_file(file, pscheduler::largest_document);
        if (!text) {
            complain(text.error());
            return ExitCode::usage;
        }
        all.push_back({file, problems_of_limit_document(*text)});
    }
    return report(line, all);
}

/// JSON on the command line begins with a brace; everything else is the name of a file, with an '@' in front
/// or not.
Result<nlohmann::json> read_object(const CommandLine& line, std::string_view option) {
    const auto given = line.value(option);
    if (!given) return fail(ErrorKind::usage, fmt::format("say --{} JSON", option));
    std::string text = *given;
    std::string where = fmt::format("--{}", option);
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos || text[first] != '{') {
        where = text.starts_with('@') ? text.substr(1) : text;
        auto content = read_file(where, pscheduler::largest_document);
        if (!content) return fail(ErrorKind::usage, content.error().message);
        text = std::move(*content);
    }
    auto object = parse_json_text(text);
    if (!object) return fail(ErrorKind::usage, fmt::format("{}: {}", where, object.error().message));
    if (!object->is_object()) return fail(ErrorKind::usage, fmt::format("{}: expected a JSON object", where));
    return object;
}

ExitCode try_document(const CommandLine& line, const std::vector<std::string>& files) {
    if (files.size() != 1) return complain_about_usage("limits", "say which limit document: try FILE");
    const auto task = read_object(line, "task");
    if (!task) return complain_about_usage("limits", task.error().message);
    const auto hints = read_object(line, "hints");
    if (!hints) return complain_about_usage("limits", hints.error().message);
    const auto text = read_file(files.front(), pscheduler::largest_document);
    if (!text) {
        complain(text.error());
        return ExitCode::usage;
    }
    const auto document = pscheduler::parse_limit_document(*text);
    if (!document) {
        complain(document.error().in(files.front()));
        return ExitCode::usage;
    }
    const auto world = pscheduler::outside_world(line.paths);
    const auto decision = pscheduler::Assessment(*document, world, *hints, *task).decide();
    ordered_json result{{"passed", decision.passed}, {"diags", decision.diags}};
    result["priority"] = nullptr;
    if (decision.priority) {
        const auto whole = static_cast<std::int64_t>(*decision.priority);
        if (static_cast<double>(whole) == *decision.priority) {
            result["priority"] = whole;
        } else {
            result["priority"] = *decision.priority;
        }
    }
    result["task"] = decision.task;
    print_json(result);
    return decision.passed ? ExitCode::success : ExitCode::failure;
}

} // namespace

ExitCode limits(const CommandLine& line) {
    if (line.arguments.empty()) return check_documents(line, {});
    const std::string& verb = line.arguments.front();
    const std::vector<std::string> files(line.arguments.begin() + 1, line.arguments.end());
    if (verb == "check") return check_documents(line, files);
    if (verb == "try") return try_document(line, files);
    return complain_about_usage("limits", fmt::format("expected check or try, got \"{}\"", verb));
}

} // namespace meshprobe::command
