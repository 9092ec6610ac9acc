#include "lib/mesh/variables.hpp"

#include "lib/mesh/json_text.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view jq_prefix = "jq";

struct Variable {
    std::size_t begin = 0; ///< of "{%"
    std::size_t end = 0;   ///< behind "%}"
    std::string name;
};

/// The next {% NAME %}, a blank at least on either side of NAME; everything else is text.
std::optional<Variable> next_variable(std::string_view text, std::size_t from) {
    for (auto begin = text.find("{%", from); begin != std::string_view::npos;
         begin = text.find("{%", begin + 2)) {
        const auto first = text.find_first_not_of(blanks, begin + 2);
        if (first == begin + 2 || first == std::string_view::npos) continue;
        for (auto end = text.find("%}", first); end != std::string_view::npos;
             end = text.find("%}", end + 2)) {
            const auto last = text.find_last_not_of(blanks, end - 1);
            if (last == end - 1 || last < first) continue;
            return Variable{begin, end + 2, std::string(text.substr(first, last - first + 1))};
        }
        return std::nullopt;
    }
    return std::nullopt;
}

void collect(const json& value, std::set<std::string>& names) {
    const auto collect_from = [&](const std::string& text) {
        std::size_t from = 0;
        while (const auto variable = next_variable(text, from)) {
            names.insert(variable->name);
            from = variable->end;
        }
    };
    if (value.is_string()) collect_from(value.get_ref<const std::string&>());
    if (value.is_object()) {
        for (auto member = value.begin(); member != value.end(); ++member)
            collect_from(member.key());
    }
    if (!value.is_structured()) return;
    for (const json& part : value)
        collect(part, names);
}

enum class Kind { address, pscheduler_address, lead_bind_address };

struct Indexed {
    Kind kind = Kind::address;
    std::size_t index = 0;
};

std::optional<Indexed> parse_indexed(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, Kind>, 3> known{{
        {"address[", Kind::address},
        {"pscheduler_address[", Kind::pscheduler_address},
        {"lead_bind_address[", Kind::lead_bind_address},
    }};
    for (const auto& [prefix, kind] : known) {
        if (!name.starts_with(prefix) || !name.ends_with(']')) continue;
        std::size_t index = 0;
        const char* end = name.data() + name.size() - 1;
        const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, index);
        if (error == std::errc{} && stop == end) return Indexed{kind, index};
    }
    return std::nullopt;
}

bool is_ipv6(const std::string& text) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool ends_with_scheme(std::string_view text) {
    return text.ends_with("http://") || text.ends_with("https://");
}

/// "2001:db8:0:0:0:0:0:1:8080" without its port; one with "::" in it might as well be all address.
std::string without_last_group(const std::string& literal) {
    return literal.find("::") == std::string::npos ? literal.substr(0, literal.rfind(':')) : literal;
}

std::string value_of(const Indexed& variable, const Participant& member) {
    std::string value;
    if (variable.kind == Kind::pscheduler_address)
        value = string_member(*member.properties, "pscheduler-address");
    if (variable.kind == Kind::lead_bind_address)
        value = string_member(*member.properties, "lead-bind-address");
    if (value.empty()) value = member.address;
    // Whatever it names, it may have a port behind it.
    if (variable.kind == Kind::pscheduler_address && is_ipv6(value)) value = "[" + value + "]";
    return value;
}

Result<json> replaced(const std::string& text, const VariableValues& values) {
    std::string result;
    std::size_t done = 0;
    while (const auto variable = next_variable(text, done)) {
        auto value = variable_value(variable->name, values);
        if (!value) return value;
        if (variable->begin == 0 && variable->end == text.size()) {
            if (value->is_string()) return with_brackets_in_urls(value->get_ref<const std::string&>());
            return value;
        }
        result += text.substr(done, variable->begin - done);
        const std::string part = value->is_string()
                                     ? value->get_ref<const std::string&>()
                                     : value->dump(-1, ' ', false, json::error_handler_t::replace);
        // A port may follow, and then only here it is known where the address ends.
        result += ends_with_scheme(result) && is_ipv6(part) ? "[" + part + "]" : part;
        done = variable->end;
    }
    return with_brackets_in_urls(result + text.substr(done));
}

} // namespace

std::string with_brackets_in_urls(const std::string& text) {
    std::string result;
    std::size_t done = 0;
    for (auto colon = text.find("://"); colon != std::string::npos; colon = text.find("://", colon + 3)) {
        const auto start = colon + 3;
        if (!ends_with_scheme(std::string_view(text).substr(0, start))) continue;
        const auto end = std::min(text.find_first_not_of("0123456789abcdefABCDEF:.", start), text.size());
        std::string literal = text.substr(start, end - start);
        if (!is_ipv6(literal)) literal = without_last_group(literal);
        if (!is_ipv6(literal)) continue;
        result += text.substr(done, start - done) + "[" + literal + "]";
        done = start + literal.size();
    }
    return result + text.substr(done);
}

std::set<std::string> variables_in(const json& value) {
    std::set<std::string> names;
    collect(value, names);
    return names;
}

bool is_jq_variable(std::string_view name) {
    return name.size() > jq_prefix.size() && name.starts_with(jq_prefix) &&
           blanks.find(name[jq_prefix.size()]) != std::string_view::npos;
}

Status check_variable(std::string_view name, std::size_t dimension) {
    if (name == "scheduled_by_address" || name == "localhost" || name == "flip" || is_jq_variable(name))
        return {};
    const auto indexed = parse_indexed(name);
    if (!indexed) return fail(ErrorKind::protocol, fmt::format("there is no variable {}", in_quotes(name)));
    if (indexed->index < dimension) return {};
    return fail(ErrorKind::protocol,
                fmt::format("the variable {} asks for more than the {} of each tuple", in_quotes(name),
                            dimension == 1 ? "one member" : "two members"));
}

Result<json> variable_value(const std::string& name, const VariableValues& values) {
    const MeshTuple& tuple = values.tuple;
    if (auto checked = check_variable(name, tuple.members.size()); !checked) return fail(checked.error());
    const Participant& scheduler = tuple.members[tuple.scheduler];
    if (is_jq_variable(name)) {
        if (!values.jq)
            return fail(ErrorKind::protocol, fmt::format("{} is not evaluated here", in_quotes(name)));
        return values.jq(name.substr(jq_prefix.size() + 1));
    }
    if (name == "flip") return json(tuple.flip);
    if (name == "localhost" && !tuple.flip && values.localhost == Localhost::as_written)
        return json("localhost");
    const auto indexed = parse_indexed(name);
    return json(indexed ? value_of(*indexed, tuple.members[indexed->index]) : std::string(scheduler.address));
}

Result<json> with_variables(const json& value, const VariableValues& values) {
    if (value.is_string()) return replaced(value.get_ref<const std::string&>(), values);
    if (value.is_array()) {
        json result = json::array();
        for (const json& part : value) {
            auto done = with_variables(part, values);
            if (!done) return done;
            result.push_back(std::move(*done));
        }
        return result;
    }
    if (!value.is_object()) return value;
    json result = json::object();
    for (auto member = value.begin(); member != value.end(); ++member) {
        auto done = with_variables(*member, values);
        if (!done) return done;
        auto key = replaced(member.key(), values);
        if (!key) return key;
        result[key->is_string() ? key->get<std::string>() : key->dump()] = std::move(*done);
    }
    return result;
}

} // namespace meshprobe
