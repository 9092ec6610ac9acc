#include "probe/limit/value_range.hpp"

#include "lib/json_text/json_cursor.hpp"

#include <fmt/core.h>

#include <charconv>
#include <limits>

namespace meshprobe {

namespace {

/// Too large, or too small, for a double: what it would be if there were more of them.
double beyond_doubles(std::string_view text) {
    const auto exponent = text.find_first_of("eE");
    const bool is_tiny = exponent == std::string_view::npos ? text.find_first_not_of("-0") == text.find('.')
                                                            : text.substr(exponent + 1).starts_with('-');
    if (is_tiny) return 0;
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    return text.starts_with('-') ? -infinity : infinity;
}

/// Also of a string, with blanks around or a plus: old archives write some numbers so.
std::optional<double> number_in(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return std::nullopt;
    text = text.substr(first, text.find_last_not_of(blanks) - first + 1);
    if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (stop != end) return std::nullopt;
    if (error == std::errc::result_out_of_range) return beyond_doubles(text);
    return error == std::errc() ? std::optional(number) : std::nullopt;
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
