// Slices of a host whose results come run by run: its pScheduler, OpenSearch.
#pragma once

#include "probe/backfill/slice_source.hpp"
#include "probe/fetch/run_source.hpp"
#include "probe/run_collector.hpp"

#include <memory>
#include <string>

namespace meshprobe {

class RunSlices final : public SliceSource {
  public:
    RunSlices(SliceContext& context, Flavour flavour);

    [[nodiscard]] Result<SliceResult> read(const BackfillSlice& slice) override;
    [[nodiscard]] std::optional<Microseconds> wait_asked() const override { return wait_asked_; }
    [[nodiscard]] ReadFrom source() const override { return {url_, flavour_}; }
    [[nodiscard]] std::uint64_t requests() const override;
    [[nodiscard]] std::uint64_t bytes() const override;

  private:
    [[nodiscard]] std::unique_ptr<RunSource> make_source(const std::string& url, const BackfillSlice& slice,
                                                         const RunCollector& collector);
    [[nodiscard]] Result<SliceResult> read_from(const std::string& url, const BackfillSlice& slice);
    [[nodiscard]] Status connect();

    SliceContext& context_;
    PollBook& book_;
    Flavour flavour_;
    std::string url_; ///< that answered
    std::unique_ptr<HttpSession> session_;
    std::optional<Microseconds> wait_asked_;
};

} // namespace meshprobe
