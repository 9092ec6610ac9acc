// A page of a metadata search, read while it arrives: each entry is handed on with what the probe needs of it
// and forgotten, so that an archive of any size is searched in the memory of one batch.
#pragma once

#include "lib/checkpoint/series_table.hpp"
#include "lib/error.hpp"
#include "lib/json_text/json_cursor.hpp"
#include "lib/record/subject.hpp"
#include "probe/fetch/array_scanner.hpp"
#include "probe/fetch/test_type.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// What answers: what "time-updated" and "base-uri" mean depends on which of the first two it is; the others
/// are read run by run.
enum class Flavour { unknown, esmond, elmond, opensearch, pscheduler, http };
[[nodiscard]] std::string_view
to_string(Flavour flavour); ///< "", "esmond", "elmond" …, as in Progress::flavour
[[nodiscard]] Flavour to_flavour(std::string_view text);
/// The same for what is read series by series: of the others it says nothing.
[[nodiscard]] Flavour to_series_flavour(std::string_view text);

/// Something that a metadata entry lists data of: an event type, or summaries of one.
struct EventType {
    std::string name;     ///< [A-Za-z0-9_-]{1,64}, or as lib/summary_name.hpp has it
    std::string base_uri; ///< an absolute path, printable ASCII: to be joined with the scheme and host asked
    /// esmond: when the newest point arrived; elmond: worthless. nullopt: null, nothing was ever written;
    /// 0: absent or no number, nothing is known.
    std::optional<Timestamp> time_updated;
};

struct MetadataEntry : SeriesSubject {
    std::vector<EventType> event_types; ///< those wanted, in the server's order
    Flavour flavour = Flavour::unknown; ///< as far as this entry tells
};

/// What a page said about itself and how it was read.
struct MetadataPage {
    std::uint64_t elements = 0;               ///< all, usable or not: what "offset" counts
    std::uint64_t skipped = 0;                ///< odd entries, and odd event types of good ones
    std::vector<std::string> reasons;         ///< why, of the first few: "entry 17 (0f…e1): no event-types"
    std::optional<std::uint64_t> count_total; ///< "metadata-count-total" of the first element
    std::string next_page;                    ///< "metadata-next-page" of the first element; empty: none
    Flavour flavour = Flavour::unknown;       ///< of all its entries: elmond if one says so
};

class MetadataReader {
  public:
    /// An error ends the page with it.
    using OnEntry = std::function<Status(MetadataEntry&&)>;

    /// Event types and summaries other than `wanted` are left out (empty: all event types are wanted, and no
    /// summaries). Entries left without event types
    /// are handed on too: they count for paging and may tell the flavour.
    /// The same goes for event types of tests whose type is not in `tests` (empty: of any), see
    /// test_type.hpp.
    MetadataReader(std::vector<std::string> wanted, OnEntry on_entry, std::vector<std::string> tests = {});
    MetadataReader(const MetadataReader&) = delete;
    MetadataReader& operator=(const MetadataReader&) = delete;

    /// As ArrayScanner.
    [[nodiscard]] Status feed(std::string_view chunk) { return scanner_.feed(chunk); }
    [[nodiscard]] Status finish() { return scanner_.finish(); }

    [[nodiscard]] const MetadataPage& page() const { return page_; }

  private:
    [[nodiscard]] Status read_batch(std::string_view batch);
    [[nodiscard]] std::optional<MetadataEntry> read_entry(JsonCursor& cursor, bool& is_well_formed);
    [[nodiscard]] bool read_event_type(JsonCursor& cursor, MetadataEntry& entry, TestClues& clues);
    void add(EventType type, MetadataEntry& entry) const;
    void add_summaries(const EventType& of, const JsonValue& summaries, MetadataEntry& entry);
    void skip(std::string_view key, std::string_view reason);

    std::vector<std::string> wanted_;
    bool wants_summaries_;
    std::vector<std::string> tests_;
    OnEntry on_entry_;
    MetadataPage page_;
    ArrayScanner scanner_;
};

} // namespace meshprobe
