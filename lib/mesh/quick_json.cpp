#include "lib/mesh/quick_json.hpp"

#include <simdjson.h>

#include <string>
#include <utility>

namespace meshprobe {

namespace {

using nlohmann::json;
namespace dom = simdjson::dom;

/// Never deeper than the parser, which was told how deep it may go.
json built(const dom::element& element, bool& has_twins) {
    switch (element.type()) {
    case dom::element_type::OBJECT: {
        const dom::object fields = element.get_object().value_unsafe();
        json::object_t object;
        for (const auto field : fields) {
            if (field.key.starts_with('#')) continue;
            auto value = built(field.value, has_twins);
            if (!object.insert_or_assign(std::string(field.key), std::move(value)).second)
                has_twins = true; // the last of a name counts
        }
        return object;
    }
    case dom::element_type::ARRAY: {
        const dom::array elements = element.get_array().value_unsafe();
        json::array_t array;
        array.reserve(elements.size());
        for (const auto each : elements)
            array.push_back(built(each, has_twins));
        return array;
    }
    case dom::element_type::STRING:
        return std::string(element.get_string().value_unsafe());
    case dom::element_type::DOUBLE:
        return element.get_double().value_unsafe();
    case dom::element_type::UINT64:
        return element.get_uint64().value_unsafe();
    case dom::element_type::INT64: {
        const auto number = element.get_int64().value_unsafe();
        return number < 0 ? json(number) : json(static_cast<json::number_unsigned_t>(number));
    }
    case dom::element_type::BOOL:
        return element.get_bool().value_unsafe();
    case dom::element_type::NULL_VALUE:
        break;
    }
    return nullptr;
}

} // namespace

std::optional<json> parse_quickly(std::string_view text, std::size_t deepest, bool* has_twins) {
    dom::parser parser;
    if (parser.allocate(text.size(), deepest) != simdjson::SUCCESS) return std::nullopt;
    const auto document = parser.parse(text.data(), text.size());
    if (document.error() != simdjson::SUCCESS) return std::nullopt;
    bool found_twins = false;
    auto value = built(document.value_unsafe(), found_twins);
    if (has_twins != nullptr) *has_twins = found_twins;
    return value;
}

} // namespace meshprobe
