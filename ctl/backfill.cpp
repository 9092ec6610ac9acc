// meshprobectl backfill: fetches the past of hosts once more, or the recorded gaps in it, beside the regular
// runs.
#include "ctl/backfill/plan.hpp"
#include "ctl/backfill/refetch.hpp"
#include "ctl/backfill/report.hpp"
#include "ctl/backfill/run.hpp"
#include "ctl/backfill/wish.hpp"
#include "ctl/commands.hpp"
#include "ctl/host_argument.hpp"
#include "ctl/output.hpp"
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/config/load.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::int64_t forgotten_after_usec = 7LL * 86400 * 1'000'000;

ExitCode misused(std::string_view message) {
    return complain_about_usage("backfill", message);
}

Result<std::size_t> at_once(const CommandLine& line) {
    constexpr std::size_t usual = 4;
    constexpr std::size_t most = 64;
    const auto text = line.value("jobs").value_or(std::to_string(usual));
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number == 0 || number > most) {
        return fail(ErrorKind::usage,
                    fmt::format("--jobs: expected a number from 1 to {}, got \"{}\"", most, text));
    }
    return number;
}

bool concerns(const CommandLine& line, const BackfillJob& job) {
    if (const auto task = line.value("task"); task && *task != job.instance.task) return false;
    return line.arguments.empty() || std::ranges::any_of(line.arguments, [&job](const std::string& argument) {
               return names_host(argument, job.instance.host) || argument == job.id;
           });
}

class Backfiller {
  public:
    explicit Backfiller(const CommandLine& line) : line_(line), store_(line.paths) {}

    ExitCode show();
    ExitCode cancel();
    ExitCode resume();
    ExitCode fetch();
    ExitCode fetch(const Config& config, const BackfillWish& wish);
    ExitCode refetch(const Config& config, BackfillWish wish);

  private:
    [[nodiscard]] Result<std::vector<BackfillStanding>> known() const;
    [[nodiscard]] Status prepare(const std::vector<BackfillJob>& jobs,
                                 const std::vector<BackfillStanding>& known) const;
    [[nodiscard]] Status begin_anew(const BackfillJob& job) const;
    [[nodiscard]] Status put_spools_in_order(const std::string& id) const;
    void forget_old(std::vector<BackfillStanding>& known) const;
    [[nodiscard]] Status check_arguments(const std::vector<BackfillStanding>& known) const;
    [[nodiscard]] Result<std::vector<BackfillJob>> make_jobs(const Config& config,
                                                             const BackfillWish& wish) const;
    static void say(const std::vector<BackfillJob>& jobs, const BackfillWish& wish);
    ExitCode run(const std::vector<BackfillJob>& jobs) const;

    const CommandLine& line_;
    BackfillStore store_;
};

Result<std::vector<BackfillStanding>> Backfiller::known() const {
    std::vector<Error> problems;
    const auto jobs = store_.list(problems);
    if (!jobs) return fail(jobs.error());
    for (const auto& problem : problems)
        complain(problem);
    std::vector<BackfillStanding> standings;
    for (const auto& job : *jobs) {
        auto standing = standing_of_job(store_, job);
        if (!standing) return fail(standing.error());
        standings.push_back(std::move(*standing));
    }
    return standings;
}

/// Each argument is of a back-fill, or of a host that could have one.
Status Backfiller::check_arguments(const std::vector<BackfillStanding>& known) const {
    const auto hosts = every_host(line_.paths);
    if (!hosts) return fail(hosts.error());
    for (const auto& argument : line_.arguments) {
        const bool is_known = std::ranges::any_of(known,
                                                  [&argument](const BackfillStanding& standing) {
                                                      return argument == standing.job.id ||
                                                             names_host(argument, standing.job.instance.host);
                                                  }) ||
                              std::ranges::any_of(*hosts, [&argument](const std::string& host) {
                                  return names_host(argument, host);
                              });
        if (!is_known) {
            return fail(ErrorKind::usage, fmt::format("there is no back-fill of {}, and {}", argument,
                                                      no_such_host(argument, *hosts)));
        }
    }
    return {};
}

ExitCode Backfiller::show() {
    auto standings = known();
    if (!standings) return complain(standings.error());
    if (const auto checked = check_arguments(*standings); !checked) return misused(checked.error().message);
    std::erase_if(*standings, [this](const auto& standing) { return !concerns(line_, standing.job); });
    if (line_.json) {
        print_json(to_json(*standings));
    } else {
        print_table(*standings, !line_.has("no-legend"));
    }
    return ExitCode::success;
}

/// Segments that a crash left half committed are published or deleted before what tells which is which goes.
Status Backfiller::put_spools_in_order(const std::string& id) const {
    const auto files = store_.checkpoint(id);
    std::error_code error;
    if (!std::filesystem::exists(files.lock, error)) return {};
    const auto checkpoint = Checkpoint::open(line_.paths, files, latest_timestamp);
    return checkpoint ? Status{} : Status(fail(checkpoint.error()));
}

ExitCode Backfiller::cancel() {
    if (line_.arguments.empty()) return misused("--cancel: say of which hosts");
    const auto lock = store_.lock_planning();
    if (!lock) return complain(lock.error());
    const auto standings = known();
    if (!standings) return complain(standings.error());
    if (const auto checked = check_arguments(*standings); !checked) return misused(checked.error().message);
    std::size_t cancelled = 0;
    ExitCode code = ExitCode::success;
    for (const auto& standing : *standings) {
        if (!concerns(line_, standing.job)) continue;
        const auto& id = standing.job.id;
        if (standing.is_running) {
            fmt::print(stderr, "meshprobectl: {} runs; stop it first: {} stop '{}'\n", id,
                       systemctl(line_.paths.scope()), backfill_unit(id));
            code = ExitCode::failure;
            continue;
        }
        auto removed = put_spools_in_order(id);
        if (removed) removed = store_.remove(id);
        if (!removed) {
            code = complain(removed.error().in(id));
        } else {
            ++cancelled;
        }
    }
    if (!line_.has("no-legend")) fmt::print("{} forgotten.\n", counted(cancelled, "back-fill"));
    return code;
}

void Backfiller::forget_old(std::vector<BackfillStanding>& known) const {
    std::erase_if(known, [this](const BackfillStanding& standing) {
        const bool is_old =
            standing.state.is_finished() && standing.state.finished_usec < now_usec() - forgotten_after_usec;
        if (!is_old || standing.is_running) return false;
        const auto removed = store_.remove(standing.job.id);
        if (!removed) complain(removed.error());
        return removed.has_value();
    });
}

Status Backfiller::begin_anew(const BackfillJob& job) const {
    if (auto ordered = put_spools_in_order(job.id); !ordered) return ordered;
    if (auto forgotten = store_.forget_progress(job.id); !forgotten) return forgotten;
    return store_.write(job);
}

/// What is not finished is gone on with; what is new, or wished for again, is written down.
Status Backfiller::prepare(const std::vector<BackfillJob>& jobs,
                           const std::vector<BackfillStanding>& known) const {
    for (const auto& job : jobs) {
        const auto before = std::ranges::find(
            known, job.id, [](const BackfillStanding& standing) { return standing.job.id; });
        if (before == known.end()) {
            if (auto written = store_.write(job); !written) return written;
        } else if (before->state.is_finished()) {
            if (auto anew = begin_anew(job); !anew) return anew;
        }
    }
    return {};
}

/// What is fetched: of jobs that go on it may be other than what was typed now.
void Backfiller::say(const std::vector<BackfillJob>& jobs, const BackfillWish& wish) {
    std::set<std::string> hosts;
    std::size_t holes = 0;
    for (const auto& job : jobs) {
        hosts.insert(job.instance.host);
        if (job.gaps) holes += job.ranges.size(); // others bring some of them with all else
    }
    if (wish.gaps) {
        fmt::print(stderr, "Fetching {} of {}.\n", counted(holes, "recorded hole"),
                   counted(hosts.size(), "host"));
    } else if (jobs.empty()) {
        fmt::print(stderr, "{} to {} is back-filled already; --again delivers it again.\n",
                   format_utc(*wish.since), format_utc(*wish.until));
    } else {
        const auto first = std::ranges::min_element(jobs, {}, &BackfillJob::since);
        const auto last = std::ranges::max_element(jobs, {}, &BackfillJob::until);
        fmt::print(stderr, "Fetching {} to {} of {}.\n", format_utc(first->since()),
                   format_utc(last->until()), counted(hosts.size(), "host"));
    }
}

ExitCode Backfiller::run(const std::vector<BackfillJob>& jobs) const {
    const auto number = at_once(line_);
    if (!number) return misused(number.error().message);
    {
        ProgressBar progress(store_, jobs);
        const auto ran = run_backfills(line_.paths, jobs, *number, [&progress] { progress.draw(); });
        progress.draw();
        if (!ran && ran.error().kind != ErrorKind::interrupted) return complain(ran.error());
    }
    std::vector<BackfillStanding> standings;
    for (const auto& job : jobs) {
        auto standing = standing_of_job(store_, job);
        if (!standing) return complain(standing.error());
        standings.push_back(std::move(*standing));
    }
    if (line_.json) {
        print_json(to_json(standings));
    } else {
        print_table(standings, !line_.has("no-legend"));
    }
    const bool all_done = std::ranges::all_of(standings, [](const BackfillStanding& standing) {
        return standing.state.outcome == BackfillState::Outcome::done;
    });
    return all_done ? ExitCode::success : ExitCode::partial;
}

/// Also what is added meanwhile; each once, or one that cannot be done would be tried for ever.
ExitCode Backfiller::resume() {
    {
        const auto lock = store_.lock_planning();
        if (!lock) return complain(lock.error());
        auto standings = known();
        if (!standings) return complain(standings.error());
        forget_old(*standings);
        if (const auto checked = check_arguments(*standings); !checked)
            return misused(checked.error().message);
    }
    std::set<std::string> tried;
    ExitCode code = ExitCode::success;
    bool any = false;
    while (true) {
        const auto standings = known();
        if (!standings) return complain(standings.error());
        std::vector<BackfillJob> jobs;
        for (const auto& standing : *standings) {
            if (standing.state.is_finished() || !concerns(line_, standing.job)) continue;
            if (tried.insert(standing.job.id).second) jobs.push_back(standing.job);
        }
        if (jobs.empty()) break;
        any = true;
        if (const auto ran = run(jobs); ran != ExitCode::success) code = ran;
    }
    if (!any && line_.json) print_json(nlohmann::ordered_json::array());
    if (!any && !line_.json && !line_.has("no-legend")) fmt::print("0 back-fills.\n");
    return code;
}

ExitCode Backfiller::fetch() {
    if (const auto number = at_once(line_); !number) return misused(number.error().message);
    auto wish = read_wish(line_, now_usec() / 1'000'000);
    if (!wish) return misused(wish.error().message);
    const auto loaded = load_config(line_.paths);
    if (!loaded) return complain(loaded.error());
    return wish->refetch ? refetch(loaded->config, std::move(*wish)) : fetch(loaded->config, *wish);
}

ExitCode Backfiller::refetch(const Config& config, BackfillWish wish) {
    auto archives = claim_refetches(line_.paths, config);
    if (!archives) return complain(archives.error());
    if (archives->empty()) {
        if (line_.json) print_json(nlohmann::ordered_json::array());
        if (!line_.json && !line_.has("no-legend")) fmt::print("Nothing is to be fetched again.\n");
        return ExitCode::success;
    }
    wish.archives = *archives;
    const auto code = fetch(config, wish);
    const auto settled = settle_refetches(line_.paths, *archives, code == ExitCode::success);
    return settled ? code : complain(settled.error());
}

/// Under a lock: what another command plans at the same moment is seen by one of the two.
Result<std::vector<BackfillJob>> Backfiller::make_jobs(const Config& config, const BackfillWish& wish) const {
    const auto lock = store_.lock_planning();
    if (!lock) return fail(lock.error());
    auto standings = known();
    if (!standings) return fail(standings.error());
    forget_old(*standings);
    auto jobs = plan_backfill(line_.paths, config, wish, *standings);
    if (!jobs) return jobs;
    if (auto prepared = prepare(*jobs, *standings); !prepared) return fail(prepared.error());
    return jobs;
}

ExitCode Backfiller::fetch(const Config& config, const BackfillWish& wish) {
    const auto jobs = make_jobs(config, wish);
    if (!jobs) {
        const auto& error = jobs.error();
        return error.kind == ErrorKind::usage ? misused(error.message) : complain(error);
    }
    if (!line_.json && !line_.has("no-legend")) say(*jobs, wish);
    return run(*jobs);
}

} // namespace

ExitCode command::backfill(const CommandLine& line) {
    const bool shows = line.has("status");
    const bool cancels = line.has("cancel");
    const bool resumes = line.has("resume");
    if (shows + cancels + resumes > 1) return misused("one of --status, --cancel and --resume");
    for (const auto option : {"since", "until", "gaps", "refetch", "again", "event-type", "archive"}) {
        if ((shows || cancels || resumes) && line.has(option)) {
            return misused(fmt::format(
                "--{} says what is to be fetched: not with --status, --cancel or --resume", option));
        }
    }
    Backfiller backfiller(line);
    if (shows) return backfiller.show();
    if (cancels) return backfiller.cancel();
    if (resumes) return backfiller.resume();
    return backfiller.fetch();
}

} // namespace meshprobe
