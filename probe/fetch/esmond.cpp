#include "probe/fetch/esmond.hpp"

#include "probe/fetch/foreign_body.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace meshprobe {

namespace {

constexpr unsigned most_metadata_pages = 1000;
constexpr std::size_t largest_metadata_page = 12U << 20; ///< what the entries of a page may take in memory
constexpr std::uint64_t largest_metadata_answer = 256ULL << 20; ///< bytes; 500 entries are about 3 MB
/// What esmond 1.x gives at most. Always said, because some answer with everything at once otherwise.
constexpr std::uint64_t metadata_page_limit = 1000;
/// The order moves while one pages: neighbouring pages overlap a little.
constexpr std::uint64_t page_overlap = 10;

std::size_t weight(const MetadataEntry& entry) {
    constexpr std::size_t fixed = 512;
    std::size_t bytes = fixed + entry.key.size();
    for (const auto& type : entry.event_types)
        bytes += sizeof type + type.name.size() + type.base_uri.size();
    return bytes;
}

} // namespace

Error error_of(const HttpResponse& response, std::string_view url) {
    const auto says = response.error_body.empty() ? std::string{} : ": " + describe_body(response.error_body);
    // Not those that a server gives while it is being changed: what the documents list should be there.
    constexpr std::array<long, 6> passing = {401, 403, 404, 408, 425, 429};
    const bool for_good = response.status >= 400 && response.status < 500 &&
                          std::ranges::find(passing, response.status) == passing.end();
    return {for_good ? ErrorKind::refused : ErrorKind::protocol,
            fmt::format("{}: HTTP status {}{}", url, response.status, says)};
}

std::optional<Microseconds> wait_asked_for(const HttpResponse& response) {
    constexpr Microseconds usual = std::chrono::minutes(1);
    if (response.status != 429 && (response.status != 503 || !response.retry_after)) return std::nullopt;
    return std::clamp(response.retry_after.value_or(usual), Microseconds(0), longest_wait_asked);
}

MetadataSearch::MetadataSearch(HttpSession& session, std::string archive_url, Timestamp time_start,
                               std::vector<std::string> event_types, std::vector<std::string> tests)
    : session_(session), archive_url_(std::move(archive_url)),
      time_start_(std::max<Timestamp>(1, time_start)), event_types_(std::move(event_types)),
      tests_(std::move(tests)) {}

std::string MetadataSearch::url() const {
    auto url =
        fmt::format("{}?format=json&limit={}&time-start={}", archive_url_, metadata_page_limit, time_start_);
    if (offset_ > 0) url += fmt::format("&offset={}", offset_);
    return url;
}

Result<std::optional<MetadataSearch::Page>> MetadataSearch::next(const std::function<bool()>& stop) {
    if (at_end_) return std::optional<Page>{};
    if (pages_ == most_metadata_pages) {
        return fail(ErrorKind::protocol,
                    fmt::format("{}: the metadata search goes on after {} pages", url(), pages_));
    }
    Page page;
    std::size_t bytes = 0;
    MetadataReader reader(
        event_types_,
        [&](MetadataEntry&& entry) -> Status {
            if (!keys_.insert(entry.key).second) return {};
            bytes += weight(entry);
            if (bytes > largest_metadata_page) {
                return fail(
                    ErrorKind::protocol,
                    fmt::format("one page of the metadata search lists more than {} entries can be held of",
                                page.entries.size()));
            }
            page.entries.push_back(std::move(entry));
            return {};
        },
        tests_);

    const std::string address = url();
    HttpRequest request;
    request.url = address;
    request.headers = {"Accept: application/json"};
    request.max_bytes = largest_metadata_answer;
    request.on_body = [&](std::string_view chunk) { return reader.feed(chunk); };
    Result<HttpResponse> answer = fail(ErrorKind::internal, "no answer");
    session_.start(std::move(request), [&](Result<HttpResponse> result) { answer = std::move(result); });
    if (auto ran = session_.run(stop); !ran) return fail(ran.error());

    if (!answer) return fail(answer.error());
    wait_asked_ = wait_asked_for(*answer);
    if (answer->status < 200 || answer->status > 299) return fail(error_of(*answer, address));
    if (auto finished = reader.finish(); !finished) {
        return fail(finished.error().in(fmt::format("{} ({})", address, answer->content_type)));
    }

    const auto& read = reader.page();
    if (read.elements > 0 && page.entries.empty() && read.skipped >= read.elements) {
        return fail(ErrorKind::protocol, fmt::format("{}: {} entries, none of them usable: {}", address,
                                                     read.elements, read.reasons.front()));
    }
    flavour_ = std::max(flavour_, reader.page().flavour); // one sign of elmond outweighs any of esmond
    page.flavour = flavour_;
    if (answer->date)
        page.date = std::chrono::floor<std::chrono::seconds>(*answer->date).time_since_epoch().count();
    page.skipped = reader.page().skipped;
    page.reasons = reader.page().reasons;
    if (auto turned = turn_page(reader.page(), page.entries.size()); !turned) {
        return fail(turned.error().in(address));
    }
    return std::optional(std::move(page));
}

Status MetadataSearch::turn_page(const MetadataPage& page, std::size_t new_entries) {
    const std::uint64_t seen = offset_ + page.elements;
    // A full page may have a successor whatever the total says: elmond's is an estimate, and others tell
    // none.
    const bool may_have_more = !page.next_page.empty() || (page.count_total && seen < *page.count_total) ||
                               page.elements >= metadata_page_limit;
    const bool is_only_overlap = page.elements <= overlap_;
    // As if that were all, the search of the next run would begin at this one: what was not shown is lost.
    if (new_entries == 0 && !is_only_overlap && may_have_more) {
        return fail(ErrorKind::protocol,
                    fmt::format("it shows the same entries again and says that there are more than the {} "
                                "it has shown: it seems to ignore \"offset\"",
                                keys_.size()));
    }
    at_end_ = new_entries == 0 || !may_have_more;
    ++pages_;
    overlap_ = std::min(page_overlap, page.elements / 2);
    offset_ = seen - overlap_;
    return {};
}

} // namespace meshprobe
