#include "lib/last_result.hpp"

#include "lib/file.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>

namespace meshprobe {

// Member by member in the order of the structs; an absent member keeps its default, so that a newer status
// reads what an older probe left.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LastResult, outcome, message, started_usec, finished_usec,
                                                since_usec, last_success_usec, last_news_usec,
                                                not_before_usec, bad_runs, points, messages, requests, bytes,
                                                duration_usec, lag_usec, dropped, flagged, limits, duplicates,
                                                conflicts, future, before_epoch, gaps, catching_up_usec,
                                                clock_skew_usec, clock_skewed, clock_doubt_usec,
                                                clock_step_usec, host_clock_step_usec, boot_id, boot_usec,
                                                conflicts_seen_usec, future_seen_usec, before_epoch_seen_usec,
                                                logged_usec, unlogged_points, unlogged_messages)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ArchiverState, state, message, since_usec, last_delivery_usec,
                                                delivered_messages, delivered_points, delivered_bytes,
                                                refused_messages, unroutable_messages, logins)

namespace {

constexpr std::size_t largest = 64U << 10;

std::filesystem::path archiver_path(const Paths& paths, const std::string& archive) {
    return paths.archiver_states() / archive;
}

template <class T>
Result<std::optional<T>> read(const std::filesystem::path& path) {
    const auto content = read_file_if_exists(path, largest, Links::refuse);
    if (!content) return fail(content.error());
    if (!*content) return std::optional<T>{};
    try {
        return std::optional(nlohmann::json::parse(**content).get<T>());
    } catch (const nlohmann::json::exception& error) {
        return fail(ErrorKind::storage, fmt::format("{}: {}", path.string(), error.what()));
    }
}

template <class T>
std::string to_json(const T& value) {
    return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Status write(const std::filesystem::path& path, const std::string& json) {
    if (auto made = make_directories(path.parent_path()); !made) return made;
    return write_file_atomically(path, json);
}

} // namespace

std::string LastResult::json() const {
    return to_json(*this);
}

std::string ArchiverState::json() const {
    return to_json(*this);
}

Result<std::optional<LastResult>> read_last_result(const Paths& paths, const Instance& instance) {
    return read<LastResult>(paths.results() / instance.name());
}

Status write_last_result(const Paths& paths, const Instance& instance, const LastResult& result) {
    return write(paths.results() / instance.name(), result.json());
}

Result<std::optional<ArchiverState>> read_archiver_state(const Paths& paths, const std::string& archive) {
    return read<ArchiverState>(archiver_path(paths, archive));
}

Status write_archiver_state(const Paths& paths, const std::string& archive, const ArchiverState& state) {
    return write(archiver_path(paths, archive), state.json());
}

} // namespace meshprobe
