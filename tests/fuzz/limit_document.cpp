// Any bytes as a limit document: no crash, problems have words, and what is usable decides about a task.
#include "probe/limit/pscheduler/processor.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace meshprobe;
using namespace meshprobe::pscheduler;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::view(data, size);
    const auto read = read_limit_document(text);
    for (const auto& problem : read.found.problems)
        fuzz::promise(!problem.reason.empty(), "problems have words");
    if (!read.found.problems.empty()) return 0;
    World world; // without DNS, without network
    world.jq = [](const std::string&, const nlohmann::json&, const nlohmann::json& input) {
        return Result<std::optional<nlohmann::json>>(input);
    };
    world.list = [text](const std::string&) { return std::optional(std::string(text)); };
    const nlohmann::json hints{{"requester", "192.0.2.1"}, {"server", "2001:db8::1"}};
    const nlohmann::json task{{"test", {{"type", "rtt"}, {"spec", nlohmann::json::object()}}}};
    const nlohmann::json run{{"start", "2026-12-31T23:59:59+02:00"}, {"duration", "P1DT3S"}};
    Assessment assessment(read.document, world, hints, task);
    const auto decision = assessment.decide();
    fuzz::promise(decision.has_value(), "everybody answers here");
    fuzz::promise(!decision->diags.empty(), "decisions are explained");
    fuzz::promise(assessment.passes(nullptr).value() || !decision->passed, "one task, one decision");
    static_cast<void>(assessment.passes(run));
    return 0;
}
