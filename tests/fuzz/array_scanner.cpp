// Any chunking of the same bytes gives the same batches and the same error, and no batch exceeds its bound.
#include "probe/fetch/array_scanner.hpp"

#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace meshprobe;

namespace {

std::vector<std::string> scan(std::string_view text, const ArrayScanner::Limits& limits,
                              std::string_view sizes) {
    std::vector<std::string> seen;
    ArrayScanner scanner(
        [&](std::string_view batch) -> Status {
            fuzz::promise(batch.size() <= limits.element + 2, "a batch is bounded");
            fuzz::promise(batch.front() == '[' && batch.back() == ']', "a batch is an array");
            seen.emplace_back(batch);
            return {};
        },
        limits);
    Status status;
    for (std::size_t i = 0; status && !text.empty(); ++i) {
        const std::size_t wanted =
            sizes.empty() ? text.size() : 1 + static_cast<unsigned char>(sizes[i % sizes.size()]) % 100;
        const std::string chunk(text.substr(0, wanted)); // its own memory, so that reads beyond it are seen
        status = scanner.feed(chunk);
        text.remove_prefix(chunk.size());
    }
    if (status) status = scanner.finish();
    seen.push_back(status ? "complete" : "error: " + status.error().message);
    return seen;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = fuzz::view(data, size);
    if (text.size() < 6) return 0;
    const auto sizes = text.substr(0, 4);
    const std::size_t element = 1 + static_cast<unsigned char>(text[4]) * 4U;
    const ArrayScanner::Limits limits{.element = element,
                                      .batch = 1 + static_cast<unsigned char>(text[5]) % element};
    text.remove_prefix(6);
    const auto whole = scan(text, limits, {});
    fuzz::promise(scan(text, limits, sizes) == whole, "chunking does not matter");
    fuzz::promise(scan(text, limits, std::string_view("\0", 1)) == whole, "nor does one byte at a time");
    return 0;
}
