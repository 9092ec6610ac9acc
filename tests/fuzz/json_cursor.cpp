// What the cursor takes for JSON, others do too; and what it does with values is what others make of them.
#include "lib/json_text/json_cursor.hpp"

#include "lib/json.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <string>

using namespace meshprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::Padded text(fuzz::view(data, size));
    JsonCursor cursor(text.view());
    const auto value = cursor.value();
    const bool is_json = value && cursor.peek() == '\0';
    const bool accepted = nlohmann::json::accept(text.view());
    fuzz::promise(!is_json || accepted, "what is taken for JSON is JSON");
    // Longer texts may nest too deeply, which only we mind; a zero byte looks like the end to peek().
    if (size <= JsonCheck::max_depth && text.view().find('\0') == std::string_view::npos) {
        fuzz::promise(is_json == accepted, "what is JSON is taken for it");
    }
    if (!is_json) return 0;
    const auto document = nlohmann::json::parse(text.view());
    std::string ascii;
    append_ascii(ascii, *value);
    for (const char c : ascii)
        fuzz::promise(c >= ' ' && static_cast<unsigned char>(c) < 0x80, "one line of ASCII");
    fuzz::promise(nlohmann::json::parse(ascii) == document, "that means the same");
    if (const auto string = unescape(*value)) {
        fuzz::promise(document.is_string() && document.get<std::string>() == *string, "escapes are resolved");
    }
    if (const auto integer = to_integer(*value); integer && document.is_number_integer()) {
        fuzz::promise(document.get<std::int64_t>() == *integer, "integers are read");
    }
    return 0;
}
