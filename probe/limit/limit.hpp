// A limit judges one result: pass it, drop it, or pass it with a flag. Every verdict but the first is counted
// with the limit's name, so that the report explains each point that is missing.
#pragma once

#include "lib/checkpoint/series_table.hpp"
#include "lib/config/config.hpp"
#include "lib/error.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// What a limit may look at.
struct Judged {
    std::string_view event_type;
    Timestamp ts = 0;
    std::string_view value; ///< JSON text
    Timestamp now = 0;      ///< by the server's Date: the local clock does not matter
};

enum class Verdict { pass, drop, flag };

class LimitRule {
  public:
    virtual ~LimitRule() = default;
    [[nodiscard]] virtual Verdict judge(const Judged& judged) const = 0;
    /// Why it drops or flags: "older than 40d".
    [[nodiscard]] virtual std::string reason() const = 0;

  protected:
    LimitRule() = default;
    LimitRule(const LimitRule&) = default;
    LimitRule& operator=(const LimitRule&) = default;
};

/// `configuration` error for a type that does not exist, or for settings that make no sense.
[[nodiscard]] Result<std::unique_ptr<LimitRule>> make_limit(const Limit& limit);

struct LimitCount {
    std::string limit; ///< its name in the configuration
    std::string reason;
    std::uint64_t dropped = 0;
    std::uint64_t flagged = 0;
};

/// The limits of one task, asked in the order they are listed; the first that drops decides.
class LimitSet {
  public:
    LimitSet() = default; ///< passes everything

    /// `names` from TaskSettings::limits; one that the configuration lacks is a `configuration` error.
    [[nodiscard]] static Result<LimitSet> create(const Config& config, const std::vector<std::string>& names);

    struct Decision {
        Verdict verdict = Verdict::pass;
        std::string_view limit; ///< the limit that dropped or (first) flagged it; empty if it passed
    };
    [[nodiscard]] Decision judge(const Judged& judged); ///< and count

    [[nodiscard]] const std::vector<LimitCount>& counts() const { return counts_; } ///< one for each limit
    [[nodiscard]] std::uint64_t dropped() const;

  private:
    std::vector<std::unique_ptr<LimitRule>> rules_;
    std::vector<LimitCount> counts_; ///< beside rules_
};

} // namespace meshprobe
