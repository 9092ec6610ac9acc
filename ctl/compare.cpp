// meshprobectl compare: what meshprobe has and another collector has not, and the other way round.
#include "ctl/commands.hpp"
#include "ctl/compare/listener.hpp"
#include "ctl/compare/own_results.hpp"
#include "ctl/compare/recording.hpp"
#include "ctl/compare/results.hpp"
#include "ctl/output.hpp"
#include "lib/clock.hpp"
#include "lib/config/amqp_url.hpp"
#include "lib/config/load.hpp"
#include "lib/config/suggest.hpp"
#include "lib/json.hpp"
#include "lib/moment.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <optional>

namespace meshprobe {

namespace {

using namespace comparison;
using nlohmann::ordered_json;

struct CompareSettings {
    Range range;
    bool has_since = false;
    bool has_until = false;
    Microseconds duration = std::chrono::hours(1);
    Timestamp grace = 15 * 60; ///< seconds
    bool all = false;          ///< rows without a difference, too
};

Timestamp now_seconds() {
    return now_usec() / 1'000'000;
}

/// Where the messages of the other collector come from.
struct Source {
    std::string file;
    std::optional<Archive> broker;
};

Result<std::optional<Timestamp>> time_option(const CommandLine& line, std::string_view name, RangeEdge edge) {
    const auto text = line.value(name);
    if (!text) return std::optional<Timestamp>{};
    const auto time = parse_moment(*text, now_usec() / 1'000'000, edge);
    if (!time) return fail(time.error().in(fmt::format("--{}", name)));
    return std::optional<Timestamp>(*time);
}

Result<CompareSettings> compare_settings(const CommandLine& line) {
    CompareSettings settings;
    const auto since = time_option(line, "since", RangeEdge::begin);
    if (!since) return fail(since.error());
    const auto until = time_option(line, "until", RangeEdge::end);
    if (!until) return fail(until.error());
    settings.has_since = since->has_value();
    settings.has_until = until->has_value();
    settings.range = {since->value_or(0), until->value_or(latest_timestamp)};
    if (const auto text = line.value("for")) {
        const auto duration = parse_duration(*text);
        if (!duration) return fail(ErrorKind::usage, "--for: " + duration.error().message);
        settings.duration = *duration;
    }
    if (const auto text = line.value("grace")) {
        const auto grace = parse_duration(*text);
        if (!grace) return fail(ErrorKind::usage, "--grace: " + grace.error().message);
        settings.grace = std::chrono::duration_cast<Seconds>(*grace).count();
    }
    settings.all = line.has("all");
    return settings;
}

/// A URL, the name of an archive whose connection is used, or a file.
Result<Source> source_of(const CommandLine& line, const Config& config) {
    const auto place = line.value("amqp");
    if (place.has_value() == !line.arguments.empty() || line.arguments.size() > 1)
        return fail(ErrorKind::usage, "with what? Give it one file of messages, or --amqp URL");
    if (!place) return Source{line.arguments.front(), {}};
    if (place->find("://") == std::string::npos) {
        const auto archive = config.archives.find(*place);
        std::error_code error;
        if (archive == config.archives.end() && !std::filesystem::exists(*place, error)) {
            std::vector<std::string_view> names;
            for (const auto& [name, known] : config.archives)
                names.push_back(name);
            return fail(ErrorKind::usage,
                        fmt::format("--amqp: there is no URL, no archive and no file \"{}\"{}", *place,
                                    suggestion(*place, names)));
        }
        if (archive == config.archives.end()) return Source{*place, {}};
        if (archive->second.archiver != "rabbitmq")
            return fail(ErrorKind::usage, fmt::format("--amqp: archive \"{}\" is no broker", *place));
        return Source{{}, archive->second};
    }
    const auto url = parse_amqp_url(*place);
    if (!url) return fail(ErrorKind::usage, "--amqp: " + url.error().message);
    if (!url->user.empty() && !url->password) {
        return fail(ErrorKind::usage,
                    "--amqp: there is no password in the URL; name an archive of the configuration "
                    "that has its credential instead");
    }
    Archive broker;
    broker.name = "compare";
    broker.archiver = "rabbitmq";
    broker.url = *place;
    return Source{{}, broker};
}

class Compare {
  public:
    Compare(const CommandLine& line, CompareSettings settings, std::filesystem::path database)
        : line_(line), settings_(settings), database_(std::move(database)) {}

    [[nodiscard]] Status with(const Source& source) {
        const auto begun = now_seconds();
        auto got = source.broker ? listen_to(*source.broker) : read_recording(source.file, recording_);
        if (!got) return got;
        auto& there = recording_.results;
        there.sort();
        if (recording_.messages == 0 || (there.size() == 0 && !source.broker))
            return fail(ErrorKind::usage, fmt::format("there is nothing to compare with: {}", what_came()));
        Range range = settings_.range;
        if (!source.broker) range = within(range, there);
        auto here = read_own_results(database_, range);
        if (!here) return fail(here.error());
        if (source.broker) {
            if (!settings_.has_since) forget_what_was_before(*here, there, begun);
            if (!settings_.has_until)
                forget_what_may_still_come(*here, there, now_seconds() - settings_.grace);
        }
        if (here->size() == 0 && there.size() == 0) {
            return fail(
                ErrorKind::usage,
                "there is nothing to compare: neither side has a result in that time (--since, --until)");
        }
        if (here->size() == 0) {
            fmt::print(
                stderr,
                "meshprobectl: {} has no result in that time: is it fed (archives of the tasks), and is "
                "its spool delivered (\"meshprobectl status\")? In shadow only format raw is noted.\n",
                database_.stem().string());
        }
        comparison_ = compare(*here, there, range);
        return {};
    }

    [[nodiscard]] std::string what_came() const {
        std::string text = counted(recording_.messages, "message");
        if (recording_.passed_over > 0)
            text += fmt::format(", {} of them of summaries or pushed results", recording_.passed_over);
        if (recording_.refused > 0) {
            text += fmt::format(", {} of them no raw results, the first: {}", recording_.refused,
                                one_line(recording_.first_refused));
        }
        return text;
    }

    void print() const;
    void print_as_json() const;
    [[nodiscard]] bool differs() const { return comparison_.differs(); }
    [[nodiscard]] bool has_refused() const { return recording_.refused > 0; }

  private:
    [[nodiscard]] Status listen_to(const Archive& broker) {
        return listen(
            line_.paths, broker,
            {.exchange =
                 line_.value("exchange").value_or(broker.exchange.empty() ? "osg.ps.raw" : broker.exchange),
             .routing_key = line_.value("routing-key").value_or("perfsonar.raw.#"),
             .duration = settings_.duration,
             .bound =
                 [this] {
                     fmt::print(stderr, "meshprobectl: listening for {}; SIGINT ends it earlier\n",
                                format_duration(settings_.duration));
                 }},
            recording_);
    }

    /// A recording is about the time from its first to its last result.
    [[nodiscard]] Range within(Range range, const Results& there) const {
        Timestamp first = latest_timestamp;
        Timestamp last = 0;
        for (const auto& [name, series] : there.series()) {
            first = std::min(first, series.timestamps.front());
            last = std::max(last, series.timestamps.back());
        }
        if (!settings_.has_since) range.since = first;
        if (!settings_.has_until) range.until = last;
        return range;
    }

    [[nodiscard]] std::vector<Difference> shown() const {
        std::vector<Difference> rows;
        std::ranges::copy_if(comparison_.rows, std::back_inserter(rows), [this](const Difference& row) {
            return settings_.all || row.only_here + row.only_there > 0;
        });
        return rows;
    }

    const CommandLine& line_;
    CompareSettings settings_;
    std::filesystem::path database_;
    Recording recording_;
    Comparison comparison_;
};

struct Totals {
    std::size_t both = 0;
    std::size_t only_here = 0;
    std::size_t only_there = 0;
};

Totals totals_of(const Comparison& comparison) {
    Totals totals;
    for (const auto& row : comparison.rows) {
        totals.both += row.here - row.only_here;
        totals.only_here += row.only_here;
        totals.only_there += row.only_there;
    }
    return totals;
}

void Compare::print() const {
    const bool legend = !line_.has("no-legend");
    const auto rows = shown();
    Table table({"HOST", "EVENT TYPE", "HOUR", "BOTH", "ONLY HERE", "ONLY THERE"});
    for (const auto& row : rows) {
        table.add({row.host, row.event_type, local_time(row.hour * 1'000'000),
                   std::to_string(row.here - row.only_here), std::to_string(row.only_here),
                   std::to_string(row.only_there)});
    }
    if (!rows.empty()) table.print(legend);
    if (!legend) return;
    const auto totals = totals_of(comparison_);
    fmt::print("{}{} in both, {} only here, {} only there; {}{}\n", rows.empty() ? "" : "\n",
               counted(totals.both, "result"), totals.only_here, totals.only_there, what_came(),
               recording_.results.repeated() > 0
                   ? fmt::format(", {} repeated", counted(recording_.results.repeated(), "result"))
                   : "");
}

void Compare::print_as_json() const {
    auto rows = ordered_json::array();
    for (const auto& row : shown()) {
        rows.push_back({{"host", row.host},
                        {"event-type", row.event_type},
                        {"hour", format_utc(row.hour)},
                        {"here", row.here},
                        {"there", row.there},
                        {"only-here", row.only_here},
                        {"only-there", row.only_there}});
    }
    const auto totals = totals_of(comparison_);
    print_json({{"rows", rows},
                {"both", totals.both},
                {"only-here", totals.only_here},
                {"only-there", totals.only_there},
                {"messages", recording_.messages},
                {"passed-over-messages", recording_.passed_over},
                {"refused-messages", recording_.refused},
                {"repeated", recording_.results.repeated()}});
}

} // namespace

ExitCode command::compare(const CommandLine& line) {
    auto settings = compare_settings(line);
    if (!settings) return complain_about_usage("compare", settings.error().message);
    const auto loaded = load_config(line.paths);
    if (!loaded) return complain(loaded.error());
    const auto source = source_of(line, loaded->config);
    if (!source) return complain_about_usage("compare", source.error().message);
    auto database = database_of(line.paths, loaded->config, line.value("archive"));
    if (!database) return complain_about_usage("compare", database.error().message);

    Compare compare(line, *settings, std::move(*database));
    if (auto done = compare.with(*source); !done) return complain(done.error());
    if (line.json) {
        compare.print_as_json();
    } else {
        compare.print();
    }
    if (compare.differs()) return ExitCode::failure;
    return compare.has_refused() ? ExitCode::partial : ExitCode::success;
}

} // namespace meshprobe
