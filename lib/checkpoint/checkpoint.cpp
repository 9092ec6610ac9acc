#include "lib/checkpoint/checkpoint.hpp"

#include "lib/checkpoint/ledger_note.hpp"
#include "lib/checkpoint/store.hpp"

namespace meshprobe {

Checkpoint::Checkpoint(std::unique_ptr<CheckpointStore> store) : store_(std::move(store)) {}
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

Result<Checkpoint> Checkpoint::open(const Paths& paths, const Instance& instance, std::int64_t keep_seconds,
                                    FileSystem& file_system) {
    auto checkpoint = open(paths, CheckpointFiles(paths, instance), keep_seconds, file_system);
    if (!checkpoint) return checkpoint;
    auto settled = settle_ledger_note(paths, instance, [&](LedgerNote note) {
        Commit commit;
        commit.healed = std::move(note.healed);
        commit.gaps = std::move(note.gaps);
        return checkpoint->commit(commit);
    });
    if (!settled) return fail(settled.error());
    return checkpoint;
}

Result<Checkpoint> Checkpoint::open(const Paths& paths, const CheckpointFiles& files,
                                    std::int64_t keep_seconds, FileSystem& file_system) {
    auto store = CheckpointStore::open(paths, files, keep_seconds, file_system);
    if (!store) return fail(store.error());
    return Checkpoint(std::move(*store));
}

std::optional<SeriesState> Checkpoint::find(std::string_view series) const {
    return store_->state().series.find(series);
}

const SeriesTable& Checkpoint::series() const {
    return store_->state().series;
}

const Progress& Checkpoint::progress() const {
    return store_->state().progress;
}

const GapLedger& Checkpoint::gaps() const {
    return store_->state().gaps;
}

const Recovery& Checkpoint::recovery() const {
    return store_->recovery();
}

std::string Checkpoint::new_run() {
    return store_->new_run();
}

Status Checkpoint::commit(const Commit& commit) {
    return store_->commit(commit);
}

Status Checkpoint::take_over(const Handover& handover) {
    return store_->take_over(handover);
}

Status Checkpoint::compact_if_large() {
    return store_->compact_if_large();
}

Result<std::optional<CheckpointState>> read_checkpoint(const Paths& paths, const Instance& instance) {
    auto state = read_checkpoint(CheckpointFiles(paths, instance));
    if (!state || !*state) return state;
    const auto note = read_ledger_note(paths, instance);
    if (!note) return fail(note.error());
    apply_note((*state)->gaps, *note);
    return state;
}

Result<std::optional<CheckpointState>> read_checkpoint(const CheckpointFiles& files) {
    auto loaded = load_checkpoint(FileSystem::real(), files, keep_everything);
    if (!loaded) return fail(loaded.error());
    if (!loaded->exists) return std::optional<CheckpointState>{};
    return std::optional(std::move(loaded->state));
}

bool is_as_handed_over(const CheckpointState& state) {
    if (!state.progress.archive_url.empty() || state.progress.polled_until == 0) return false;
    // What is received moves `newest` on, and a run of ours remembers for hours what it sent.
    for (SeriesTable::Index i = 0; i < state.series.size(); ++i) {
        const auto& marks = state.series.marks(i);
        if (marks.known_from != marks.newest) return false;
    }
    return true;
}

Status recover(const Paths& paths, const Instance& instance) {
    // Without a lock file no probe of this instance ever ran; making one here would give it the wrong owner.
    std::error_code error;
    if (!std::filesystem::exists(CheckpointFiles(paths, instance).lock, error)) return {};
    const auto checkpoint = Checkpoint::open(paths, instance, keep_everything);
    if (!checkpoint) return fail(checkpoint.error());
    return {};
}

} // namespace meshprobe
