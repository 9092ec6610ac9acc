// Puts points into the tables of schema.hpp. Names are interned: what they map to is remembered here.
#pragma once

#include "archiver/database.hpp"
#include "archiver/raw_body.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace meshprobe {

class PointWriter {
  public:
    [[nodiscard]] static Result<std::unique_ptr<PointWriter>> create(Database& database);

    /// Within a transaction of the caller. A point that is there already is replaced.
    [[nodiscard]] Status write(std::string_view host, const RawBody& body);
    /// At the end of that transaction.
    [[nodiscard]] Status write_volume();
    /// After a rollback, and when rows were deleted: nothing remembered holds any longer.
    void forget();

  private:
    struct Metadata {
        std::int64_t id = 0;
        std::size_t fingerprint = 0; ///< of the meta members as they are in the table
        std::vector<std::pair<std::string, std::int64_t>> series; ///< by event type, or name of summaries
    };
    struct Volume {
        std::int64_t points = 0;
        std::int64_t bytes = 0;
    };

    explicit PointWriter(Database& database) : database_(database) {}
    [[nodiscard]] Status prepare();
    [[nodiscard]] Result<Metadata*> metadata(std::string_view host, const RawBody& body);
    /// What a message holds of one series.
    struct Part {
        std::string_view series;
        std::span<const RawPoint> points;
        const std::vector<std::string_view>& limits; ///< that flagged them
    };
    [[nodiscard]] Status write_series(std::string_view host, Metadata& entry, const Part& part);
    [[nodiscard]] Result<std::int64_t> series(Metadata& metadata, std::string_view name);
    [[nodiscard]] Result<std::int64_t> intern(Query& insert, Query& select, std::string_view name);
    [[nodiscard]] Result<bool> write_point(std::int64_t series, const RawPoint& point);
    /// What flagged it before does not count any more.
    [[nodiscard]] Status write_flags(std::int64_t series, std::int64_t ts, bool is_new,
                                     const std::vector<std::string_view>& limits);

    Database& database_;
    Query insert_archive_, select_archive_, insert_event_type_, select_event_type_;
    Query upsert_metadata_, select_metadata_, insert_series_, select_series_;
    Query insert_point_, update_point_, add_volume_;
    Query insert_limit_, select_limit_, insert_flag_, delete_flags_;
    std::unordered_map<std::string, Metadata> metadata_;            ///< by "HOST KEY"
    std::map<std::pair<std::string, std::int64_t>, Volume> volume_; ///< by host and day since 1970
};

} // namespace meshprobe
