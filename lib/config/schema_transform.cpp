// The keys of transforms, which are those of pScheduler's transform objects.
#include "lib/config/codec.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <iterator>

namespace meshprobe {

namespace {

void append_text(std::string& json, std::string_view text) {
    json += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') json += '\\';
        if (static_cast<unsigned char>(c) < 0x20) {
            fmt::format_to(std::back_inserter(json), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
            json += c;
        }
    }
    json += '"';
}

/// What is JSON by itself (true, 1.5, "text in quotes") is that, all else is text.
void append_scalar(std::string& json, const std::string& text) {
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    const bool is_json = parser.parse(text).get(element) == simdjson::SUCCESS;
    if (is_json && !element.is_object() && !element.is_array()) {
        json += text;
    } else {
        append_text(json, text);
    }
}

void append_node(std::string& json, const Node& node) {
    const char* separator = "";
    switch (node.kind) {
    case Node::Kind::empty:
        json += "null";
        break;
    case Node::Kind::scalar:
        append_scalar(json, node.text);
        break;
    case Node::Kind::list:
        json += '[';
        for (const auto& item : node.items) {
            json += std::exchange(separator, ",");
            append_node(json, *item);
        }
        json += ']';
        break;
    case Node::Kind::mapping:
        json += '{';
        for (const auto& [name, entry] : node.entries) {
            json += std::exchange(separator, ",");
            append_text(json, name);
            json += ':';
            append_node(json, *entry.value);
        }
        json += '}';
        break;
    }
}

/// Any values by the names that the program uses: $NAME.
struct Arguments {
    std::string_view type = "mapping of any";
    void read(Reader& reader, const Node& node, std::string& value) const {
        if (!reader.mapping(node)) return;
        value.clear();
        append_node(value, node);
    }
    [[nodiscard]] Shown show(const std::string& value) const {
        return value.empty() ? Shown{} : Shown(value);
    }
};

} // namespace

const Keys<Transform>& transform_keys() {
    using codec::key;
    static const Keys<Transform> keys{
        key("script", &Transform::script, codec::Script{}),
        key("args", &Transform::arguments, Arguments{}),
        key("output-raw", &Transform::output_raw, codec::Flag{}),
    };
    return keys;
}

} // namespace meshprobe
