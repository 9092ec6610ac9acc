// The OpenSearch archive of a perfSONAR 5 host as a source of results.
#pragma once

#include "probe/fetch/opensearch.hpp"
#include "probe/fetch/run_source.hpp"

namespace meshprobe {

class OpenSearchSource final : public RunSource {
  public:
    /// As OpenSearchSearch.
    OpenSearchSource(HttpSession& session, std::string url, Timestamp since, std::vector<std::string> tests,
                     std::optional<Window> left_out = {})
        : search_(session, std::move(url), since, std::move(tests), left_out) {}

    [[nodiscard]] Result<std::optional<Page>> next(const std::function<bool()>& stop) override;
    [[nodiscard]] std::optional<Microseconds> wait_asked() const override { return search_.wait_asked(); }

  private:
    OpenSearchSearch search_;
};

} // namespace meshprobe
