#include "lib/mesh/oracle.hpp"

#include "lib/mesh/json_text.hpp"

namespace meshprobe {

std::string jq_program(const nlohmann::json& value) {
    const nlohmann::json* script = value.is_string() ? &value : find_member(value, "script");
    if (script == nullptr) return {};
    if (script->is_string()) return script->get<std::string>();
    std::string program;
    if (!script->is_array()) return program;
    for (const nlohmann::json& line : *script) {
        if (!line.is_string()) continue;
        if (!program.empty()) program += '\n';
        program += line.get_ref<const std::string&>();
    }
    return program;
}

const std::optional<std::vector<std::string>>& Oracle::addresses_of(const std::string& name) {
    const auto known = addresses_.find(name);
    if (known != addresses_.end()) return known->second;
    return addresses_.emplace(name, oracle_.resolve ? oracle_.resolve(name) : std::nullopt).first->second;
}

Result<std::optional<nlohmann::json>> Oracle::first_result(const std::string& program,
                                                           const nlohmann::json& input) {
    constexpr std::chrono::seconds most_time{10};
    if (const auto given_up = given_up_.find(program); given_up != given_up_.end())
        return fail(given_up->second);
    if (jq_time_ > most_time)
        return fail(ErrorKind::interrupted, "the jq programs of the document take more than 10s together");
    const auto begin = std::chrono::steady_clock::now();
    auto result = oracle_.jq(program, input);
    jq_time_ += std::chrono::steady_clock::now() - begin;
    if (!result && result.error().kind == ErrorKind::interrupted) given_up_.emplace(program, result.error());
    return result;
}

} // namespace meshprobe
