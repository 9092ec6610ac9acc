#include "probe/limit/limit.hpp"

#include "probe/limit/age.hpp"
#include "probe/limit/duplicate.hpp"
#include "probe/limit/event_type.hpp"
#include "probe/limit/pair.hpp"
#include "probe/limit/rate.hpp"
#include "probe/limit/size.hpp"
#include "probe/limit/value_range.hpp"

#include <fmt/core.h>

namespace meshprobe {

namespace {

tl::unexpected<Error> complain(const Limit& limit, std::string_view key, std::string_view what) {
    return fail(ErrorKind::configuration, fmt::format("limits.{}.{}: {}", limit.name, key, what));
}

} // namespace

// What check reports with file and line does not get here, but an older compiled configuration may.
Result<std::unique_ptr<LimitRule>> make_limit(const Limit& limit) {
    if (limit.type == "age") {
        if (limit.max <= Microseconds(0)) return complain(limit, "max", "expected a duration greater than 0");
        return std::make_unique<AgeLimit>(limit.max);
    }
    if (limit.type == "size") {
        if (!limit.max_record && !limit.max_message)
            return complain(limit, "max-record", "expected a size, or one as max-message");
        return std::make_unique<SizeLimit>(limit.max_record, limit.max_message);
    }
    if (limit.type == "rate") {
        if (limit.max_results == 0 || limit.per < std::chrono::seconds(1))
            return complain(limit, "max-results", "expected a number of results, and a duration as per");
        return std::make_unique<RateLimit>(limit.max_results, limit.per);
    }
    if (limit.type == "value-range") {
        if (!limit.min_value && !limit.max_value)
            return complain(limit, "min-value", "expected a number, or one as max-value");
        return std::make_unique<ValueRangeLimit>(limit.min_value, limit.max_value);
    }
    if (limit.type == "event-type") return std::make_unique<EventTypeLimit>(limit.allow, limit.deny);
    if (limit.type == "pair") {
        auto pair = PairLimit::create(limit.allow, limit.deny);
        if (!pair) return fail(pair.error().in(fmt::format("limits.{}", limit.name)));
        return std::make_unique<PairLimit>(std::move(*pair));
    }
    if (limit.type == "duplicate") return std::make_unique<DuplicateLimit>();
    return complain(
        limit, "type",
        fmt::format("there is no limit \"{}\"; known: age, size, rate, value-range, event-type, pair, "
                    "duplicate, pscheduler",
                    limit.type));
}

} // namespace meshprobe
