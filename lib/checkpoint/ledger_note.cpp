#include "lib/checkpoint/ledger_note.hpp"

#include "lib/file.hpp"
#include "lib/json.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::size_t largest_note = 16U << 20;

std::filesystem::path note_of(const Paths& paths, const Instance& instance) {
    return paths.backfills() / (instance.name() + ".ledger");
}

Result<FileLock> lock_note(const Paths& paths, const Instance& instance) {
    return FileLock::acquire(note_of(paths, instance).string() + ".lock");
}

/// A slice often begins where the one before it ended.
void add_healing(std::vector<Healing>& all, const Healing& healing) {
    const auto neighbour = std::ranges::find_if(all, [&](const Healing& other) {
        return other.series == healing.series && other.archive == healing.archive &&
               other.since <= healing.until && healing.since <= other.until;
    });
    if (neighbour == all.end()) return all.push_back(healing);
    neighbour->since = std::min(neighbour->since, healing.since);
    neighbour->until = std::max(neighbour->until, healing.until);
}

LedgerNote note_from(const nlohmann::json& json) {
    LedgerNote note;
    for (const auto& each : json.at("healed")) {
        note.healed.push_back({.series = each.at(0).get<std::string>(),
                               .archive = each.at(1).get<std::string>(),
                               .since = each.at(2).get<Timestamp>(),
                               .until = each.at(3).get<Timestamp>()});
    }
    for (const auto& each : json.at("gaps")) {
        const Gap gap{.series = each.at(0).get<std::string>(),
                      .since = each.at(2).get<Timestamp>(),
                      .until = each.at(3).get<Timestamp>(),
                      .reason = each.at(4).get<std::string>(),
                      .archive = each.at(1).get<std::string>()};
        add_gap(note.gaps, gap);
    }
    return note;
}

std::string text_of(const LedgerNote& note) {
    auto healed = nlohmann::json::array();
    for (const auto& each : note.healed)
        healed.push_back({each.series, each.archive, each.since, each.until});
    auto gaps = nlohmann::json::array();
    for (const auto& gap : note.gaps)
        gaps.push_back({gap.series, gap.archive, gap.since, gap.until, gap.reason});
    const nlohmann::json json{{"healed", std::move(healed)}, {"gaps", std::move(gaps)}};
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

} // namespace

void add_to_note(LedgerNote& note, const LedgerNote& more) {
    for (const auto& healing : more.healed) {
        heal_gaps(note.gaps, healing);
        add_healing(note.healed, healing);
    }
    for (const auto& gap : more.gaps)
        add_gap(note.gaps, gap);
}

void apply_note(GapLedger& ledger, const LedgerNote& note) {
    for (const auto& healing : note.healed)
        heal_gaps(ledger, healing);
    for (const auto& gap : note.gaps)
        add_gap(ledger, gap);
}

Result<LedgerNote> read_ledger_note(const Paths& paths, const Instance& instance) {
    const auto path = note_of(paths, instance);
    const auto text = read_file_if_exists(path, largest_note, Links::refuse);
    if (!text) return fail(text.error());
    if (!*text) return LedgerNote{};
    try {
        return note_from(nlohmann::json::parse(**text));
    } catch (const nlohmann::json::exception& error) {
        return fail(ErrorKind::storage, path.string() + ": " + error.what() +
                                            "; remove it: then the gaps it closes are fetched once more");
    }
}

Status note_in_ledger(const Paths& paths, const Instance& instance, const LedgerNote& more) {
    if (more.empty()) return {};
    const auto locked = lock_note(paths, instance);
    if (!locked) return fail(locked.error());
    auto note = read_ledger_note(paths, instance);
    if (!note) return fail(note.error());
    add_to_note(*note, more);
    return write_file_durably(note_of(paths, instance), text_of(*note));
}

Status settle_ledger_note(const Paths& paths, const Instance& instance,
                          const std::function<Status(LedgerNote)>& take) {
    const auto path = note_of(paths, instance);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return {};
    const auto locked = lock_note(paths, instance);
    if (!locked) return fail(locked.error());
    auto note = read_ledger_note(paths, instance);
    if (!note) return fail(note.error());
    if (note->empty()) return {};
    if (auto taken = take(std::move(*note)); !taken) return taken;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path.string());
    return sync_directory(path.parent_path());
}

} // namespace meshprobe
