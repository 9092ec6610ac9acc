#include "lib/spool/spool.hpp"

#include "lib/instance.hpp"
#include "lib/spool/segment_name.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace meshprobe {

namespace {

constexpr mode_t directory_mode = 02770;
constexpr mode_t file_mode = 0640;
constexpr std::size_t max_reason_size = 4096;

Result<std::vector<std::string>> list_segments(FileSystem& file_system,
                                               const std::filesystem::path& directory) {
    auto names = file_system.list(directory);
    if (!names) return names;
    std::erase_if(*names, [](const std::string& name) { return !parse_segment_name(name); });
    std::ranges::sort(*names);
    return names;
}

/// Segments that go away meanwhile count as gone.
Status add_up(const std::filesystem::path& directory, const std::vector<std::string>& names,
              std::uint64_t& segments, std::uint64_t& bytes) {
    for (const std::string& name : names) {
        struct stat info {};
        const auto path = directory / name;
        if (::lstat(path.c_str(), &info) < 0) {
            if (errno == ENOENT) continue;
            return fail_errno("stat " + path.string());
        }
        ++segments;
        bytes += static_cast<std::uint64_t>(info.st_size);
    }
    return {};
}

Result<std::optional<Segment>> read_segment(FileSystem& file_system, const std::filesystem::path& path) {
    auto bytes = file_system.read(path, max_segment_size);
    if (!bytes) return fail(bytes.error());
    if (!*bytes) return std::optional<Segment>{};
    auto segment = Segment::parse(std::move(**bytes));
    if (!segment) return fail(segment.error().in(path.string()));
    return std::optional(std::move(*segment));
}

/// Names come from people (meshprobectl spool) and other programs; they never leave the directory.
Status check_name(std::string_view name) {
    if (parse_segment_name(name)) return {};
    return fail(ErrorKind::usage,
                fmt::format("'{}' is not the name of a segment; meshprobectl spool lists them", name));
}

} // namespace

Spool::Spool(const Paths& paths, std::string archive, FileSystem& file_system)
    : archive_(std::move(archive)), directory_(paths.spool(archive_)), file_system_(&file_system) {}

Status Spool::create() const {
    // failed/ is made last: where it is, the entries of the others are on disk, even if whoever made them was
    // killed half way. A directory that a power cut takes away takes what was synced in it along.
    std::error_code error;
    const bool is_complete = std::filesystem::is_directory(failed(), error);
    if (is_complete && std::filesystem::is_directory(queue(), error)) return {}; // people tidy up
    // Above the spool nothing is ours to sync: the package's tmpfiles.d makes it, or whoever runs by hand.
    if (auto made = make_directories(directory_.parent_path()); !made) return made;
    for (const auto& directory : {directory_, queue(), failed()}) {
        if (auto made = file_system_->make_directory(directory, directory_mode); !made)
            return fail(made.error());
        if (auto synced = file_system_->sync_directory(directory.parent_path()); !synced) return synced;
    }
    return {};
}

Status Spool::prepare_failed() const {
    if (auto created = create(); !created) return created;
    // Rare enough not to ask whether it is on disk already.
    return file_system_->sync_directory(directory_);
}

Result<std::vector<std::string>> Spool::list() const {
    return list_segments(*file_system_, queue());
}

Result<std::vector<std::string>> Spool::list_failed() const {
    return list_segments(*file_system_, failed());
}

Result<SpoolUsage> Spool::usage() const {
    const auto queued = list();
    if (!queued) return fail(queued.error());
    const auto refused = list_failed();
    if (!refused) return fail(refused.error());
    SpoolUsage usage;
    if (auto added = add_up(queue(), *queued, usage.segments, usage.bytes); !added)
        return fail(added.error());
    if (auto added = add_up(failed(), *refused, usage.failed_segments, usage.failed_bytes); !added) {
        return fail(added.error());
    }
    return usage;
}

Result<std::optional<Segment>> Spool::read(const std::string& name) const {
    return read_segment(*file_system_, queue() / name);
}

Result<std::optional<Segment>> Spool::read_failed(const std::string& name) const {
    return read_segment(*file_system_, failed() / name);
}

std::string Spool::failed_reason(const std::string& name) const {
    const auto reason = file_system_->read(failed() / (name + ".reason"), max_reason_size);
    if (!reason || !*reason) return {};
    return (*reason)->substr(0, (*reason)->find('\n'));
}

Status Spool::remove(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
        if (auto valid = check_name(name); !valid) return valid;
        if (auto removed = file_system_->remove(queue() / name); !removed) return removed;
    }
    return {};
}

Status Spool::sync_queue() const {
    return file_system_->sync_directory(queue());
}

Status Spool::write_reason(const std::string& name, std::string_view reason) const {
    std::string line(reason.substr(0, max_reason_size - 1));
    std::ranges::replace(line, '\n', ' ');
    return file_system_->replace_durably(failed() / (name + ".reason"), line + "\n", file_mode);
}

Status Spool::set_aside(const std::string& name, std::string_view reason) const {
    if (auto valid = check_name(name); !valid) return valid;
    if (auto ready = prepare_failed(); !ready) return ready;
    if (auto written = write_reason(name, reason); !written) return written;
    if (auto moved = file_system_->rename(queue() / name, failed() / name); !moved) return moved;
    // The new place first: between the two the segment is in both, never in none.
    if (auto synced = file_system_->sync_directory(failed()); !synced) return synced;
    return file_system_->sync_directory(queue());
}

Status Spool::put_failed(const std::string& name, std::string_view segment_bytes,
                         std::string_view reason) const {
    if (auto valid = check_name(name); !valid) return valid;
    if (auto ready = prepare_failed(); !ready) return ready;
    if (auto written = write_reason(name, reason); !written) return written;
    return file_system_->replace_durably(failed() / name, segment_bytes, file_mode);
}

Status Spool::retry(const std::string& name) const {
    if (auto valid = check_name(name); !valid) return valid;
    // If q/ holds that name too (its archiver died between put_failed and remove), what failed is part of it.
    const auto queued = file_system_->read(queue() / name, max_segment_size);
    if (!queued || *queued) {
        return fail(
            ErrorKind::storage,
            fmt::format("{} is still in the queue of {}; try again once it is delivered", name, archive_));
    }
    if (auto moved = file_system_->rename(failed() / name, queue() / name); !moved) return moved;
    if (auto synced = file_system_->sync_directory(queue()); !synced) return synced;
    return remove_failed({name}); // its reason
}

Status Spool::remove_failed(const std::vector<std::string>& names) const {
    if (names.empty()) return {};
    for (const std::string& name : names) {
        if (auto valid = check_name(name); !valid) return valid;
        for (const std::string& file : {name, name + ".reason"}) {
            if (auto removed = file_system_->remove(failed() / file); !removed) return removed;
        }
    }
    return file_system_->sync_directory(failed());
}

Result<std::vector<std::string>> list_spools(const Paths& paths, FileSystem& file_system) {
    auto names = file_system.list(paths.spool());
    if (!names) return names;
    std::erase_if(*names, [&](const std::string& name) {
        struct stat info {};
        return !is_valid_name(name) || ::lstat(paths.spool(name).c_str(), &info) < 0 ||
               !S_ISDIR(info.st_mode);
    });
    std::ranges::sort(*names);
    return names;
}

} // namespace meshprobe
