// How esmond and elmond are asked: GET /esmond/perfsonar/archive/?format=json&time-start=T, page by page.
// Data pages: window_reader.hpp.
#pragma once

#include "lib/error.hpp"
#include "lib/http/session.hpp"
#include "probe/fetch/metadata.hpp"

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

namespace meshprobe {

inline constexpr Microseconds longest_wait_asked = std::chrono::hours(24);

/// An answer that is none: what an error status means. `refused` for what asking again will not change.
[[nodiscard]] Error error_of(const HttpResponse& response, std::string_view url);

/// The server wants to be left alone: 429, or 503 with a Retry-After. How long for, within bounds.
[[nodiscard]] std::optional<Microseconds> wait_asked_for(const HttpResponse& response);

class MetadataSearch {
  public:
    struct Page {
        std::vector<MetadataEntry> entries; ///< not seen on an earlier page
        Flavour flavour = Flavour::unknown; ///< of all pages so far
        std::optional<Timestamp> date;      ///< the server's clock
        std::uint64_t skipped = 0;
        std::vector<std::string> reasons;
    };

    /// `event_types` and `tests` as MetadataReader. `time_start` is greater than 0: a big archive that is
    /// asked for everything runs into its gateway's time-out.
    MetadataSearch(HttpSession& session, std::string archive_url, Timestamp time_start,
                   std::vector<std::string> event_types, std::vector<std::string> tests = {});

    /// nullopt: there was no further page.
    [[nodiscard]] Result<std::optional<Page>> next(const std::function<bool()>& stop);

    /// After an error: how long the server asked not to be asked.
    [[nodiscard]] std::optional<Microseconds> wait_asked() const { return wait_asked_; }

  private:
    [[nodiscard]] std::string url() const;
    [[nodiscard]] Status turn_page(const MetadataPage& page, std::size_t new_entries);

    HttpSession& session_;
    std::string archive_url_;
    Timestamp time_start_;
    std::vector<std::string> event_types_;
    std::vector<std::string> tests_;
    std::unordered_set<std::string> keys_;
    Flavour flavour_ = Flavour::unknown;
    std::uint64_t offset_ = 0;
    std::uint64_t overlap_ = 0; ///< how many entries at `offset_` were on the page before
    unsigned pages_ = 0;
    bool at_end_ = false;
    std::optional<Microseconds> wait_asked_;
};

} // namespace meshprobe
