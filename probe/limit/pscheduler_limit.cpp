#include "probe/limit/pscheduler_limit.hpp"

#include "lib/host_name.hpp"
#include "lib/json_text/json_value.hpp"
#include "lib/summary_name.hpp"
#include "probe/fetch/test_type.hpp"
#include "probe/limit/pscheduler/document.hpp"
#include "probe/limit/pscheduler/outside.hpp"
#include "probe/limit/pscheduler/processor.hpp"
#include "probe/limit/pscheduler/source.hpp"

#include <fmt/core.h>

namespace meshprobe {

namespace {

using nlohmann::json;

/// Of the metadata's JSON text; empty if it is none.
std::string text_in(const std::string& json_text) {
    return unescape({json_text, true}).value_or("");
}

/// "pscheduler/iperf3" is iperf3 to pScheduler.
std::string tool_of(const EntryMeta& meta) {
    constexpr std::string_view prefix = "pscheduler/";
    auto tool = text_in(meta.tool_name);
    if (tool.starts_with(prefix)) tool.erase(0, prefix.size());
    return tool;
}

std::string test_type_of(const JudgedSeries& series) {
    if (auto named = text_in(series.entry.meta.test_type); !named.empty()) return named;
    TestClues clues;
    clues.add(event_type_of(series.event_type));
    for (const char* type : {"throughput", "trace", "rtt", "latencybg"}) {
        if (clues.is_of({type}, "")) return type;
    }
    return {};
}

/// Seconds, as a number or in a string; "" if they are not said.
std::string duration_of(const EntryMeta& meta) {
    const auto seconds = to_seconds({meta.time_duration, true});
    return seconds && *seconds >= 0 ? fmt::format("PT{}S", *seconds) : std::string();
}

class PschedulerLimit final : public LimitRule {
  public:
    PschedulerLimit(std::string origin, pscheduler::ReadDocument read, pscheduler::World world,
                    const std::string& server)
        : origin_(std::move(origin)), document_(std::move(read.document)), found_(std::move(read.found)),
          world_(std::move(world)), server_(name_or_address(server)),
          depends_on_run_(document_.depends_on_run()) {}

    [[nodiscard]] std::string reason() const override { return "not let pass by " + origin_; }

    [[nodiscard]] Result<bool> is_series_exceeded(const JudgedSeries& series) override {
        if (auto proved = prove(); !proved) return fail(proved.error());
        if (depends_on_run_) {
            // What nobody will judge need not be read.
            if (auto has_time = world_.has_time_for_jq(); !has_time)
                return fail(has_time.error().in(origin_));
            return false;
        }
        const auto passes = assess(series).passes(nullptr);
        if (!passes) return fail(passes.error().in(origin_));
        return !*passes;
    }

    [[nodiscard]] std::shared_ptr<ResultJudge> judge_of_results(const JudgedSeries& series) override {
        if (!depends_on_run_) return nullptr;
        return std::make_shared<Judge>(series, assess(series), origin_);
    }

  private:
    class Judge final : public ResultJudge {
      public:
        Judge(const JudgedSeries& series, pscheduler::Assessment assessment, const std::string& origin)
            : series_(series), assessment_(std::move(assessment)), origin_(origin) {}

        bool is_exceeded(const Judged& result) override {
            const auto passes = assessment_.passes(run_schedule_of(series_, result.ts));
            fault_ = passes ? std::nullopt : std::optional(passes.error().in(origin_));
            return fault_ || !*passes;
        }
        [[nodiscard]] const Error* fault() const override { return fault_ ? &*fault_ : nullptr; }

      private:
        JudgedSeries series_;
        pscheduler::Assessment assessment_;
        const std::string& origin_;
        std::optional<Error> fault_; ///< of the last one
    };

    /// A script that does not compile, or a regular expression that is none, would refuse everything, as if
    /// that were the policy. Found out with the first series, when it is known that there is something to
    /// judge.
    [[nodiscard]] Status prove() {
        if (!proved_) {
            const auto problems = pscheduler::prove(found_, world_);
            proved_ = !problems           ? Status(fail(problems.error().in(origin_)))
                      : problems->empty() ? Status()
                                          : Status(fail(pscheduler::error_of(*problems).in(origin_)));
            found_ = {};
        }
        return *proved_;
    }

    static std::string name_or_address(const std::string& server) {
        const auto parsed = parse_host_name(server);
        return parsed ? parsed->host : server;
    }

    [[nodiscard]] pscheduler::Assessment assess(const JudgedSeries& series) const {
        json hints{{"server", server_}};
        if (auto agent = text_in(series.entry.meta.measurement_agent); !agent.empty())
            hints["requester"] = std::move(agent);
        return {document_, world_, std::move(hints), task_of(series)};
    }

    std::string origin_;
    pscheduler::LimitDocument document_;
    pscheduler::Findings found_;
    std::optional<Status> proved_;
    pscheduler::World world_;
    std::string server_;
    bool depends_on_run_;
};

} // namespace

json task_of(const JudgedSeries& series) {
    const auto& meta = series.entry.meta;
    json spec = json::object();
    const auto add = [](json& object, const char* name, std::string text) {
        if (!text.empty()) object[name] = std::move(text);
    };
    const auto input_or_measured = [](const std::string& input, const std::string& measured) {
        auto text = text_in(input);
        return text.empty() ? text_in(measured) : text;
    };
    add(spec, "source", input_or_measured(meta.input_source, meta.source));
    add(spec, "dest", input_or_measured(meta.input_destination, meta.destination));
    add(spec, "duration", duration_of(meta));
    if (const auto address = parse_ip_address(text_in(meta.source)))
        spec["ip-version"] = address->size == 4 ? 4 : 6;
    if (text_in(meta.ip_transport_protocol) == "udp") spec["udp"] = true;
    json test{{"spec", std::move(spec)}};
    add(test, "type", test_type_of(series));
    json task{{"schema", 1}, {"test", std::move(test)}, {"schedule", json::object()}};
    add(task, "tool", tool_of(meta));
    json reference{{"metadata-key", series.entry.key},
                   {"event-type", std::string(event_type_of(series.event_type))}};
    add(reference, "source", text_in(meta.source));
    add(reference, "destination", text_in(meta.destination));
    add(reference, "subject-type", text_in(meta.subject_type));
    task["reference"] = std::move(reference);
    return task;
}

json run_schedule_of(const JudgedSeries& series, Timestamp ts) {
    const auto duration = duration_of(series.entry.meta);
    return {{"start", format_utc(ts)}, {"duration", duration.empty() ? "PT0S" : duration}};
}

Result<std::unique_ptr<LimitRule>> make_pscheduler_limit(const Limit& limit, const Paths& paths,
                                                         const std::string& server) {
    const std::string origin =
        limit.file.empty() ? fmt::format("limits.{}.document", limit.name) : limit.file;
    const auto text = pscheduler::read_document_text(paths, limit);
    if (!text) return fail(text.error().in(fmt::format("limits.{}", limit.name)));
    auto document = pscheduler::read_limit_document(*text);
    if (!document.found.problems.empty()) {
        return fail(ErrorKind::configuration,
                    fmt::format("{}: {}; \"meshprobectl check\" tells more", origin,
                                pscheduler::error_of(document.found.problems).message));
    }
    return std::make_unique<PschedulerLimit>(origin, std::move(document), pscheduler::outside_world(paths),
                                             server);
}

} // namespace meshprobe
