// Slices of a host whose archive is asked series by series: esmond, elmond.
#pragma once

#include "probe/backfill/slice_source.hpp"
#include "probe/collector.hpp"
#include "probe/contact.hpp"
#include "probe/fetch/page_size.hpp"
#include "probe/kinship.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace meshprobe {

class SeriesSlices final : public SliceSource {
  public:
    explicit SeriesSlices(SliceContext& context);

    [[nodiscard]] Result<SliceResult> read(const BackfillSlice& slice) override;
    [[nodiscard]] std::optional<Microseconds> wait_asked() const override { return wait_asked_; }
    [[nodiscard]] ReadFrom source() const override;
    [[nodiscard]] std::uint64_t requests() const override;
    [[nodiscard]] std::uint64_t bytes() const override;

  private:
    /// The first page of what the archive lists since `since`.
    [[nodiscard]] Result<MetadataSearch::Page> list(Timestamp since);
    [[nodiscard]] Result<MetadataSearch::Page> make_first_contact(Timestamp since);
    [[nodiscard]] Status read_pages(const BackfillSlice& slice, MetadataSearch::Page page,
                                    Collector& collector, SliceResult& result);
    void add_jobs(const BackfillSlice& slice, MetadataSearch::Page& page, Collector& collector,
                  SliceResult& result);
    [[nodiscard]] std::vector<Window> windows(const BackfillSlice& slice, const std::string& id,
                                              const EventType& type, SliceResult& result) const;
    [[nodiscard]] Timestamp now() const;

    SliceContext& context_;
    PollBook& book_;
    Kinship kinship_;
    PageSize page_size_;
    std::optional<Contact> contact_;
    Collector::Clock::time_point contacted_;
    Flavour flavour_ = Flavour::unknown;
    std::optional<Microseconds> wait_asked_;
    ContactAttempts attempts_;

    Timestamp slice_since_ = 0;
    /// Of this slice: what was read, by series and begin of the window, until where.
    std::map<std::pair<std::string, Timestamp>, Timestamp> settled_;
    std::set<std::string> read_;
    std::map<std::pair<std::string, Timestamp>, Timestamp> asked_; ///< likewise; what is in no answer yet
};

} // namespace meshprobe
