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
    CheckedDocument document;
};

/// What the configuration would make of a limit with this file.
Result<std::string> text_of_file(const Paths& paths, const std::string& file) {
    Limit limit;
    limit.file = file;
    return pscheduler::read_document_text(paths, limit);
}

/// Those that the configuration names; what cannot be had is a problem of that one.
Result<std::vector<Checked>> check_configured(const Paths& paths) {
    const auto loaded = load_config(paths);
    if (!loaded) return fail(loaded.error());
    std::vector<Checked> all;
    for (const auto& [name, limit] : loaded->config.limits) {
        if (limit.type != "pscheduler") continue;
        const auto text = pscheduler::read_document_text(paths, limit);
        const std::string shown = limit.file.empty() ? fmt::format("limits.{}.document", name) : limit.file;
        all.push_back({shown, text ? check_limit_document(paths, *text)
                                   : CheckedDocument{{{"", text.error().message}}, {}}});
    }
    return all;
}

ordered_json json_of(const std::vector<pscheduler::Problem>& problems) {
    auto list = ordered_json::array();
    for (const auto& problem : problems)
        list.push_back({{"path", problem.path}, {"reason", problem.reason}});
    return list;
}

void print(const Checked& checked) {
    const auto line = [&](const pscheduler::Problem& problem, std::string_view kind) {
        fmt::print("{}: {}: {}{}\n", one_line(checked.name),
                   problem.path.empty() ? "/" : one_line(problem.path), kind, one_line(problem.reason));
    };
    for (const auto& problem : checked.document.problems)
        line(problem, "");
    for (const auto& remark : checked.document.remarks)
        line(remark, "note: ");
    if (checked.document.problems.empty()) fmt::print("{}: OK\n", one_line(checked.name));
}

ExitCode report(const CommandLine& line, const std::vector<Checked>& all) {
    const bool is_good =
        std::ranges::all_of(all, [](const Checked& checked) { return checked.document.problems.empty(); });
    if (line.json) {
        auto list = ordered_json::array();
        for (const auto& [name, document] : all) {
            list.push_back({{"document", name},
                            {"valid", document.problems.empty()},
                            {"problems", json_of(document.problems)},
                            {"notes", json_of(document.remarks)}});
        }
        print_json(list);
    } else {
        for (const auto& checked : all)
            print(checked);
    }
    return is_good ? ExitCode::success : ExitCode::failure;
}

ExitCode check_documents(const CommandLine& line, const std::vector<std::string>& files) {
    if (files.empty()) {
        const auto all = check_configured(line.paths);
        if (!all) return complain(all.error());
        if (all->empty() && !line.json) fmt::print("The configuration names no limit document.\n");
        return report(line, *all);
    }
    std::vector<Checked> all;
    bool lacks_some = false;
    for (const auto& file : files) {
        if (const auto text = text_of_file(line.paths, file)) {
            all.push_back({file, check_limit_document(line.paths, *text)});
        } else {
            complain(text.error());
            lacks_some = true;
        }
    }
    const auto code = report(line, all);
    return lacks_some ? ExitCode::usage : code;
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
    const auto text = text_of_file(line.paths, files.front());
    if (!text) {
        complain(text.error());
        return ExitCode::usage;
    }
    const auto read = pscheduler::read_limit_document(*text);
    const auto world = pscheduler::outside_world(line.paths);
    auto problems = read.found.problems;
    if (problems.empty()) {
        auto proved = pscheduler::prove(read.found, world);
        if (!proved) return complain(proved.error().in(files.front()));
        problems = std::move(*proved);
    }
    if (!problems.empty()) {
        complain(pscheduler::error_of(problems).in(files.front()));
        return ExitCode::usage;
    }
    const auto decided = pscheduler::Assessment(read.document, world, *hints, *task).decide();
    if (!decided) return complain(decided.error().in(files.front()));
    const auto& decision = *decided;
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
