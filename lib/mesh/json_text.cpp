#include "lib/mesh/json_text.hpp"

#include "lib/json_text/nesting.hpp"
#include "lib/mesh/mended_text.hpp"
#include "lib/mesh/quick_json.hpp"
#include "lib/mesh/text_faults.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace meshprobe {

namespace {

using nlohmann::json;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
    return result;
}

std::string describe_markup(std::string_view text) {
    constexpr std::size_t head_of_a_page = 4096;
    const std::string_view head = text.substr(0, head_of_a_page);
    const std::string folded = lower(head);
    if (folded.find("<html") == std::string::npos && !folded.starts_with("<!doctype html")) return "XML";
    const auto tag = folded.find("<title");
    const auto start = tag == std::string::npos ? tag : folded.find('>', tag);
    const auto end = start == std::string::npos ? start : folded.find('<', start);
    if (end == std::string::npos) return "an HTML page (a login page?)";
    return fmt::format("an HTML page (a login page?) titled {}",
                       in_quotes(trimmed(head.substr(start + 1, end - start - 1))));
}

/// `written`: how many bytes the text had before it was mended.
std::string describe_text(std::string_view text, std::size_t written, const json::exception& error) {
    const std::string_view body = trimmed(text);
    if (body.empty()) return "an empty document";
    if (body.front() == '<') return describe_markup(body);
    if (body.starts_with("\x1f\x8b")) return "gzip data";
    if (body.front() != '{' && body.front() != '[')
        return fmt::format("not JSON; it begins with {}", in_quotes(body.substr(0, 40)));
    const auto* parse_error = dynamic_cast<const json::parse_error*>(&error);
    if (parse_error != nullptr && parse_error->byte > text.size()) {
        return fmt::format("JSON that ends early, after {} bytes (truncated?)", written);
    }
    if (parse_error != nullptr)
        return fmt::format("broken JSON, at {}",
                           place_in_text(text, std::max<std::size_t>(parse_error->byte, 1) - 1));
    return "JSON with a number out of range";
}

Result<json> parse_without_comments(std::string_view text, std::size_t written) {
    const auto keep = [](int, json::parse_event_t event, const json& parsed) {
        return event != json::parse_event_t::key || !parsed.get_ref<const std::string&>().starts_with('#');
    };
    try {
        auto parsed = json::parse(text, keep);
        const auto nul = text.find('\0'); // where that parser takes the text to end
        if (nul == std::string_view::npos) return parsed;
        return fail(ErrorKind::protocol,
                    fmt::format("broken JSON, at {}: a NUL byte", place_in_text(text, nul)));
    } catch (const json::exception& error) {
        return fail(ErrorKind::protocol, describe_text(text, written, error));
    }
}

/// For what is not plainly good JSON: it is mended where that harms nothing else, and this is told.
Result<json> parse_leniently(std::string_view text, std::vector<MeshProblem>& problems) {
    MendedText mended = with_sound_values(text);
    if (mended.first_replaced != std::string::npos) {
        problems.push_back({"", fmt::format("{}: no UTF-8, or half a surrogate pair; read as U+FFFD, there "
                                            "and wherever else it stands",
                                            place_in_text(mended.text, mended.first_replaced))});
    }
    find_text_faults(mended.text, problems);
    if (nesting(mended.text) > deepest_nesting)
        mended.text = without_deep_values(mended.text, deepest_nesting);
    return parse_without_comments(mended.text, text.size());
}

} // namespace

Result<json> parse_json_text(std::string_view text, std::vector<MeshProblem>* problems) {
    std::vector<MeshProblem> found;
    bool has_twins = false;
    auto quick = parse_quickly(text, deepest_nesting, &has_twins);
    if (quick && has_twins && problems != nullptr) find_text_faults(text, found);
    auto parsed = quick ? Result<json>(std::move(*quick)) : parse_leniently(text, found);
    if (problems != nullptr) problems->insert(problems->end(), found.begin(), found.end());
    return parsed;
}

std::string describe_json(const json& value) {
    if (!value.is_object()) {
        return value.is_array() ? "a JSON array" : fmt::format("a JSON {}", value.type_name());
    }
    if (value.empty()) return "an empty JSON object";
    constexpr std::size_t shown = 5;
    std::string names;
    std::size_t count = 0;
    for (const auto& [name, member] : value.items()) {
        if (count++ == shown) break;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", in_quotes(name));
    }
    return fmt::format("a JSON object with the member{} {}{}", count == 1 ? "" : "s", names,
                       value.size() > shown ? ", …" : "");
}

const json* find_member(const json& object, std::string_view name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

const json& object_member(const json& object, std::string_view name) {
    static const json none = json::object();
    const json* member = find_member(object, name);
    return member != nullptr && member->is_object() ? *member : none;
}

const json& array_member(const json& object, std::string_view name) {
    static const json none = json::array();
    const json* member = find_member(object, name);
    return member != nullptr && member->is_array() ? *member : none;
}

const std::string& string_member(const json& object, std::string_view name) {
    static const std::string none;
    const json* member = find_member(object, name);
    return member != nullptr && member->is_string() ? member->get_ref<const std::string&>() : none;
}

std::optional<double> number_member(const json& object, std::string_view name) {
    const json* value = find_member(object, name);
    if (value == nullptr) return std::nullopt;
    if (value->is_number()) return value->get<double>();
    if (!value->is_string()) return std::nullopt;
    const auto& text = value->get_ref<const std::string&>();
    double result = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(result) : std::nullopt;
}

bool bool_member(const json& object, std::string_view name) {
    const json* member = find_member(object, name);
    if (member == nullptr) return false;
    if (member->is_boolean()) return member->get<bool>();
    if (member->is_number()) return member->get<double>() != 0;
    if (!member->is_string()) return false;
    const std::string text = lower(trimmed(member->get_ref<const std::string&>()));
    return text == "1" || text == "true" || text == "yes" || text == "on";
}

} // namespace meshprobe
