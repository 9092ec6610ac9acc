// The values of one run, as esmond gives them back after pScheduler's archiver stored them: each kind of
// event type has a form of its own (esmond: "event types").
#pragma once

#include "lib/json_text/json_value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct EventValue {
    std::string event_type;
    std::string json; ///< ASCII, without blanks
};

struct ValueProblem {
    std::string event_type;
    std::string text; ///< "expected a number, got …"
};

/// Where a value is absent, null, or nothing that esmond would take, none is added; the last of these leaves
/// a problem.
class EventValues {
  public:
    void add_integer(std::string_view event_type, const JsonValue& value); ///< 5 and 5.7: 5.0
    void add_float(std::string_view event_type, const JsonValue& value); ///< four decimals, the rest cut off
    /// lost / sent; where a count is missing, the rate that is `told`, from 0 to 1
    void add_rate(std::string_view event_type, const JsonValue& lost, const JsonValue& sent,
                  const JsonValue& told = {});
    void add_histogram(std::string_view event_type, const JsonValue& value); ///< buckets in their order
    void add_json(std::string_view event_type, std::string json);

    [[nodiscard]] const std::vector<EventValue>& values() const { return values_; }
    [[nodiscard]] const std::vector<ValueProblem>& problems() const { return problems_; }

  private:
    void refuse(std::string_view event_type, std::string_view expected, const JsonValue& value);

    std::vector<EventValue> values_;
    std::vector<ValueProblem> problems_;
};

} // namespace meshprobe
