#include "ctl/check_programs.hpp"

#include "ctl/limit_documents.hpp"
#include "ctl/printable.hpp"
#include "lib/config/tree.hpp"
#include "lib/file.hpp"
#include "lib/jq/jq.hpp"
#include "lib/json.hpp"
#include "lib/json_text/json_place.hpp"
#include "lib/transform/jq_transform.hpp"
#include "probe/limit/pscheduler/source.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace meshprobe {

namespace {

class ProgramCheck {
  public:
    ProgramCheck(const Paths& paths, LoadedConfig& loaded) : paths_(paths), loaded_(loaded) {}

    void check() {
        for (const auto& [name, limit] : loaded_.config.limits) {
            if (limit.type == "pscheduler") check_limit(limit);
        }
        for (const auto& [name, transform] : loaded_.config.transforms)
            check_transform(transform);
        for (const auto& [name, settings] : loaded_.config.tasks)
            check_document(name, settings.http);
    }

  private:
    /// At "SECTION.NAME.KEY" in the configuration.
    [[nodiscard]] Problem problem_at(std::string_view section, const std::string& name,
                                     std::string_view key) const {
        Problem problem;
        problem.entry = fmt::format("{}.{}", section, name);
        problem.path = fmt::format("{}.{}", problem.entry, key);
        const Node* node = loaded_.tree ? loaded_.tree->find(section) : nullptr;
        if (node != nullptr) node = node->find(name);
        if (node != nullptr) node = node->find(key);
        if (node != nullptr) {
            problem.file = node->mark.file_name();
            problem.line = node->mark.line;
            problem.column = node->mark.column;
        }
        return problem;
    }

    void add(Problem problem, std::string message, std::string effect) {
        problem.message = std::move(message);
        problem.effect = std::move(effect);
        loaded_.problems.push_back(std::move(problem));
    }

    void check_limit(const Limit& limit) {
        const std::string_view key = limit.file.empty() ? "document" : "file";
        auto problem = problem_at("limits", limit.name, key);
        const auto written = pscheduler::read_written_text(limit);
        if (!written) {
            if (::access(limit.file.c_str(), R_OK) < 0 && errno == EACCES)
                problem.scope = Problem::Scope::warning;
            return add(std::move(problem), written.error().message, effect_of(limit));
        }
        const auto text = pscheduler::read_document_text(paths_, limit);
        if (!text) {
            problem.scope = Problem::Scope::warning;
            return add(std::move(problem), text.error().message, effect_of(limit));
        }
        const bool is_own_file = !limit.file.empty() && !pscheduler::document_url(*written);
        for (const auto& found : check_limit_document(paths_, *text).problems) {
            if (is_own_file) {
                add_inside(limit, problem, *text, found);
            } else {
                add(problem,
                    fmt::format("{}: {}", found.path.empty() ? "/" : found.path, one_line(found.reason)),
                    effect_of(limit));
            }
        }
    }

    void add_inside(const Limit& limit, Problem problem, const std::string& text,
                    const pscheduler::Problem& found) {
        problem.file = limit.file;
        problem.path = found.path.empty() ? "/" : found.path;
        const auto place = place_in_json(text, found.path).value_or(place_of_fault(text));
        problem.line = place.line;
        problem.column = place.column;
        add(std::move(problem), one_line(found.reason), effect_of(limit));
    }

    static TextPlace place_of_fault(const std::string& text) {
        try {
            [[maybe_unused]] const auto parsed = nlohmann::json::parse(text);
        } catch (const nlohmann::json::parse_error& error) {
            return place_of_byte(text, error.byte > 0 ? error.byte - 1 : 0);
        } catch (const nlohmann::json::exception&) { // a number out of range; where, it does not say
        }
        return {};
    }

    void check_transform(const Transform& transform) {
        const auto compiled = JqTransform(transform).compile();
        if (compiled) return;
        auto problem = problem_at("transforms", transform.name, "script");
        // Else something is missing here, not in the program.
        const auto kind = compiled.error().kind;
        if (kind != ErrorKind::configuration && kind != ErrorKind::interrupted)
            problem.scope = Problem::Scope::warning;
        std::vector<std::string> users;
        for (const auto& [name, archive] : loaded_.config.archives) {
            if (archive.transform == transform.name) users.push_back(name);
        }
        add(std::move(problem), one_line(words_of(compiled.error(), transform)),
            users.empty()
                ? "no archive uses it"
                : fmt::format("nothing is sent to archive {}, and what is missing there is recorded as "
                              "gaps",
                              fmt::join(users, ", ")));
    }

    void check_document(const std::string& task, const HttpDocument& document) {
        constexpr std::size_t largest_program = 1U << 20;
        if (document.url.empty()) return;
        const auto script = document.file.empty() ? Result<std::string>(document.script)
                                                  : read_file(document.file, largest_program);
        auto problem = problem_at("tasks", task, "http");
        if (!document.file.empty()) problem.file = document.file;
        const std::string effect = fmt::format("task {} collects nothing by http", task);
        if (!script) {
            if (::access(document.file.c_str(), R_OK) < 0 && errno == EACCES)
                problem.scope = Problem::Scope::warning;
            return add(std::move(problem), script.error().message, effect);
        }
        JqOptions options;
        options.arguments = {{"host", ""}};
        options.modules = jq_modules();
        const auto compiled = JqProgram::compile(*script, std::move(options));
        if (compiled) return;
        const auto kind = compiled.error().kind;
        if (kind != ErrorKind::configuration && kind != ErrorKind::interrupted)
            problem.scope = Problem::Scope::warning;
        auto words = compiled.error().message;
        std::ranges::replace(words, '\n', ' ');
        add(std::move(problem), one_line(words), effect);
    }

    /// jq's own: where the program is, the place says.
    static std::string words_of(const Error& error, const Transform& transform) {
        const auto prefix = fmt::format("transform {}: ", transform.name);
        auto words = error.message;
        if (words.starts_with(prefix)) words.erase(0, prefix.size());
        std::ranges::replace(words, '\n', ' ');
        return words;
    }

    [[nodiscard]] std::string effect_of(const Limit& limit) const {
        const auto uses = [&limit](const TaskSettings& settings) {
            return std::ranges::binary_search(settings.limits, limit.name);
        };
        std::vector<std::string> users;
        for (const auto& [task, settings] : loaded_.config.tasks) {
            if (uses(settings)) {
                users.push_back("task " + task);
                continue;
            }
            for (const auto& section : loaded_.config.host_sections) {
                if (!section.faulty && uses(loaded_.config.task(task, section.pattern)))
                    users.push_back(fmt::format("task {} of host {}", task, section.key));
            }
        }
        return users.empty() ? "no task uses it" : fmt::format("{} collects nothing", fmt::join(users, ", "));
    }

    const Paths& paths_;
    LoadedConfig& loaded_;
};

} // namespace

void check_programs(const Paths& paths, LoadedConfig& loaded) {
    ProgramCheck(paths, loaded).check();
}

} // namespace meshprobe
