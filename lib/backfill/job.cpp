#include "lib/backfill/job.hpp"

#include "lib/json.hpp"
#include "lib/spool/segment_name.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

namespace meshprobe {

namespace {

constexpr std::string_view unit_prefix = "meshprobe-backfill-";
constexpr std::string_view unit_suffix = ".service";

constexpr std::size_t largest_job = 16U << 20; // a full ledger, and some
constexpr mode_t job_mode = 0644;
constexpr std::size_t digits = 16;

constexpr std::array outcomes{std::pair{BackfillState::Outcome::running, std::string_view("running")},
                              std::pair{BackfillState::Outcome::done, std::string_view("done")},
                              std::pair{BackfillState::Outcome::partial, std::string_view("partial")},
                              std::pair{BackfillState::Outcome::stopped, std::string_view("stopped")}};

BackfillState::Outcome to_outcome(std::string_view text) {
    const auto* const found =
        std::ranges::find(outcomes, text, [](const auto& outcome) { return outcome.second; });
    return found == outcomes.end() ? BackfillState::Outcome::stopped : found->first;
}

nlohmann::json to_json(const std::vector<BackfillRange>& ranges) {
    auto list = nlohmann::json::array();
    for (const auto& range : ranges) {
        list.push_back(
            {{"series", range.series}, {"since", range.since}, {"until", range.until}, {"lost", range.lost}});
    }
    return list;
}

std::vector<BackfillRange> ranges_of(const nlohmann::json& list) {
    std::vector<BackfillRange> ranges;
    for (const auto& range : list) {
        ranges.push_back({.series = range.at("series").get<std::string>(),
                          .since = range.at("since").get<Timestamp>(),
                          .until = range.at("until").get<Timestamp>(),
                          .lost = range.at("lost").get<bool>()});
    }
    return ranges;
}

bool is_sane(const BackfillRange& range) {
    return range.since >= 0 && range.since < range.until && range.until <= latest_timestamp + 1;
}

BackfillJob job_of(const std::string& id, const nlohmann::json& json) {
    return {
        .id = id,
        .instance = {.task = json.at("task").get<std::string>(), .host = json.at("host").get<std::string>()},
        .ranges = ranges_of(json.at("ranges")),
        .gaps = json.at("gaps").get<bool>(),
        .again = json.at("again").get<bool>(),
        .event_types = json.at("event-types").get<std::vector<std::string>>(),
        .archives = json.at("archives").get<std::vector<std::string>>(),
        .made_usec = json.at("made-usec").get<std::int64_t>(),
        .brought = json.contains("brought") ? ranges_of(json.at("brought")) : std::vector<BackfillRange>{},
        .words = json.at("words").get<std::string>()};
}

nlohmann::json to_json(const BackfillJob& job) {
    return {{"task", job.instance.task},
            {"host", job.instance.host},
            {"ranges", to_json(job.ranges)},
            {"gaps", job.gaps},
            {"again", job.again},
            {"event-types", job.event_types},
            {"archives", job.archives},
            {"words", job.words},
            {"made-usec", job.made_usec},
            {"brought", to_json(job.brought)}};
}

BackfillState state_of(const nlohmann::json& json) {
    return {.outcome = to_outcome(json.at("outcome").get<std::string>()),
            .message = json.at("message").get<std::string>(),
            .reached = json.at("reached").get<Timestamp>(),
            .points = json.at("points").get<std::uint64_t>(),
            .messages = json.at("messages").get<std::uint64_t>(),
            .requests = json.at("requests").get<std::uint64_t>(),
            .bytes = json.at("bytes").get<std::uint64_t>(),
            .started_usec = json.at("started-usec").get<std::int64_t>(),
            .finished_usec = json.at("finished-usec").get<std::int64_t>(),
            .failed = ranges_of(json.at("failed"))};
}

nlohmann::json to_json(const BackfillState& state) {
    return {{"outcome", to_string(state.outcome)},
            {"message", state.message},
            {"reached", state.reached},
            {"points", state.points},
            {"messages", state.messages},
            {"requests", state.requests},
            {"bytes", state.bytes},
            {"started-usec", state.started_usec},
            {"finished-usec", state.finished_usec},
            {"failed", to_json(state.failed)}};
}

/// "TASK:HOST." of all jobs of an instance, HOST as in unit names.
std::string prefix_of(const Instance& instance) {
    const std::string name = instance.name();
    return instance.task + ":" + name.substr(name.find('@') + 1) + ".";
}

bool is_digest(std::string_view text) {
    return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_id(std::string_view id) {
    const auto colon = id.find(':');
    return colon != std::string_view::npos && is_valid_name(id.substr(0, colon)) &&
           id.find('/') == std::string_view::npos && id.size() > digits + 1 && id.size() < 240 &&
           is_digest(id.substr(id.size() - digits)) && id[id.size() - digits - 1] == '.';
}

std::string text_of(const nlohmann::json& json) {
    return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<std::optional<nlohmann::json>> read_json(const std::filesystem::path& path) {
    const auto text = read_file_if_exists(path, largest_job, Links::refuse);
    if (!text) return fail(text.error());
    if (!*text) return std::optional<nlohmann::json>{};
    auto json = nlohmann::json::parse(**text, nullptr, false);
    if (json.is_discarded()) return fail(ErrorKind::storage, path.string() + ": not JSON");
    return std::optional(std::move(json));
}

Error damaged(const std::filesystem::path& path, const nlohmann::json::exception& error) {
    return {ErrorKind::storage, fmt::format("{}: {}", path.string(), error.what())};
}

} // namespace

std::string_view to_string(BackfillState::Outcome outcome) {
    const auto* const found =
        std::ranges::find(outcomes, outcome, [](const auto& each) { return each.first; });
    return found == outcomes.end() ? "" : found->second;
}

bool was_lost(const Gap& gap) {
    return gap.reason == "quota" || gap.reason.starts_with("transform ") || gap.reason == "several reasons";
}

Timestamp BackfillJob::since() const {
    return ranges.empty() ? 0 : std::ranges::min(ranges, {}, &BackfillRange::since).since;
}

Timestamp BackfillJob::until() const {
    return ranges.empty() ? 0 : std::ranges::max(ranges, {}, &BackfillRange::until).until;
}

double share_done(const BackfillJob& job, Timestamp reached) {
    double all = 0;
    double done = 0;
    for (const auto& range : job.ranges) {
        all += static_cast<double>(range.until - range.since);
        done += static_cast<double>(std::clamp(reached, range.since, range.until) - range.since);
    }
    return all > 0 ? done / all : 1;
}

std::string backfill_id(const Instance& instance, std::string_view words) {
    return fmt::format("{}{:016x}", prefix_of(instance), hash_instance_name(words));
}

std::string backfill_unit(std::string_view id) {
    return fmt::format("{}{}{}", unit_prefix, id, unit_suffix);
}

std::string_view backfill_of_unit(std::string_view unit) {
    if (!unit.starts_with(unit_prefix) || !unit.ends_with(unit_suffix)) return {};
    return unit.substr(unit_prefix.size(), unit.size() - unit_prefix.size() - unit_suffix.size());
}

std::filesystem::path BackfillStore::file(const std::string& id, std::string_view suffix) const {
    return directory_ / fmt::format("{}.{}", id, suffix);
}

std::filesystem::path BackfillStore::lock(const std::string& id) const {
    return file(id, "running");
}

Result<std::optional<BackfillJob>> BackfillStore::read(const std::string& id) const {
    if (!is_id(id)) {
        return fail(ErrorKind::usage,
                    fmt::format("\"{}\" is no id of a back-fill; see 'meshprobectl backfill "
                                "--status'",
                                id.substr(0, 200)));
    }
    const auto path = file(id, "job");
    const auto json = read_json(path);
    if (!json) return fail(json.error());
    if (!*json) return std::optional<BackfillJob>{};
    try {
        auto job = job_of(id, **json);
        const bool is_good = check_instance(job.instance).has_value() && !job.ranges.empty() &&
                             !job.archives.empty() && std::ranges::all_of(job.ranges, is_sane) &&
                             std::ranges::all_of(job.brought, is_sane) &&
                             id.starts_with(prefix_of(job.instance));
        if (!is_good) return fail(ErrorKind::storage, path.string() + ": it makes no sense");
        return std::optional(std::move(job));
    } catch (const nlohmann::json::exception& error) {
        return fail(damaged(path, error));
    }
}

Status BackfillStore::write(const BackfillJob& job) const {
    if (auto made = make_directories(directory_); !made) return made;
    return write_file_durably(file(job.id, "job"), text_of(to_json(job)), job_mode);
}

Result<FileLock> BackfillStore::lock_planning() const {
    if (auto made = make_directories(directory_); !made) return fail(made.error());
    return FileLock::acquire(directory_ / "planning.lock");
}

Result<std::vector<std::string>> BackfillStore::ids() const {
    std::vector<std::string> ids;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory_, error), end; !error && entry != end;
         entry.increment(error)) {
        auto id = entry->path().stem().string();
        if (entry->path().extension() == ".job" && is_id(id)) ids.push_back(std::move(id));
    }
    if (error && error != std::errc::no_such_file_or_directory)
        return fail(ErrorKind::storage, fmt::format("list {}: {}", directory_.string(), error.message()));
    std::ranges::sort(ids);
    return ids;
}

Result<std::vector<BackfillJob>> BackfillStore::list(std::vector<Error>& problems) const {
    const auto all = ids();
    if (!all) return fail(all.error());
    std::vector<BackfillJob> jobs;
    for (const auto& id : *all) {
        auto job = read(id);
        if (!job) {
            problems.push_back(job.error());
        } else if (*job) {
            jobs.push_back(std::move(**job));
        }
    }
    return jobs;
}

Result<std::vector<BackfillJob>> BackfillStore::of_instance(const Instance& instance) const {
    const auto all = ids();
    if (!all) return fail(all.error());
    const auto prefix = prefix_of(instance);
    std::vector<BackfillJob> jobs;
    for (const auto& id : *all) {
        if (!id.starts_with(prefix) || id.size() != prefix.size() + digits) continue;
        auto job = read(id);
        if (job && *job) jobs.push_back(std::move(**job));
    }
    return jobs;
}

Result<std::optional<BackfillState>> BackfillStore::read_state(const std::string& id) const {
    const auto path = file(id, "state");
    const auto json = read_json(path);
    if (!json) return fail(json.error());
    if (!*json) return std::optional<BackfillState>{};
    try {
        return std::optional(state_of(**json));
    } catch (const nlohmann::json::exception& error) {
        return fail(damaged(path, error));
    }
}

Status BackfillStore::write_state(const std::string& id, const BackfillState& state) const {
    return write_file_durably(file(id, "state"), text_of(to_json(state)), job_mode);
}

Result<std::optional<FileLock>> BackfillStore::begin_to_run(const std::string& id) const {
    constexpr auto pause = std::chrono::milliseconds(50);
    for (int tries = 1;; ++tries) {
        auto running = FileLock::try_acquire(lock(id));
        // Who looks whether it runs holds the lock for a moment, too.
        if (!running || *running || tries == 6) return running;
        std::this_thread::sleep_for(pause);
    }
}

bool BackfillStore::is_running(const std::string& id) const {
    std::error_code error;
    if (!std::filesystem::exists(lock(id), error)) return false; // to look must not make it
    const auto held = FileLock::try_acquire(lock(id));
    return held && !*held;
}

Status BackfillStore::forget_progress(const std::string& id) const {
    const auto files = checkpoint(id);
    for (const auto& path : {file(id, "state"), files.log, files.snapshot, files.lock}) {
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path.string());
    }
    return {};
}

Status BackfillStore::remove(const std::string& id) const {
    // The job last: what is left of a removal that a crash broke off is seen, and removed the next time.
    if (auto forgotten = forget_progress(id); !forgotten) return forgotten;
    for (const auto& path : {lock(id), file(id, "job")}) {
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path.string());
    }
    return sync_directory(directory_);
}

} // namespace meshprobe
