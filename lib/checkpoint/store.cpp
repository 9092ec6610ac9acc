#include "lib/checkpoint/store.hpp"

#include "lib/checkpoint/log.hpp"
#include "lib/checkpoint/plan.hpp"
#include "lib/checkpoint/snapshot.hpp"
#include "lib/spool/segment_name.hpp"
#include "lib/spool/spool.hpp"

#include <fmt/core.h>
#include <sys/random.h>

#include <algorithm>

namespace meshprobe {

namespace {

constexpr mode_t file_mode = 0640;
constexpr std::uint64_t large_log = 256 << 10;

std::uint32_t random_number() {
    std::uint32_t number = 0;
    // A few bytes of the kernel's generator are never short; before it is seeded this waits.
    static_cast<void>(::getrandom(&number, sizeof number, 0));
    return number;
}

} // namespace

CheckpointStore::CheckpointStore(const Paths& paths, CheckpointFiles files, std::int64_t keep_seconds,
                                 FileSystem& file_system, FileLock lock)
    : paths_(paths), files_(std::move(files)), instance_hash_(hash_instance_name(files_.name)),
      keep_seconds_(keep_seconds), file_system_(&file_system), lock_(std::move(lock)), clean_(files_.lock) {}

Result<std::unique_ptr<CheckpointStore>> CheckpointStore::open(const Paths& paths, CheckpointFiles files,
                                                               std::int64_t keep_seconds,
                                                               FileSystem& file_system) {
    if (auto made = make_directories(files.directory); !made) return fail(made.error());
    auto lock = FileLock::acquire(files.lock);
    if (!lock) return fail(lock.error());
    std::unique_ptr<CheckpointStore> store(
        new CheckpointStore(paths, std::move(files), keep_seconds, file_system, std::move(*lock)));
    if (auto loaded = store->load_and_recover(); !loaded) return fail(loaded.error());
    return store;
}

Status CheckpointStore::load_and_recover() {
    auto loaded = load_checkpoint(*file_system_, files_, keep_seconds_);
    if (!loaded) return fail(loaded.error());
    loaded_ = std::move(*loaded);
    if (loaded_.has_log) {
        auto log = file_system_->open(files_.log);
        if (!log) return fail(log.error());
        log_ = std::move(*log);
        // A log with records has had its directory synced, or it would have none: see ensure_log().
        log_is_durable_ = loaded_.has_records;
        if (loaded_.is_torn) {
            if (auto cut = file_system_->truncate(log_, loaded_.log_size); !cut) return cut;
        }
    }
    for (const LoggedSegment& segment : loaded_.logged) {
        log_archives_.insert(segment.archive);
    }
    const bool clean = clean_.is_set();
    if (!clean || spools_are_small(*file_system_, paths_)) {
        const auto sync_log = [&] { return file_system_->sync_data(log_); };
        auto recovery = recover_spools(*file_system_, paths_, instance_hash_, loaded_.logged, sync_log,
                                       loaded_.state.last_usec);
        if (!recovery) return fail(recovery.error());
        recovery_ = *recovery;
    }
    if (!clean) clean_.set();
    loaded_.logged.clear();
    return {};
}

std::int64_t CheckpointStore::next_usec() const {
    return std::max(file_system_->now_usec(), loaded_.state.last_usec + 1);
}

std::string CheckpointStore::new_run() {
    loaded_.state.last_usec = next_usec();
    // The number: a run that dies before its first commit leaves no trace of its id.
    run_ = fmt::format("{:016}-{:016x}-{:08x}", loaded_.state.last_usec, instance_hash_, random_number());
    return run_;
}

Status CheckpointStore::commit(const Commit& commit) {
    if (in_doubt_) {
        return fail(ErrorKind::storage, files_.log.string() +
                                            ": an earlier write failed half way, and only reading "
                                            "the file again tells what is in it; the next run does");
    }
    if (auto published = publish(); !published) return published; // what an earlier commit could not
    const auto record = plan_record(commit, loaded_.state, run_, instance_hash_, next_usec());
    if (!record) return fail(record.error());
    if (record->changes_nothing()) return {};

    if (auto written = write_segments(commit, *record); !written) {
        take_back_segments();
        return written;
    }
    if (auto appended = append(encode_record(*record)); !appended) {
        if (in_doubt_) pending_.clear(); // recovery decides about them
        take_back_segments();
        return appended;
    }
    for (const LoggedSegment& segment : record->segments) {
        log_archives_.insert(segment.archive);
    }
    if (!apply_record(*record, loaded_.state, keep_seconds_)) {
        in_doubt_ = true;
        return fail(ErrorKind::internal, files_.log.string() + ": a record was written that cannot be read");
    }
    return publish();
}

Status CheckpointStore::write_segments(const Commit& commit, const Record& record) {
    if (record.segments.empty()) return {};
    if (auto cleared = clean_.clear(); !cleared) return cleared;
    std::set<std::filesystem::path> queues;
    for (std::size_t i = 0; i < record.segments.size(); ++i) {
        const Spool spool(paths_, record.segments[i].archive, *file_system_);
        pending_.push_back({spool.queue(), record.segments[i].name});
        queues.insert(spool.queue());
        const auto& dot_file = pending_.back().dot_file();
        if (auto written = write_segment(spool, dot_file, commit.segments[i].segment); !written) {
            return fail(written.error().in(dot_file.string()));
        }
    }
    for (const auto& queue : queues) {
        if (auto synced = file_system_->sync_directory(queue); !synced) return synced;
    }
    return {};
}

Status CheckpointStore::write_segment(const Spool& spool, const std::filesystem::path& dot_file,
                                      std::string_view segment) {
    // Mostly there already; a new archive has none, and people tidy up.
    if (auto created = spool.create(); !created) return created;
    const auto file = file_system_->create(dot_file, file_mode);
    if (!file) return fail(file.error());
    if (auto written = file_system_->write(*file, 0, segment); !written) return written;
    return file_system_->sync(*file);
}

Status CheckpointStore::ensure_log() {
    if (log_is_durable_) return {};
    // A predecessor may have died between a rename and its sync. If the new log came to last and the snapshot
    // before it did not, the log would be younger than its snapshot.
    if (auto synced = file_system_->sync_directory(files_.directory); !synced) return synced;
    if (!loaded_.has_log) {
        const std::string header = log_header(loaded_.generation);
        if (auto made = file_system_->replace_durably(files_.log, header, file_mode); !made) return made;
        auto log = file_system_->open(files_.log);
        if (!log) return fail(log.error());
        log_ = std::move(*log);
        loaded_.log_size = header.size();
        loaded_.has_log = true;
    }
    log_is_durable_ = true;
    return {};
}

Status CheckpointStore::append(std::string_view payload) {
    if (auto ready = ensure_log(); !ready) return ready;
    const std::string framed = frame_record(payload);
    Status done = file_system_->write(log_, loaded_.log_size, framed);
    if (done) done = file_system_->sync_data(log_);
    if (done) {
        loaded_.log_size += framed.size();
        return {};
    }
    // Until the record is off the disk for certain, its segments must stay: a listed one that is absent
    // counts as delivered.
    Status undone = file_system_->truncate(log_, loaded_.log_size);
    if (undone) undone = file_system_->sync_data(log_);
    in_doubt_ = !undone;
    return fail(done.error().in(files_.log.string()));
}

Status CheckpointStore::publish() {
    if (pending_.empty()) return {};
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        if (auto renamed = file_system_->rename(pending_[i].dot_file(), pending_[i].visible()); !renamed) {
            pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(i));
            return fail(renamed.error().in("committed, but not yet visible to the archiver"));
        }
    }
    pending_.clear();
    clean_.set();
    return {};
}

void CheckpointStore::take_back_segments() {
    bool all_gone = !in_doubt_;
    for (const Pending& segment : pending_) {
        // What cannot be removed now is what the next run's recovery removes.
        if (!file_system_->remove(segment.dot_file())) all_gone = false;
    }
    pending_.clear();
    if (all_gone) clean_.set();
}

Status CheckpointStore::sync_spools() {
    for (const std::string& archive : log_archives_) {
        const auto queue = Spool(paths_, archive, *file_system_).queue();
        std::error_code error;
        // Removed by hand, with what was in it; one that cannot be looked at is no such thing.
        if (!std::filesystem::exists(queue, error) && !error) continue;
        if (auto synced = file_system_->sync_directory(queue); !synced) return synced;
    }
    return {};
}

Status CheckpointStore::compact_if_large() {
    if (in_doubt_ || loaded_.log_size <= std::max(large_log, loaded_.snapshot_size)) return {};
    return replace_snapshot(loaded_.state);
}

Status CheckpointStore::take_over(const Handover& handover) {
    if (in_doubt_)
        return fail(ErrorKind::storage, files_.log.string() + ": an earlier write failed half way");
    CheckpointState state;
    state.last_usec = loaded_.state.last_usec; // run ids are never reused
    state.progress = handover.progress;
    for (const auto& [series, until] : handover.series) {
        if (until <= 0 || until > latest_timestamp || state.series.index_of(series))
            return fail(ErrorKind::internal,
                        fmt::format("{} is handed over twice, or until {}", series, until));
        state.series.settle(state.series.define(series), until);
    }
    return replace_snapshot(state);
}

Status CheckpointStore::replace_snapshot(const CheckpointState& state) {
    if (auto published = publish(); !published) return published;
    // After this the log no longer says what to publish.
    if (auto synced = sync_spools(); !synced) return synced;
    std::string bytes = encode_snapshot(loaded_.generation + 1, state);
    if (auto written = file_system_->replace_durably(files_.snapshot, bytes, file_mode); !written) {
        in_doubt_ = true; // the old one or the new one: appending to the old log might be for nothing
        return written;
    }
    const std::uint64_t size = bytes.size();
    auto snapshot = decode_snapshot(std::move(bytes)); // packed anew, and numbered as the next log will
    if (!snapshot) return fail(snapshot.error());
    loaded_ = LoadedCheckpoint();
    loaded_.exists = true;
    loaded_.state = std::move(snapshot->state);
    loaded_.generation = snapshot->generation;
    loaded_.snapshot_size = size;
    log_.close();
    log_is_durable_ = false;
    log_archives_.clear();
    return ensure_log();
}

} // namespace meshprobe
