#include "probe/fetch/opensearch_source.hpp"

#include "lib/json.hpp"
#include "lib/pscheduler/opensearch_record.hpp"

#include <fmt/core.h>

#include <string_view>

namespace meshprobe {

namespace {

constexpr std::size_t most_values = 100'000; ///< of a document

/// Brackets and commas, as good as how many values there are: each takes many times what its text does.
std::size_t count_values(std::string_view text) {
    std::size_t count = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') {
            in_string = !in_string;
        } else if (in_string) {
            i += c == '\\' ? 1U : 0U;
        } else if (c == ',' || c == '[' || c == '{') {
            ++count;
        }
    }
    return count;
}

Result<RunRecord> read(std::string_view text) {
    if (count_values(text) > most_values)
        return fail(ErrorKind::protocol, fmt::format("a document of more than {} values", most_values));
    const auto source = nlohmann::json::parse(text, nullptr, false);
    if (source.is_discarded()) return fail(ErrorKind::protocol, "a document that is no JSON");
    return read_archived_run(source);
}

} // namespace

Result<std::optional<RunSource::Page>> OpenSearchSource::next(const std::function<bool()>& stop) {
    const auto found = search_.next(stop);
    if (!found) return fail(found.error());
    if (!*found) return std::optional<Page>{};
    Page page;
    page.date = (*found)->date;
    page.arrived_until = (*found)->arrived_until;
    page.first_skipped = (*found)->too_large;
    page.skipped = page.first_skipped.empty() ? 0 : 1;
    for (const auto document : (*found)->documents) {
        auto result = read(document);
        if (result) {
            page.results.push_back(std::move(*result));
        } else if (page.skipped++ == 0) {
            page.first_skipped = result.error().message;
        }
    }
    return std::optional(std::move(page));
}

} // namespace meshprobe
