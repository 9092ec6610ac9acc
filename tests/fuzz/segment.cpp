// Any bytes as a segment: refused, or exactly what a builder would have written.
#include "lib/spool/segment.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>

using namespace meshprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = fuzz::view(data, size);
    if (const auto segment = Segment::parse(std::string(bytes))) {
        std::uint64_t points = 0;
        for (const auto& message : segment->messages())
            points += message.points;
        fuzz::promise(points == segment->points(), "points are counted");
    }

    // The bytes as bodies of a good segment, one of whose bytes is then another.
    SegmentBuilder builder({"meshprobe@h", "h", "default", "local", "run", "raw"}, 0, 0);
    std::string body;
    for (const char c : bytes) {
        if (c != '\n') body += c;
    }
    const std::size_t half = body.size() / 2;
    builder.add("throughput", 1, std::string_view(body).substr(0, half));
    builder.add("failures", 2, std::string_view(body).substr(half));
    auto good = std::move(builder).finish();
    const auto read = Segment::parse(good);
    fuzz::promise(read.has_value() && read->messages().size() == 2, "what was built can be read");
    fuzz::promise(std::string(read->messages()[0].body) + std::string(read->messages()[1].body) == body,
                  "and is the same");
    if (!bytes.empty()) {
        const auto at = (bytes.size() * 31 + static_cast<unsigned char>(bytes.front()) * 7U) % good.size();
        good[at] = static_cast<char>(good[at] ^ (1 << (bytes.size() % 8)));
        fuzz::promise(!Segment::parse(good), "one flipped bit is seen");
        fuzz::promise(!Segment::parse(good.substr(0, at)), "so is a torn end");
    }
    return 0;
}
