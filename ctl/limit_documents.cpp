#include "ctl/limit_documents.hpp"

#include "lib/jq/jq.hpp"
#include "probe/limit/pscheduler/document.hpp"

namespace meshprobe {

std::vector<pscheduler::Problem> problems_of_limit_document(std::string_view text) {
    auto found = pscheduler::read_limit_document(text).found;
    for (const auto& [path, script] : found.scripts) {
        JqOptions options;
        options.arguments = script.arguments;
        if (const auto compiled = JqProgram::compile(script.program, options); !compiled)
            found.problems.push_back({path + "/script", compiled.error().message});
    }
    return std::move(found.problems);
}

} // namespace meshprobe
