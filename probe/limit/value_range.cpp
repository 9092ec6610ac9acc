#include "probe/limit/value_range.hpp"

#include "lib/json_text/json_cursor.hpp"

#include <fmt/core.h>

#include <charconv>

namespace meshprobe {

namespace {

/// Also of a string: old archives write some numbers so.
std::optional<double> number_in(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

} // namespace

class ValueRangeLimit::Judge final : public ResultJudge {
  public:
    Judge(std::optional<double> min, std::optional<double> max) : min_(min), max_(max) {}

    bool is_exceeded(const Judged& result) override {
        if (result.value.starts_with('{')) return has_bucket_outside(result.value);
        const auto number = number_in(result.value);
        return number && is_outside(*number);
    }

  private:
    [[nodiscard]] bool is_outside(double number) const {
        return (min_ && number < *min_) || (max_ && number > *max_);
    }

    [[nodiscard]] bool has_bucket_outside(std::string_view histogram) const {
        bool is_histogram = true;
        bool has_some = false;
        JsonCursor cursor(histogram);
        const bool is_sound = for_each_member(cursor, [&](std::string_view name, const JsonValue& count) {
            const auto bucket = number_in(name);
            const auto counted = count.is_number() ? number_in(count.text) : std::nullopt;
            is_histogram = is_histogram && bucket && counted;
            has_some = has_some || (is_histogram && *counted > 0 && is_outside(*bucket));
        });
        return is_sound && is_histogram && has_some;
    }

    std::optional<double> min_;
    std::optional<double> max_;
};

ValueRangeLimit::ValueRangeLimit(std::optional<double> min, std::optional<double> max)
    : min_(min), max_(max), judge_(std::make_shared<Judge>(min, max)) {}

std::string ValueRangeLimit::reason() const {
    if (!max_) return fmt::format("a value below {}", *min_);
    if (!min_) return fmt::format("a value above {}", *max_);
    return fmt::format("a value outside {} to {}", *min_, *max_);
}

std::shared_ptr<ResultJudge> ValueRangeLimit::judge_of_results(const JudgedSeries& /*series*/) {
    return judge_;
}

} // namespace meshprobe
