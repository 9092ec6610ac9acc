// raw_messages KEY EVENT-TYPE <PAGE >MESSAGES: a page of points as the messages made of it, one a line, so
// that another language's parser can judge them (raw_messages_test.py).
#include "lib/format/raw.hpp"
#include "probe/fetch/array_scanner.hpp"
#include "probe/fetch/points.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <string>

using namespace meshprobe;

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    SeriesSubject entry;
    entry.key = argv[1];
    const RawFormat transform(entry, argv[2]);
    PointReader reader;
    std::string body;
    ArrayScanner scanner([&](std::string_view batch) -> Status {
        for (auto rest = reader.read(batch); !rest.empty();) {
            const auto part = rest.first(std::min(rest.size(), RawFormat::max_points));
            transform.write(body, part, std::chrono::system_clock::now());
            std::cout << body << '\n';
            rest = rest.subspan(part.size());
        }
        return {};
    });
    std::array<char, 4096> chunk{};
    Status status;
    while (status && std::cin.read(chunk.data(), chunk.size()).gcount() > 0) {
        status = scanner.feed({chunk.data(), static_cast<std::size_t>(std::cin.gcount())});
    }
    if (status) status = scanner.finish();
    if (!status) std::cerr << status.error().message << '\n';
    return status ? 0 : 1;
}
