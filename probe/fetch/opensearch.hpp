// How the OpenSearch archive of perfSONAR 5 is asked: POST /opensearch/pscheduler_*/_search for what arrived
// since a time, oldest first, page by page with search_after. Facts: "@timestamp" is when a result arrived at
// the archive, "pscheduler.start_time" when it was measured; a page holds at most 10 000 documents.
//
// A page is held in memory. One of more than 4 MiB is asked for again with fewer documents; a single document
// of that size is stepped over.
#pragma once

#include "lib/checkpoint/series_table.hpp"
#include "lib/error.hpp"
#include "lib/http/session.hpp"
#include "lib/json.hpp"
#include "probe/windows.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

class OpenSearchSearch {
  public:
    struct Page {
        std::unique_ptr<const std::string> text;
        std::vector<std::string_view> documents; ///< "_source" of each, views of `text`
        std::optional<Timestamp> date;           ///< the server's clock
        /// All that arrived before was shown, on this page or an earlier one; 0: this page tells nothing.
        Timestamp arrived_until = 0;
        /// In place of a document that is too large to be read: which one that is; empty: there was none.
        std::string too_large = {};
    };

    /// `url` ends in "/opensearch/". `tests`: their types; empty: any. Only what arrived at `since` or later,
    /// and was not measured in `left_out`.
    OpenSearchSearch(HttpSession& session, std::string url, Timestamp since, std::vector<std::string> tests,
                     std::optional<Window> left_out = {});

    /// nullopt: there was no further page.
    [[nodiscard]] Result<std::optional<Page>> next(const std::function<bool()>& stop);

    /// After an error: how long the server asked not to be asked.
    [[nodiscard]] std::optional<Microseconds> wait_asked() const { return wait_asked_; }

  private:
    struct Answer {
        std::string text;
        bool is_too_large = false;
        HttpResponse response = {};
    };
    enum class Want { documents, place_of_the_next };

    [[nodiscard]] std::string query(Want want) const;
    [[nodiscard]] Result<Answer> ask(Want want, const std::function<bool()>& stop);
    [[nodiscard]] Result<Page> read(std::string text);
    /// Goes behind the document that comes next, without reading it.
    [[nodiscard]] Result<Page> step_over(std::string text);
    [[nodiscard]] Status go_behind(std::string_view sort, Page& page);

    HttpSession& session_;
    std::string url_;
    Timestamp since_;
    std::vector<std::string> tests_;
    std::optional<Window> left_out_;
    std::size_t page_size_;
    nlohmann::json after_; ///< "sort" of the last document shown
    std::uint64_t pages_ = 0;
    bool at_end_ = false;
    std::optional<Microseconds> wait_asked_;
};

} // namespace meshprobe
