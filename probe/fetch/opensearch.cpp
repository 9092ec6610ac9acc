#include "probe/fetch/opensearch.hpp"

#include "lib/units_of_measure.hpp"
#include "probe/fetch/answer.hpp"
#include "probe/fetch/esmond.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::uint64_t most_search_pages = 100'000;
constexpr std::size_t largest_search_page = 4U << 20;
constexpr std::uint64_t most_bytes = 64ULL << 20; ///< on_body ends it long before
constexpr std::size_t usual_page_size = 200;
constexpr std::size_t longest_name = 64; ///< of a document, in a message

/// The first sort value of a document is its "@timestamp", in milliseconds.
Timestamp arrival_of(const json& sort) {
    if (!sort.is_array() || sort.empty() || !sort.front().is_number_integer()) return 0;
    return sort.front().get<std::int64_t>() / 1000;
}

/// Gathers JSON, its long strings left empty.
class TextWithoutLongStrings {
  public:
    void add(std::string_view chunk, std::string& text) {
        for (const char c : chunk) {
            const bool is_quote = c == '"' && !is_escaped_;
            if (!is_long_ || is_quote) text += c;
            is_escaped_ = in_string_ && c == '\\' && !is_escaped_;
            if (is_quote) {
                in_string_ = !in_string_;
                is_long_ = false;
                begin_ = text.size();
            } else if (in_string_ && !is_long_ && text.size() - begin_ > longest) {
                text.resize(begin_);
                is_long_ = true;
            }
        }
    }

  private:
    static constexpr std::size_t longest = 1024;

    std::size_t begin_ = 0; ///< of the string
    bool in_string_ = false;
    bool is_escaped_ = false;
    bool is_long_ = false;
};

} // namespace

OpenSearchSearch::OpenSearchSearch(HttpSession& session, std::string url, Timestamp since,
                                   std::vector<std::string> tests, std::optional<Window> left_out)
    : session_(session), url_(std::move(url)), since_(since), tests_(std::move(tests)), left_out_(left_out),
      page_size_(usual_page_size) {}

std::string OpenSearchSearch::query(Want want) const {
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
    if (want == Want::place_of_the_next) {
        query["size"] = 1;
        query["_source"] = false;
    }
    return query.dump();
}

Result<OpenSearchSearch::Answer> OpenSearchSearch::ask(Want want, const std::function<bool()>& stop) {
    const std::string_view hits =
        want == Want::documents ? "hits.hits._source,hits.hits.sort" : "hits.hits._id,hits.hits.sort";
    Answer answer;
    HttpRequest request;
    request.url = fmt::format("{}pscheduler_*/_search?filter_path={},timed_out,_shards", url_, hits);
    request.headers = {"Accept: application/json", "Content-Type: application/json"};
    request.body = query(want);
    request.max_bytes = most_bytes;
    TextWithoutLongStrings outline; // some send the document all the same
    request.on_body = [&](std::string_view chunk) -> Status {
        answer.is_too_large = answer.text.size() + chunk.size() > largest_search_page;
        if (answer.is_too_large) {
            return fail(ErrorKind::protocol,
                        fmt::format("the answer is larger than {}", format_size(largest_search_page)));
        }
        if (want == Want::documents) {
            answer.text += chunk;
        } else {
            outline.add(chunk, answer.text);
        }
        return {};
    };
    Result<HttpResponse> response = fail(ErrorKind::internal, "no answer");
    session_.start(std::move(request), [&](Result<HttpResponse> result) { response = std::move(result); });
    if (auto ran = session_.run(stop); !ran) return fail(ran.error());
    if (!response && answer.is_too_large && want == Want::documents) return answer;
    if (!response) return fail(response.error());
    wait_asked_ = wait_asked_for(*response);
    if (response->status < 200 || response->status > 299) return fail(error_of(*response, url_));
    answer.response = std::move(*response);
    return answer;
}

Status OpenSearchSearch::go_behind(std::string_view sort, Page& page) {
    json place = json::parse(sort.empty() ? "null" : sort, nullptr, false);
    if (place.is_null() || place.is_discarded() || (!at_end_ && place == after_))
        return fail(ErrorKind::protocol, "the last document does not say where the next page begins");
    after_ = std::move(place);
    page.arrived_until = arrival_of(after_);
    return {};
}

Result<OpenSearchSearch::Page> OpenSearchSearch::read(std::string text) {
    Page page;
    const auto size = with_padding(text).size();
    page.text = std::make_unique<const std::string>(std::move(text));
    auto found = read_search_page(std::string_view(*page.text).substr(0, size));
    if (!found) return fail(found.error());
    at_end_ = found->documents.size() < page_size_;
    page.documents = std::move(found->documents);
    if (page.documents.empty()) return page;
    if (auto gone = go_behind(found->last, page); !gone) return fail(gone.error());
    page_size_ = std::min(page_size_ * 4, usual_page_size); // what was too large lies behind
    return page;
}

Result<OpenSearchSearch::Page> OpenSearchSearch::step_over(std::string text) {
    Page page;
    const auto hit = read_search_hit(with_padding(text));
    if (!hit) return fail(hit.error());
    if (!*hit) {
        at_end_ = true;
        return page;
    }
    if (auto gone = go_behind((*hit)->sort, page); !gone) return fail(gone.error());
    const std::string_view name = (*hit)->id.empty() ? (*hit)->sort : std::string_view((*hit)->id);
    page.too_large = fmt::format("document {}: it is larger than {}", name.substr(0, longest_name),
                                 format_size(largest_search_page));
    return page;
}

Result<std::optional<OpenSearchSearch::Page>> OpenSearchSearch::next(const std::function<bool()>& stop) {
    if (at_end_) return std::optional<Page>{};
    if (++pages_ > most_search_pages)
        return fail(ErrorKind::protocol, fmt::format("{}: more than {} pages", url_, most_search_pages));
    Want want = Want::documents;
    while (true) {
        auto answer = ask(want, stop);
        if (!answer) return fail(answer.error());
        if (answer->is_too_large) {
            if (page_size_ == 1) want = Want::place_of_the_next;
            page_size_ = std::max<std::size_t>(page_size_ / 4, 1);
            continue;
        }
        auto page =
            want == Want::documents ? read(std::move(answer->text)) : step_over(std::move(answer->text));
        if (!page) return fail(page.error().in(fmt::format("{} ({})", url_, answer->response.content_type)));
        if (const auto& date = answer->response.date)
            page->date = std::chrono::floor<std::chrono::seconds>(*date).time_since_epoch().count();
        return std::optional(std::move(*page));
    }
}

} // namespace meshprobe
