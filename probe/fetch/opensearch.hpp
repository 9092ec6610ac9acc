// How the OpenSearch archive of perfSONAR 5 is asked: POST /opensearch/pscheduler_*/_search for what arrived
// since a time, oldest first, page by page with search_after. Facts: "@timestamp" is when a result arrived at
// the archive, "pscheduler.start_time" when it was measured; a page holds at most 10 000 documents.
#pragma once

#include "lib/checkpoint/series_table.hpp"
#include "lib/error.hpp"
#include "lib/http/session.hpp"
#include "lib/json.hpp"
#include "probe/windows.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

class OpenSearchSearch {
  public:
    struct Page {
        std::vector<nlohmann::json> documents; ///< "_source" of each
        std::optional<Timestamp> date;         ///< the server's clock
        /// All that arrived before was shown, on this page or an earlier one; 0: this page tells nothing.
        Timestamp arrived_until = 0;
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
    [[nodiscard]] std::string query() const;
    [[nodiscard]] Result<HttpResponse> ask(std::string& body, const std::function<bool()>& stop);
    [[nodiscard]] Result<Page> read(std::string_view body);

    HttpSession& session_;
    std::string url_;
    Timestamp since_;
    std::vector<std::string> tests_;
    std::optional<Window> left_out_;
    std::size_t page_size_ = 200;
    nlohmann::json after_; ///< "sort" of the last document shown
    std::uint64_t pages_ = 0;
    bool at_end_ = false;
    std::optional<Microseconds> wait_asked_;
};

} // namespace meshprobe
