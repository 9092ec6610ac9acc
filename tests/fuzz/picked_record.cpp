// Whatever a jq program makes of a document: it is a record that can be kept, or an error.
#include "probe/fetch/picked_record.hpp"

#include "lib/json_text/json_cursor.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <string>

using namespace meshprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text(fuzz::view(data, size));
    text.append(16, '"');
    JsonCursor cursor(std::string_view(text).substr(0, size));
    const auto value = cursor.value();
    if (!value) return 0;
    const auto record = read_picked_record(*value, "h");
    if (!record) return 0;
    fuzz::promise(record->ts > 0 && record->ts <= latest_timestamp, "a record has a time");
    fuzz::promise(record->values.size() == 1 && !record->values.front().json.empty(), "and a value");
    fuzz::promise(record->subject.key.find_first_of(" /\"\n") == std::string::npos, "a key is a key");
    fuzz::promise(record->values.front().event_type.find_first_of(" /\"\n") == std::string::npos,
                  "an event type is a name");
    return 0;
}
