#include "probe/limit/pscheduler/source.hpp"

#include "lib/file.hpp"
#include "lib/limit_list.hpp"
#include "probe/limit/pscheduler/document.hpp"

#include <fmt/core.h>

namespace meshprobe::pscheduler {

std::optional<ListSource> document_url(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return std::nullopt;
    text = text.substr(first, text.find_last_not_of(blanks) - first + 1);
    if (text.find_first_of(blanks) != std::string_view::npos) return std::nullopt;
    if (!text.starts_with("http://") && !text.starts_with("https://")) return std::nullopt;
    ListSource source;
    source.url = text;
    source.update = source.retry = std::chrono::minutes(15);
    return source;
}

Result<std::string> read_written_text(const Limit& limit) {
    if (!limit.document.empty()) return limit.document;
    auto text = read_file(limit.file, largest_document);
    if (!text) return fail(ErrorKind::configuration, text.error().message);
    return text;
}

Result<std::string> read_document_text(const Paths& paths, const Limit& limit) {
    auto text = read_written_text(limit);
    if (!text) return text;
    const auto url = document_url(*text);
    if (!url) return text;
    auto copy = read_limit_list(paths, url->key());
    if (!copy) return fail(copy.error());
    if (!*copy || !(*copy)->text) {
        return fail(
            ErrorKind::configuration,
            fmt::format("{} is at {}, of which there is no copy yet: start meshprobe-refresh.service, which "
                        "fetches what limits of the configuration name",
                        limit.file, url->url));
    }
    return std::move(*(*copy)->text);
}

} // namespace meshprobe::pscheduler
