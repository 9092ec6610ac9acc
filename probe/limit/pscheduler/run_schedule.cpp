// Limit run-schedule: for each field that is given, the values that the clock goes through while a run takes
// place are all among those listed, or, with "overlap", some of them are.
#include "lib/mesh/json_text.hpp"
#include "probe/limit/pscheduler/limit_type.hpp"
#include "probe/limit/pscheduler/run_time.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

namespace meshprobe::pscheduler {

namespace {

struct Field {
    std::string_view name;
    int CalendarFields::*value;
    int least;
    int most;
    std::chrono::seconds unit; ///< of a field of the clock; 0: of the calendar, whose days are looked at
};
constexpr std::array<Field, 8> fields{{
    {"year", &CalendarFields::year, 0, 294276, {}},
    {"month", &CalendarFields::month, 1, 12, {}},
    {"week", &CalendarFields::week, 1, 53, {}},
    {"day", &CalendarFields::day, 1, 31, {}},
    {"weekday", &CalendarFields::weekday, 1, 7, {}},
    {"hour", &CalendarFields::hour, 0, 23, std::chrono::hours(1)},
    {"minute", &CalendarFields::minute, 0, 59, std::chrono::minutes(1)},
    {"second", &CalendarFields::second, 0, 59, std::chrono::seconds(1)},
}};

struct Range {
    int lower;
    int upper;
};

class RunSchedule final : public TaskLimit {
  public:
    struct Wanted {
        const Field* field;
        std::vector<Range> ranges;
    };
    RunSchedule(std::vector<Wanted> wanted, bool overlap) : wanted_(std::move(wanted)), overlap_(overlap) {}

    bool is_about_schedule() const override { return true; }
    Result<Outcome> judge(const Proposal& proposal, const World& /*world*/) const override {
        const auto run = run_time_of(proposal.task);
        if (!run) return Outcome::unanswered("When it runs cannot be read");
        for (const auto& [field, ranges] : wanted_) {
            const auto met = values(*field, *run);
            const auto is_wanted = [&ranges = ranges](int value) {
                return std::ranges::any_of(ranges, [value](const Range& range) {
                    return value >= range.lower && value <= range.upper;
                });
            };
            if (overlap_ ? std::ranges::none_of(met, is_wanted) : !std::ranges::all_of(met, is_wanted))
                return Outcome::failure(fmt::format("Mismatch on {}", field->name));
        }
        return Outcome::pass();
    }

  private:
    /// All that the field goes through. A run that is longer than a year meets what a year has.
    static std::vector<int> values(const Field& field, const RunTime& run) {
        using namespace std::chrono;
        const bool is_date = field.unit == seconds(0);
        const seconds step = is_date ? days(1) : field.unit;
        const seconds longest = is_date ? seconds(days(366)) : step * (field.most + 1);
        const auto local_end = run.end.utc + run.end.offset;
        std::vector<int> met;
        // From the begin of the unit on, so that the one that the run ends in is met, too.
        const auto begin = run.start.utc + run.start.offset;
        auto at = begin - begin.time_since_epoch() % step;
        for (const auto last = std::min(local_end, begin + longest); at <= last; at += step)
            met.push_back(fields_of({at, {}}).*field.value);
        return met;
    }

    std::vector<Wanted> wanted_;
    bool overlap_;
};

/// nullopt: the field is not there, and may have any value. Of an empty list it may have none.
std::optional<std::vector<Range>> read_ranges(DataReader& data, const Field& field) {
    const auto* written = data.array(field.name, Need::optional);
    if (written == nullptr) return std::nullopt;
    std::vector<Range> ranges;
    const auto number = [&](const nlohmann::json& value) -> std::optional<int> {
        if (!value.is_number_integer()) return std::nullopt;
        const auto wide = value.get<std::int64_t>();
        const int least = field.name == "weekday" ? 0 : field.least;
        if (wide < least || wide > field.most) return std::nullopt;
        return static_cast<int>(wide);
    };
    for (const auto& item : *written) {
        const auto lower = number(item.is_object() ? item.value("lower", nlohmann::json()) : item);
        const auto upper = number(item.is_object() ? item.value("upper", nlohmann::json()) : item);
        if (!lower || !upper) {
            data.problem(field.name,
                         fmt::format("expected numbers from {} to {}, or ranges {{\"lower\", \"upper\"}}",
                                     field.least, field.most));
            return {};
        }
        if (*lower > *upper) {
            data.problem(field.name,
                         fmt::format("lower {0} is above upper {1}; what goes over the end is two "
                                     "ranges, {0} to {2} and {3} to {1}",
                                     *lower, *upper, field.most, field.least));
            return {};
        }
        ranges.push_back({*lower, *upper});
        // 0 is Sunday, too: as for cron.
        if (field.name == "weekday" && *lower == 0) ranges.push_back({7, 7});
    }
    return ranges;
}

} // namespace

std::unique_ptr<TaskLimit> make_run_schedule(DataReader& data) {
    std::vector<RunSchedule::Wanted> wanted;
    for (const auto& field : fields) {
        auto ranges = read_ranges(data, field);
        if (ranges) wanted.push_back({&field, std::move(*ranges)});
    }
    bool overlap = false;
    data.flag("overlap", overlap);
    return std::make_unique<RunSchedule>(std::move(wanted), overlap);
}

} // namespace meshprobe::pscheduler
