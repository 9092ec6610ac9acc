// Reads a message of format `raw` (legacy collectors' bodies, one JSON object) back into points.
#pragma once

#include "lib/error.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace meshprobe {

/// What describes the series of a message, in the order of the columns of table `metadata`.
inline constexpr std::array<std::string_view, 9> meta_members{
    "subject_type",      "source",       "destination",       "tool_name",
    "measurement_agent", "input_source", "input_destination", "ip_transport_protocol",
    "time_duration"};

struct RawPoint {
    std::int64_t ts = 0; ///< UNIX seconds
    /// A number that fits; everything else as the JSON text it is.
    std::variant<std::int64_t, double, std::string_view> value;
    std::uint32_t size = 0; ///< of the value's JSON text
};

/// Of messages about summaries: RawSummaryFormat.
struct RawSummaries {
    std::string series; ///< its name: lib/summary_name.hpp
    std::vector<RawPoint> points;
};

struct RawBody {
    std::string_view metadata_key;
    std::string_view event_type;
    std::array<std::optional<std::string_view>, meta_members.size()>
        meta;                             ///< strings without quotes, else JSON text
    std::vector<std::string_view> limits; ///< names of those that flagged all its points
    std::vector<RawPoint> points;
    std::vector<RawSummaries> summaries;
};

class RawBodyReader {
  public:
    RawBodyReader();
    ~RawBodyReader();
    RawBodyReader(const RawBodyReader&) = delete;
    RawBodyReader& operator=(const RawBodyReader&) = delete;

    /// Views into this reader, until the next call. A body of another shape is a `protocol` error.
    [[nodiscard]] Result<const RawBody*> read(std::string_view body);

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace meshprobe
