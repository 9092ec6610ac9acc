#include "lib/config/codec.hpp"

#include "lib/config/suggest.hpp"

#include <fmt/core.h>

namespace meshprobe::codec {

void References::read(Reader& reader, const Node& node, std::vector<std::string>& value) const {
    const auto exists = [this](Reader& checker, const Reader::Item& item) {
        const auto found = checker.names.find(of);
        if (found == checker.names.end() || found->second.contains(item.text)) return true;
        const auto& known = found->second;
        const std::vector<std::string_view> words(known.begin(), known.end());
        checker.error(*item.mark,
                      fmt::format("there is no {} {}{}", of, quote(item.text), suggestion(item.text, words)));
        return false;
    };
    reader.set(node, value, exists);
}

std::string exact_size(std::uint64_t bytes) {
    constexpr std::string_view suffixes = "KMGT";
    std::string suffix;
    for (const char next : suffixes) {
        if (bytes == 0 || bytes % 1024 != 0) break;
        bytes /= 1024;
        suffix = next;
    }
    return std::to_string(bytes) + suffix;
}

void Set::read(Reader& reader, const Node& node, std::vector<std::string>& value) const {
    reader.set(node, value, [this](Reader& checker, const Reader::Item& item) {
        const auto wrong = check == nullptr ? std::string{} : check(item.text);
        if (!wrong.empty()) checker.error(*item.mark, wrong);
        return wrong.empty();
    });
}

void List::read(Reader& reader, const Node& node, std::vector<std::string>& value) const {
    const auto items = reader.list(node, example);
    if (!items) return;
    std::vector<std::string> texts;
    bool good = true;
    for (const auto& item : *items) {
        const auto wrong = check == nullptr ? std::string{} : check(item.text);
        if (!wrong.empty()) {
            reader.error(*item.mark, wrong);
            good = false;
        }
        texts.emplace_back(item.text);
    }
    if (good) value = std::move(texts);
}

void Script::read(Reader& reader, const Node& node, std::string& value) const {
    if (node.kind != Node::Kind::list) return Text{"jq program"}.read(reader, node, value);
    const auto lines = reader.list(node, "the lines of a jq program");
    if (!lines) return;
    value.clear();
    for (const auto& line : *lines)
        value.append(line.text) += '\n';
}

} // namespace meshprobe::codec
