// Limit run-daterange: a run lies between two times, or, with "overlap", partly so.
#include "lib/mesh/json_text.hpp"
#include "probe/limit/pscheduler/limit_type.hpp"
#include "probe/limit/pscheduler/run_time.hpp"

namespace meshprobe::pscheduler {

std::optional<RunTime> run_time_of(const nlohmann::json& task) {
    const auto& schedule = object_member(task, "run_schedule");
    const auto start = parse_iso_time(string_member(schedule, "start"));
    if (!start) return std::nullopt;
    const auto& written = string_member(schedule, "duration");
    const auto duration = written.empty() || written == "P0D"
                              ? Microseconds(0)
                              : parse_duration(written).value_or(Microseconds(-1));
    if (duration < Microseconds(0)) return std::nullopt;
    return RunTime{*start, {start->utc + std::chrono::ceil<std::chrono::seconds>(duration), start->offset}};
}

namespace {

class RunDaterange final : public TaskLimit {
  public:
    RunDaterange(std::optional<IsoTime> start, std::optional<IsoTime> end, bool overlap)
        : start_(start), end_(end), overlap_(overlap) {}

    bool is_about_schedule() const override { return true; }
    Result<Outcome> judge(const Proposal& proposal, const World& /*world*/) const override {
        const auto run = run_time_of(proposal.task);
        if (!run) return Outcome::unanswered("When it runs cannot be read");
        const bool begins_before_end = !end_ || run->start < *end_;
        const bool ends_after_start = !start_ || *start_ < run->end || !(run->start < *start_);
        const bool is_inside = (!start_ || !(run->start < *start_)) && (!end_ || run->end < *end_);
        if (overlap_ ? begins_before_end && ends_after_start : is_inside) return Outcome::pass();
        return Outcome::failure("Ranges do not match");
    }

  private:
    std::optional<IsoTime> start_;
    std::optional<IsoTime> end_;
    bool overlap_;
};

std::optional<IsoTime> read_time(DataReader& data, std::string_view name) {
    std::string text;
    if (!data.text(name, text, Need::optional)) return std::nullopt;
    const auto time = parse_iso_time(text);
    if (!time) data.problem(name, "expected a time such as \"2026-11-27T10:00:00Z\"");
    return time;
}

} // namespace

std::unique_ptr<TaskLimit> make_run_daterange(DataReader& data) {
    const auto start = read_time(data, "start");
    const auto end = read_time(data, "end");
    bool overlap = false;
    data.flag("overlap", overlap);
    if (start && end && *end < *start) data.problem("end", "is before start");
    return std::make_unique<RunDaterange>(start, end, overlap);
}

} // namespace meshprobe::pscheduler
