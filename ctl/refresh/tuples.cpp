#include "ctl/refresh/tuples.hpp"

#include "ctl/refresh/expect.hpp"

#include <fmt/core.h>

namespace meshprobe {

void read_tuples(const nlohmann::json& document, const MeshOracle& oracle, ExpectedWriter& expected,
                 MeshFacts& facts) {
    MeshExpansion expansion(document, oracle);
    ExpectationReader expectations(expected);
    FactReader fact_reader(facts);
    for (const MeshTask& task : expansion.tasks()) {
        if (task.disabled || !task.problem.empty()) continue;
        const bool is_expected = expectations.begin(task);
        const auto done = expansion.each(task, [&](const MeshTuple& tuple) {
            const auto archives = expansion.archives(task, tuple);
            if (!archives) return; // no agent creates it
            fact_reader.note(task, tuple, *archives);
            if (is_expected) expectations.note(tuple, *archives);
        });
        if (!done) fact_reader.refuse(fmt::format("task \"{}\"", task.name), done.error().message);
    }
}

} // namespace meshprobe
