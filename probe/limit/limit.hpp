// What a limit is. It says of a series, of a result or of a message whether it is exceeded; what follows from
// that (drop, flag, fail) is the same for all of them and decided in limit_set.hpp. One file for each type.
#pragma once

#include "lib/checkpoint/packed_timestamps.hpp"
#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "probe/fetch/metadata.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// A series, before anything of it is read.
struct JudgedSeries {
    const MetadataEntry& entry;
    std::string_view event_type;
};

/// How much of the series came before the result that is judged.
class Earlier {
  public:
    virtual ~Earlier() = default;
    /// Its results with from <= ts < until, in this run or an earlier one, whatever limits made of them.
    [[nodiscard]] virtual std::size_t received(Timestamp from, Timestamp until) const = 0;

  protected:
    Earlier() = default;
    Earlier(const Earlier&) = default;
    Earlier& operator=(const Earlier&) = default;
};

struct Judged {
    Timestamp ts = 0;
    std::string_view value; ///< JSON text as the archive wrote it, in front of 16 readable bytes
    Timestamp now = 0;      ///< by the server's Date: the local clock does not matter
    const Earlier* earlier = nullptr;
};

/// What the commits so far delivered.
class Deliveries {
  public:
    virtual ~Deliveries() = default;
    [[nodiscard]] virtual std::uint64_t commits() const = 0;
    /// Of one series, as far as the checkpoint remembers; ascending.
    [[nodiscard]] virtual std::vector<Timestamp> of(const std::string& series) const = 0;

  protected:
    Deliveries() = default;
    Deliveries(const Deliveries&) = default;
    Deliveries& operator=(const Deliveries&) = default;
};

/// Judges the results of one series.
class ResultJudge {
  public:
    virtual ~ResultJudge() = default;
    [[nodiscard]] virtual bool is_exceeded(const Judged& result) = 0;
    /// Why the last result, of which it said that it is exceeded, could not be judged at all; null: it was.
    [[nodiscard]] virtual const Error* fault() const { return nullptr; }

  protected:
    ResultJudge() = default;
    ResultJudge(const ResultJudge&) = default;
    ResultJudge& operator=(const ResultJudge&) = default;
};

/// Each type overrides what it can judge by; to the rest it has no objection.
class LimitRule {
  public:
    virtual ~LimitRule() = default;

    /// Why it is exceeded: "older than 40d".
    [[nodiscard]] virtual std::string reason() const = 0;

    /// The series as a whole; asked once in a run, before anything of it is read. Error: it cannot be judged.
    /// As where ResultJudge says so, the series fails then, whatever the action: what nobody has judged is
    /// neither dropped nor delivered, and read again.
    [[nodiscard]] virtual Result<bool> is_series_exceeded(const JudgedSeries& /*series*/) { return false; }
    /// Who judges its results as they are read; null: nobody. The series outlives it.
    [[nodiscard]] virtual std::shared_ptr<ResultJudge> judge_of_results(const JudgedSeries& /*series*/) {
        return nullptr;
    }
    /// … and as they go into a message: in what order series get there is not known before.
    [[nodiscard]] virtual std::shared_ptr<ResultJudge> judge_of_deliveries(const JudgedSeries& /*series*/) {
        return nullptr;
    }
    /// The body of a message.
    [[nodiscard]] virtual bool is_message_exceeded(std::size_t /*bytes*/) const { return false; }

    /// An entry is listed by the measurement archive; before any series of its page is read.
    virtual void note(const MetadataEntry& /*entry*/) {}
    /// Called before all others; outlives the limit.
    virtual void use(const Deliveries& /*deliveries*/) {}

  protected:
    LimitRule() = default;
    LimitRule(const LimitRule&) = default;
    LimitRule& operator=(const LimitRule&) = default;
};

/// The types that need nothing from outside the probe. `configuration` error for one that does not exist, or
/// for settings that make no sense.
[[nodiscard]] Result<std::unique_ptr<LimitRule>> make_limit(const Limit& limit);

} // namespace meshprobe
