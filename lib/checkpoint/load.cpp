#include "lib/checkpoint/load.hpp"

#include "lib/checkpoint/log.hpp"
#include "lib/checkpoint/snapshot.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace meshprobe {

namespace {

constexpr std::size_t largest_file = 1UL << 30;
constexpr int attempts = 20; // a compaction takes two renames; twenty in a row hit by one is no accident

Error damaged(const std::filesystem::path& file, const Error& error) {
    return {error.kind,
            fmt::format("{}: {}; restore it, or move it away together with the other files of this "
                        "instance beside it: then collecting starts as for a new host",
                        file.string(), error.message)};
}

/// nullopt: the log is younger than the snapshot, which must have been replaced in between.
Result<std::optional<LoadedCheckpoint>> try_to_load(FileSystem& file_system, const CheckpointFiles& files,
                                                    std::int64_t keep_seconds) {
    // The snapshot first: a snapshot younger than its log is what a crash can leave, the opposite is not.
    auto snapshot_bytes = file_system.read(files.snapshot, largest_file);
    if (!snapshot_bytes) return fail(snapshot_bytes.error());
    const auto log_bytes = file_system.read(files.log, largest_file);
    if (!log_bytes) return fail(log_bytes.error());

    LoadedCheckpoint loaded;
    loaded.exists = snapshot_bytes->has_value();
    if (*snapshot_bytes) {
        loaded.snapshot_size = (*snapshot_bytes)->size();
        auto snapshot = decode_snapshot(std::move(**snapshot_bytes));
        if (!snapshot) return fail(damaged(files.snapshot, snapshot.error()));
        loaded.generation = snapshot->generation;
        loaded.state = std::move(snapshot->state);
    }
    if (!*log_bytes) return std::optional(std::move(loaded));
    const auto log = parse_log(**log_bytes);
    if (!log) return fail(damaged(files.log, log.error()));
    if (log->generation > loaded.generation) return std::optional<LoadedCheckpoint>{};
    if (log->generation < loaded.generation) return std::optional(std::move(loaded));

    loaded.has_log = true;
    loaded.has_records = !log->payloads.empty();
    loaded.exists = loaded.exists || loaded.has_records;
    loaded.log_size = log->good_size;
    loaded.is_torn = log->good_size < (*log_bytes)->size();
    for (const std::string_view payload : log->payloads) {
        auto record = decode_record(payload);
        if (!record || !apply_record(*record, loaded.state, keep_seconds)) {
            return fail(damaged(files.log, {ErrorKind::storage, "a record makes no sense"}));
        }
        std::ranges::move(record->segments, std::back_inserter(loaded.logged));
    }
    return std::optional(std::move(loaded));
}

} // namespace

CheckpointFiles::CheckpointFiles(const Paths& paths, const Instance& instance)
    : CheckpointFiles(paths.checkpoints(), instance.name()) {}

CheckpointFiles::CheckpointFiles(std::filesystem::path in, std::string of)
    : directory(std::move(in)), name(std::move(of)), snapshot(directory / (name + ".snapshot")),
      log(directory / (name + ".log")), lock(directory / (name + ".lock")) {}

Result<LoadedCheckpoint> load_checkpoint(FileSystem& file_system, const CheckpointFiles& files,
                                         std::int64_t keep_seconds) {
    for (int attempt = 0; attempt < attempts; ++attempt) {
        auto loaded = try_to_load(file_system, files, keep_seconds);
        if (!loaded) return fail(loaded.error());
        if (*loaded) return std::move(**loaded);
    }
    return fail(damaged(files.snapshot, {ErrorKind::storage, "older than its log, or missing"}));
}

} // namespace meshprobe
