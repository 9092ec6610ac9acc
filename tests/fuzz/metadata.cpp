// Whatever a search answers: entries have usable keys, URIs are paths, and what messages repeat is JSON.
#include "probe/fetch/metadata.hpp"

#include "lib/json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace meshprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::uint64_t entries = 0;
    MetadataReader reader({}, [&](MetadataEntry&& entry) -> Status {
        ++entries;
        fuzz::promise(!entry.key.empty() && entry.key.size() <= 128 &&
                          entry.key.find_first_of("/ \n\"") == std::string::npos,
                      "keys are names");
        for (const auto* meta : {&entry.meta.source, &entry.meta.destination, &entry.meta.tool_name,
                                 &entry.meta.time_duration}) {
            fuzz::promise(meta->empty() || nlohmann::json::accept(*meta), "meta is JSON");
        }
        for (const auto& event_type : entry.event_types) {
            fuzz::promise(event_type.base_uri.starts_with('/') && !event_type.base_uri.starts_with("//"),
                          "URIs stay on the host");
            fuzz::promise(!event_type.name.empty(), "event types have names");
        }
        return {};
    });
    if (reader.feed(fuzz::view(data, size))) static_cast<void>(reader.finish());
    fuzz::promise(entries <= reader.page().elements, "no entry is made up");
    fuzz::promise(reader.page().reasons.size() <= reader.page().skipped, "no reason is made up");
    return 0;
}
