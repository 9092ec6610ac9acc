// Template variables: {% NAME %} in the strings of tests, archives, contexts and references. Private to
// lib/mesh.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/mesh/expansion.hpp"

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace meshprobe {

/// Whom {% localhost %} means: the agent itself calls itself so; for everybody else it is the scheduler.
enum class Localhost { as_written, scheduler };

struct VariableValues {
    const MeshTuple& tuple;
    /// The value of {% jq PROGRAM %}; empty: it has none.
    std::function<Result<nlohmann::json>(const std::string& program)> jq;
    Localhost localhost = Localhost::as_written;
};

/// "http://2001:db8::1/" becomes "http://[2001:db8::1]/", wherever in the text.
[[nodiscard]] std::string with_brackets_in_urls(const std::string& text);

/// The names within {% %} anywhere in `value`, each once.
[[nodiscard]] std::set<std::string> variables_in(const nlohmann::json& value);
[[nodiscard]] bool is_jq_variable(std::string_view name);

/// Why a variable has no value in tuples of that many members; success if it has one, or if jq must tell.
[[nodiscard]] Status check_variable(std::string_view name, std::size_t dimension);

/// `address[0]` … of one tuple; JSON of any type.
[[nodiscard]] Result<nlohmann::json> variable_value(const std::string& name, const VariableValues& values);

/// A copy with every variable replaced: a string that is nothing but a variable by its value, others by text.
/// A bare IPv6 literal behind http:// or https:// gets its brackets.
[[nodiscard]] Result<nlohmann::json> with_variables(const nlohmann::json& value,
                                                    const VariableValues& values);

} // namespace meshprobe
