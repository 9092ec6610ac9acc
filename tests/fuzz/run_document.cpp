// Whatever is pushed to us: documents are cut the same however they arrive, what is made of them is JSON on a
// line of ASCII in every format but `lines`, which is UTF-8, and one run gives each event type once.
#include "lib/format/format.hpp"
#include "lib/json.hpp"
#include "lib/pscheduler/document_stream.hpp"
#include "lib/pscheduler/run_record.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace meshprobe;

namespace {

constexpr std::size_t largest = 2048;

/// Of ASCII, or at least of UTF-8.
bool is_line(const std::string& body, bool of_ascii) {
    const auto is_good = [of_ascii](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= ' ' && (byte < 0x80 || !of_ascii);
    };
    return !body.empty() && std::ranges::all_of(body, is_good) &&
           nlohmann::json::accept(
               nlohmann::json(body).dump(-1, ' ', false, nlohmann::json::error_handler_t::strict));
}

void check(const RunRecord& record) {
    std::set<std::string> event_types;
    for (const auto& value : record.values) {
        fuzz::promise(event_types.insert(value.event_type).second, "an event type comes once");
        fuzz::promise(nlohmann::json::accept(value.json), "values are JSON");
        const fuzz::Padded padded(value.json);
        const Point point{record.ts, {padded.view(), true}};
        for (const auto name : format_names) {
            std::string body;
            make_format(name, record.subject, value.event_type)
                ->write(body, {&point, 1}, std::chrono::system_clock::time_point(std::chrono::seconds(1)));
            fuzz::promise(is_line(body, name != "lines"), "a message is a line");
            fuzz::promise(name == "lines" || nlohmann::json::accept(body), "a message is JSON");
        }
    }
    fuzz::promise(record.subject.key.size() == 32, "a subject has an identity");
}

std::vector<std::string> cut(std::string_view text, std::size_t chunk) {
    std::vector<std::string> found;
    DocumentStream stream(
        {.document = [&](auto document,
                         auto line) { found.push_back(std::to_string(line) + ":" + std::string(document)); },
         .problem = [&](auto problem,
                        auto line) { found.push_back(std::to_string(line) + "!" + std::string(problem)); }},
        largest);
    for (; !text.empty(); text.remove_prefix(std::min(chunk, text.size())))
        stream.feed(text.substr(0, chunk));
    stream.finish();
    return found;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::view(data, size);
    const auto documents = cut(text, size == 0 ? 1 : size);
    fuzz::promise(documents == cut(text, 7), "chunks do not matter");
    for (const auto& found : documents) {
        const auto document = found.substr(found.find_first_of(":!") + 1);
        if (const auto record = read_run_record(document)) check(*record);
    }
    if (const auto record = read_run_record(text)) check(*record);
    return 0;
}
