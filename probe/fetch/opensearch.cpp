#include "probe/fetch/opensearch.hpp"

#include "lib/units_of_measure.hpp"
#include "probe/fetch/answer.hpp"
#include "probe/fetch/esmond.hpp"

#include <fmt/core.h>

#include <chrono>
#include <utility>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::uint64_t most_search_pages = 100'000;
/// A page is held in memory as a whole. One that is larger is asked for again with fewer documents.
constexpr std::uint64_t largest_search_page = 8ULL << 20;
constexpr std::size_t smallest_search_page = 1;

/// The first sort value of a document is its "@timestamp", in milliseconds.
Timestamp arrival_of(const json& sort) {
    if (!sort.is_array() || sort.empty() || !sort.front().is_number_integer()) return 0;
    return sort.front().get<std::int64_t>() / 1000;
}

} // namespace

OpenSearchSearch::OpenSearchSearch(HttpSession& session, std::string url, Timestamp since,
                                   std::vector<std::string> tests, std::optional<Window> left_out)
    : session_(session), url_(std::move(url)), since_(since), tests_(std::move(tests)), left_out_(left_out) {}

std::string OpenSearchSearch::query() const {
    json filter = json::array({{{"range", {{"@timestamp", {{"gte", format_utc(since_)}}}}}}});
    if (!tests_.empty()) filter.push_back({{"terms", {{"test.type.keyword", tests_}}}});
    // The second one tells results of the same millisecond apart. Indices in which no result has one yet know
    // no such field.
    json query{{"size", page_size_},
               {"track_total_hits", false},
               {"sort",
                {{{"@timestamp", {{"order", "asc"}}}},
                 {{"pscheduler.run_id.keyword", {{"order", "asc"}, {"unmapped_type", "keyword"}}}}}},
               {"query", {{"bool", {{"filter", std::move(filter)}}}}}};
    if (left_out_) {
        query["query"]["bool"]["must_not"] = {
            {{"range",
              {{"pscheduler.start_time",
                {{"gte", format_utc(left_out_->from)}, {"lte", format_utc(left_out_->until)}}}}}}};
    }
    if (!after_.is_null()) query["search_after"] = after_;
    return query.dump();
}

Result<HttpResponse> OpenSearchSearch::ask(std::string& body, const std::function<bool()>& stop) {
    HttpRequest request;
    request.url =
        url_ + "pscheduler_*/_search?filter_path=hits.hits._source,hits.hits.sort,timed_out,_shards";
    request.headers = {"Accept: application/json", "Content-Type: application/json"};
    request.body = query();
    request.max_bytes = largest_search_page;
    request.on_body = [&body](std::string_view chunk) -> Status {
        body += chunk;
        return {};
    };
    Result<HttpResponse> answer = fail(ErrorKind::internal, "no answer");
    session_.start(std::move(request), [&](Result<HttpResponse> result) { answer = std::move(result); });
    if (auto ran = session_.run(stop); !ran) return fail(ran.error());
    if (!answer) return answer;
    wait_asked_ = wait_asked_for(*answer);
    if (answer->status < 200 || answer->status > 299) return fail(error_of(*answer, url_));
    return answer;
}

Result<OpenSearchSearch::Page> OpenSearchSearch::read(std::string_view body) {
    auto found = read_search_page(body);
    if (!found) return fail(found.error());
    if (found->hits < page_size_) at_end_ = true;
    Page page{.documents = std::move(found->documents), .date = {}, .arrived_until = 0};
    if (found->hits == 0) return page;
    if (found->last.is_null() || (!at_end_ && found->last == after_))
        return fail(ErrorKind::protocol, "the last document does not say where the next page begins");
    after_ = std::move(found->last);
    page.arrived_until = arrival_of(after_);
    return page;
}

Result<std::optional<OpenSearchSearch::Page>> OpenSearchSearch::next(const std::function<bool()>& stop) {
    if (at_end_) return std::optional<Page>{};
    if (++pages_ > most_search_pages)
        return fail(ErrorKind::protocol, fmt::format("{}: more than {} pages", url_, most_search_pages));
    while (true) {
        std::string body;
        const auto answer = ask(body, stop);
        if (!answer) {
            const bool is_too_large =
                body.size() >= largest_search_page / 2 && answer.error().kind == ErrorKind::protocol;
            if (!is_too_large || page_size_ <= smallest_search_page) return fail(answer.error());
            page_size_ /= 4;
            page_size_ = std::max(page_size_, smallest_search_page);
            continue;
        }
        auto page = read(body);
        if (!page) return fail(page.error().in(fmt::format("{} ({})", url_, answer->content_type)));
        if (answer->date)
            page->date = std::chrono::floor<std::chrono::seconds>(*answer->date).time_since_epoch().count();
        return std::optional(std::move(*page));
    }
}

} // namespace meshprobe
