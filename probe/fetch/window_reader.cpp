#include "probe/fetch/window_reader.hpp"

#include "probe/fetch/array_scanner.hpp"
#include "probe/fetch/esmond.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

namespace meshprobe {

namespace {

constexpr unsigned most_pages = 100'000;
constexpr std::uint64_t largest_answer = 2ULL << 30; ///< bytes of a page; they are never held together
constexpr std::uint64_t beyond_limit = 50; ///< pages that ignore "limit" are read this many times as far

} // namespace

struct WindowReader::Page {
    Page(Window window, std::uint64_t most, ArrayScanner::Sink sink)
        : asked(window), limit(most), scanner(std::move(sink)) {}

    Window asked;
    std::uint64_t limit; ///< points
    std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
    ArrayScanner scanner;
    PointReader reader;
    Timestamp last = 0; ///< the greatest ts handed on
};

void WindowReader::start(HttpSession& session, std::string url, Flavour flavour, const Window& window,
                         PointSink& sink, Done done, PageSize* page_size) {
    const std::shared_ptr<WindowReader> reader(
        new WindowReader(session, std::move(url), flavour, window, sink, std::move(done), page_size));
    reader->start_page();
}

WindowReader::WindowReader(HttpSession& session, std::string url, Flavour flavour, const Window& window,
                           PointSink& sink, Done done, PageSize* page_size)
    : session_(session), url_(std::move(url)), flavour_(flavour), until_(window.until),
      part_(first_part(window, flavour)), sink_(sink), done_(std::move(done)), page_size_(page_size) {}

void WindowReader::start_page() {
    const auto self = shared_from_this();
    const auto page = std::make_shared<Page>(
        part_, page_size_ != nullptr ? page_size_->points(flavour_) : largest_page(flavour_), nullptr);
    // The page owns its scanner, so the scanner must not own the page.
    page->scanner =
        ArrayScanner([self, &page = *page](std::string_view batch) { return self->take_batch(page, batch); });
    HttpRequest request;
    request.url =
        fmt::format("{}?time-start={}&time-end={}&limit={}", url_, part_.from, part_.until, page->limit);
    request.headers = {"Accept: application/json"};
    request.max_bytes = largest_answer;
    request.on_body = [page](std::string_view chunk) { return page->scanner.feed(chunk); };
    ++pages_;
    session_.start(std::move(request),
                   [self, page](const Result<HttpResponse>& answer) { self->end_page(*page, answer); });
}

Status WindowReader::take_batch(Page& page, std::string_view batch) {
    const auto points = page.reader.read(batch);
    if (page.reader.counts().elements > page.limit * beyond_limit) {
        return fail(ErrorKind::protocol,
                    fmt::format("the page does not end: more than {} points instead of {}",
                                page.reader.counts().elements, page.limit));
    }
    if (points.empty()) return {};
    page.last = std::max(page.last, points.back().ts);
    return sink_.take(points, page.asked);
}

void WindowReader::end_page(Page& page, const Result<HttpResponse>& answer) {
    Status status = judge_page(page, answer);
    if (page_size_ != nullptr && status) {
        page_size_->note_answer(std::chrono::steady_clock::now() - page.begun);
    } else if (page_size_ != nullptr && status.error().kind != ErrorKind::interrupted) {
        page_size_->note_failure();
    }
    count(page.reader.counts());
    // What came before the answer broke off is complete up to its last point.
    if (page.reader.came_in_order() && page.last > 0 && page.last >= page.asked.from) {
        sink_.covered(std::min(page.last, page.asked.until));
    }
    if (!status) return finish(std::move(status));
    if (!advance(page)) return finish({});
    if (pages_ >= most_pages)
        return finish(fail(ErrorKind::protocol, fmt::format("{}: more than {} pages", url_, pages_)));
    if (!sink_.go_on()) return finish(fail(ErrorKind::interrupted, url_ + ": stopped between two pages"));
    start_page();
}

Status WindowReader::judge_page(Page& page, const Result<HttpResponse>& answer) {
    if (!answer) {
        static_cast<void>(page.scanner.finish()); // hands on the elements that were complete
        return fail(answer.error());
    }
    result_.wait_asked = wait_asked_for(*answer);
    if (answer->status < 200 || answer->status > 299) return fail(error_of(*answer, url_));
    if (auto finished = page.scanner.finish(); !finished) {
        return fail(finished.error().in(fmt::format("{} ({})", url_, answer->content_type)));
    }
    const auto& counts = page.reader.counts();
    // Wrong times alone are a wrong clock; among what else is wrong they do not make it a page of points.
    const auto not_points = counts.malformed + counts.before_epoch + counts.beyond_years;
    if (counts.malformed > 0 && not_points == counts.elements) {
        return fail(ErrorKind::protocol, fmt::format("{}: {} elements, none of them a point: {}", url_,
                                                     counts.elements, counts.first_problem));
    }
    const bool goes_on =
        counts.elements >= page.limit || (flavour_ == Flavour::elmond && counts.elements > 0);
    if (goes_on && page.reader.newest() < page.asked.from) { // the next page would be the same
        return fail(
            ErrorKind::protocol,
            fmt::format("{}: {} points, none of them at or after the time-start {} that was asked for", url_,
                        counts.elements, page.asked.from));
    }
    return {};
}

bool WindowReader::advance(const Page& page) {
    const std::uint64_t elements = page.reader.counts().elements;
    const std::uint64_t limit = page.limit;
    const Timestamp newest = page.reader.newest();
    const auto length = static_cast<std::uint64_t>(page.asked.until - page.asked.from) + 1;
    const bool is_full = elements >= limit;
    // elmond leaves out rows without a value after it counted them: only an empty page is an end, or a window
    // that has fewer seconds than a page may have rows.
    const bool is_last =
        flavour_ == Flavour::elmond ? elements == 0 || (!is_full && length <= limit) : !is_full;

    const bool may_be_cut_off = is_full || (flavour_ == Flavour::elmond && !is_last);
    if (may_be_cut_off && !page.reader.came_in_order() && length > 1) {
        // Which points were left out of a page that is not in order, nobody knows: halve what is asked for.
        part_.until = part_.from + static_cast<Timestamp>(length / 2) - 1;
        return true;
    }
    if (!is_last && newest < page.asked.until) {
        part_.from = newest + 1;
        return true;
    }
    sink_.covered(page.asked.until);
    if (page.asked.until >= until_) return false;
    part_ = first_part({page.asked.until + 1, until_}, flavour_);
    return true;
}

void WindowReader::count(const PointCounts& counts) {
    result_.counts.elements += counts.elements;
    result_.counts.malformed += counts.malformed;
    result_.counts.null_values += counts.null_values;
    result_.counts.repeated += counts.repeated;
    result_.counts.conflicting += counts.conflicting;
    result_.counts.before_epoch += counts.before_epoch;
    result_.counts.beyond_years += counts.beyond_years;
    if (result_.counts.first_problem.empty()) result_.counts.first_problem = counts.first_problem;
}

void WindowReader::finish(Status status) {
    result_.status = std::move(status);
    done_(std::move(result_));
}

} // namespace meshprobe
