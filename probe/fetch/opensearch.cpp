#include "probe/fetch/opensearch.hpp"

#include "lib/units_of_measure.hpp"
#include "probe/fetch/esmond.hpp"
#include "probe/fetch/foreign_body.hpp"

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

/// A shard that failed, or was too late.
bool is_partial(const json& answer) {
    const auto timed_out = answer.find("timed_out");
    if (timed_out != answer.end() && *timed_out == true) return true;
    const json::json_pointer failed("/_shards/failed");
    return answer.contains(failed) && answer[failed] != 0;
}

/// The first sort value of a document is its "@timestamp", in milliseconds.
Timestamp arrival_of(const json& sort) {
    if (!sort.is_array() || sort.empty() || !sort.front().is_number()) return 0;
    return sort.front().get<std::int64_t>() / 1000;
}

} // namespace

OpenSearchSearch::OpenSearchSearch(HttpSession& session, std::string url, Timestamp since,
                                   std::vector<std::string> tests)
    : session_(session), url_(std::move(url)), since_(since), tests_(std::move(tests)) {}

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
    const json answer = json::parse(body, nullptr, false);
    if (!answer.is_object()) return fail(ErrorKind::protocol, "no JSON object: " + describe_body(body));
    // What the others hold would be skipped for good: the search goes on behind what it has shown.
    if (is_partial(answer)) return fail(ErrorKind::protocol, "not all shards of the archive have answered");
    Page page;
    const auto pointer = json::json_pointer("/hits/hits");
    if (!answer.contains(pointer)) { // filter_path leaves out what is empty
        at_end_ = true;
        return page;
    }
    const json& hits = answer[pointer];
    if (!hits.is_array()) return fail(ErrorKind::protocol, "\"hits\" is no array");
    for (const json& hit : hits) {
        const auto source = hit.is_object() ? hit.find("_source") : hit.end();
        if (source != hit.end() && source->is_object()) page.documents.push_back(*source);
    }
    if (hits.size() < page_size_) at_end_ = true;
    if (hits.empty()) return page;
    const json& last = hits.back();
    if (!last.is_object() || !last.contains("sort") || (!at_end_ && last["sort"] == after_))
        return fail(ErrorKind::protocol, "the last document does not say where the next page begins");
    after_ = last["sort"];
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
