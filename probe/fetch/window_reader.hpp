// The points of one series in one window of time: page after page, paged by time, because neither esmond's
// "Link" headers nor its offsets can be relied upon.
#pragma once

#include "lib/error.hpp"
#include "lib/http/session.hpp"
#include "probe/fetch/metadata.hpp"
#include "probe/fetch/page_size.hpp"
#include "probe/fetch/points.hpp"
#include "probe/windows.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace meshprobe {

/// Who takes what is read.
class PointSink {
  public:
    virtual ~PointSink() = default;
    /// Ascending and unique within a call, but a page may repeat what an earlier one had; possibly outside
    /// the window, if the server ignores what it was asked for. An error ends the reading.
    [[nodiscard]] virtual Status take(std::span<const Point> points, const Window& asked) = 0;
    /// Everything in the window up to `until` was received.
    virtual void covered(Timestamp until) = 0;
    /// Between two pages: false ends the reading here, as if it were interrupted.
    [[nodiscard]] virtual bool go_on() = 0;

  protected:
    PointSink() = default;
    PointSink(const PointSink&) = default;
    PointSink& operator=(const PointSink&) = default;
};

struct ReadResult {
    Status status; ///< `refused`: asking again will not help
    std::optional<Microseconds> wait_asked;
    PointCounts counts;
};

class WindowReader : public std::enable_shared_from_this<WindowReader> {
  public:
    using Done = std::function<void(ReadResult)>;

    /// `url` without query. Starts at once; `done` is called from session.run(). Session, sink and
    /// `page_size` (null: the largest there is) must outlive that.
    static void start(HttpSession& session, std::string url, Flavour flavour, const Window& window,
                      PointSink& sink, Done done, PageSize* page_size = nullptr);

  private:
    struct Page;

    WindowReader(HttpSession& session, std::string url, Flavour flavour, const Window& window,
                 PointSink& sink, Done done, PageSize* page_size);
    void start_page();
    [[nodiscard]] Status take_batch(Page& page, std::string_view batch);
    void end_page(Page& page, const Result<HttpResponse>& answer);
    [[nodiscard]] Status judge_page(Page& page, const Result<HttpResponse>& answer);
    [[nodiscard]] bool advance(const Page& page); ///< false: the window is done
    void count(const PointCounts& counts);
    void finish(Status status);

    HttpSession& session_;
    std::string url_;
    Flavour flavour_;
    Timestamp until_; ///< of the whole window
    Window part_;     ///< what is being paged through
    PointSink& sink_;
    Done done_;
    PageSize* page_size_;
    unsigned pages_ = 0;
    ReadResult result_;
};

} // namespace meshprobe
