// Whatever a page holds: points are ascending, their values are JSON, and the messages made of them are too.
#include "probe/fetch/points.hpp"

#include "lib/format/raw.hpp"
#include "lib/json.hpp"
#include "probe/fetch/array_scanner.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>

using namespace meshprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    SeriesSubject entry;
    entry.key = "key";
    const RawFormat transform(entry, "throughput");
    PointReader reader;
    std::string body;
    ArrayScanner scanner(
        [&](std::string_view batch) -> Status {
            auto points = reader.read(batch);
            Timestamp last = 0;
            for (const auto& point : points) {
                fuzz::promise(point.ts > last, "points are strictly ascending");
                last = point.ts;
                fuzz::promise(nlohmann::json::accept(point.value.text), "values are JSON");
            }
            points = points.first(std::min(points.size(), RawFormat::max_points));
            if (points.empty()) return {};
            transform.write(body, points, std::chrono::system_clock::time_point(std::chrono::seconds(1)));
            const auto message = nlohmann::json::parse(body);
            fuzz::promise(message["datapoints"].size() == points.size(), "no point is lost in the message");
            fuzz::promise(std::ranges::all_of(
                              body, [](char c) { return c >= ' ' && static_cast<unsigned char>(c) < 0x80; }),
                          "a message is a line of ASCII");
            return {};
        },
        {.element = 1024, .batch = 256});
    if (scanner.feed(fuzz::view(data, size))) static_cast<void>(scanner.finish());
    const auto& counts = reader.counts();
    fuzz::promise(counts.malformed + counts.null_values + counts.repeated <= counts.elements,
                  "every element is counted once");
    return 0;
}
