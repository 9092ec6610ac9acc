// Archive type `file`: a line for each message, synced to the disk before it counts as delivered. Files are
// put away by size and age, here or by logrotate.
#include "archiver/archive_type.hpp"
#include "archiver/compression.hpp"
#include "archiver/file_names.hpp"
#include "archiver/line_file.hpp"
#include "archiver/reporter.hpp"
#include "archiver/rotated_files.hpp"
#include "lib/spool/file_system.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace meshprobe {
namespace {

constexpr std::size_t most_open = 64;
constexpr std::size_t most_at_once = 8U << 20; // bytes in one write
constexpr std::size_t longest_name = 200;      // of the 255 that file systems have; the rest is for rotation
constexpr int most_tries = 5;                  // with somebody who renames the file each time

class FileArchive : public ArchiveType {
  public:
    FileArchive(const ArchiveContext& context, FileNames names)
        : archive_(context.archive), reporter_(context.reporter), names_(std::move(names)) {}

    Status connect() override {
        disconnect();
        // What is wrong is to be told before anything is taken on.
        if (const std::string& only = names_.only(); !only.empty()) {
            const auto file = file_at(only);
            if (!file) return fail(file.error());
        } else if (::access(names_.directory().c_str(), W_OK | X_OK) < 0) {
            return fail_errno("write into " + names_.directory().string());
        }
        reporter_.logged_in();
        return {};
    }

    void disconnect() override {
        files_.clear();
        verdicts_.clear();
        trouble_.reset();
    }

    Status send(std::span<const Item> batch) override {
        if (trouble_) return fail(*std::exchange(trouble_, std::nullopt));
        std::map<std::string, Lines, std::less<>> files;
        for (const Item& item : batch) {
            const std::string& path = names_.of(*item.segment, *item.message);
            if (path.size() - names_.directory().native().size() > longest_name) {
                verdicts_.push_back(
                    {item.ticket, Verdict::Kind::refused,
                     fmt::format("the name of its file would be longer than {} bytes", longest_name)});
                continue;
            }
            Lines& lines = files[path];
            lines.text += item.message->body;
            lines.text += '\n';
            lines.tickets.push_back(item.ticket);
        }
        for (const auto& [path, lines] : files) {
            if (auto written = write(path, lines.text); !written) {
                trouble_ = written.error(); // once it is told what the files before this one have
                break;
            }
            for (const std::uint64_t ticket : lines.tickets)
                verdicts_.push_back({ticket, Verdict::Kind::delivered, {}});
        }
        return {};
    }

    Result<std::vector<Verdict>> settle() override {
        if (verdicts_.empty() && trouble_) return fail(*std::exchange(trouble_, std::nullopt));
        return std::exchange(verdicts_, {});
    }

    Microseconds service_interval() const override {
        return settings().rotate_age ? std::chrono::minutes(1) : std::chrono::hours(1);
    }
    Window window() const override {
        const auto bytes =
            std::min<std::uint64_t>(settings().rotate_size.value_or(most_at_once), most_at_once);
        const auto line_ends = std::min<std::uint64_t>(archive_.window, bytes / 2);
        return {archive_.window, static_cast<std::size_t>(bytes - line_ends)};
    }
    std::string place() const override { return archive_.path; }

    Result<bool> tidy(bool /*the_last_time*/) override {
        rotate_old_ones();
        if (compression_) {
            compress();
        } else if (!to_tidy_.empty()) {
            tidy(to_tidy_.front());
        }
        return compression_ || !to_tidy_.empty();
    }

  private:
    struct Lines {
        std::string text;
        std::vector<std::uint64_t> tickets;
    };
    struct OpenFile {
        LineFile file;
        std::uint64_t used = 0; ///< when, by uses_
    };

    [[nodiscard]] const FileSettings& settings() const { return archive_.file; }

    Status write(const std::string& path, std::string_view lines) {
        for (int count = 0; count < most_tries; ++count) {
            const auto file = file_at(path);
            if (!file) return fail(file.error());
            if (is_full(**file, lines.size())) {
                if (auto rotated = put_away(path); !rotated) return rotated;
                continue;
            }
            if (auto appended = (*file)->append(lines); !appended) {
                files_.erase(path);
                return appended;
            }
            if ((*file)->is_in_place()) return {};
            files_.erase(path); // once too often is better than only where somebody has looked already
        }
        return fail(ErrorKind::storage, path + ": it is renamed or emptied each time it is written to");
    }

    Result<LineFile*> file_at(const std::string& path) {
        auto found = files_.find(path);
        if (found != files_.end() && !found->second.file.is_in_place()) {
            files_.erase(found); // put away by somebody else
            found = files_.end();
        }
        if (found == files_.end()) {
            if (files_.size() >= most_open) close_one();
            auto opened = LineFile::open(path);
            if (!opened) return fail(opened.error());
            tell_what_was_cut(*opened);
            if (rotates() && known_.insert(path).second) to_tidy_.push_back(path);
            found = files_.emplace(path, OpenFile{std::move(*opened)}).first;
        }
        found->second.used = ++uses_;
        return &found->second.file;
    }

    void close_one() {
        files_.erase(
            std::ranges::min_element(files_, {}, [](const auto& entry) { return entry.second.used; }));
    }

    void tell_what_was_cut(const LineFile& file) {
        if (file.cut_off() == 0) return;
        reporter_.journal().log(
            Priority::notice,
            fmt::format("{}: a crash left {} bytes of half a line at the end of {}: cut off; the whole line "
                        "is delivered again",
                        archive_.name, file.cut_off(), file.path().string()));
    }

    // --- putting away ---

    [[nodiscard]] bool rotates() const { return settings().rotate_size || settings().rotate_age; }
    [[nodiscard]] bool is_old(const LineFile& file) const {
        return settings().rotate_age && file.size() > 0 &&
               std::chrono::system_clock::now() - file.begun() >= *settings().rotate_age;
    }

    [[nodiscard]] bool is_full(const LineFile& file, std::size_t more) const {
        const bool is_large =
            settings().rotate_size && file.size() > 0 && file.size() + more > *settings().rotate_size;
        return is_large || is_old(file);
    }

    Status put_away(const std::string& path) {
        files_.erase(path);
        if (auto rotated = rotate(path, std::chrono::system_clock::now()); !rotated) return rotated;
        to_tidy_.push_back(path);
        return {};
    }

    void rotate_old_ones() {
        std::vector<std::string> old;
        for (const auto& [path, open] : files_) {
            if (is_old(open.file) && open.file.is_in_place()) old.push_back(path);
        }
        for (const std::string& path : old) {
            if (auto rotated = put_away(path); !rotated) reporter_.trouble(rotated.error());
        }
    }

    /// What goes wrong here keeps nothing from being delivered; it is tried again after the next rotation.
    void tidy(const std::string& path) {
        const auto tidied = begin_to_tidy(path);
        if (!tidied) reporter_.trouble(tidied.error());
        if (!tidied || !compression_) to_tidy_.pop_front();
    }

    Status begin_to_tidy(const std::string& path) {
        auto rotated = rotated_files(path);
        if (!rotated) return fail(rotated.error());
        auto& files = FileSystem::real();
        // Both of one: a crash came between the compressed file and the removal of the other.
        std::set<std::filesystem::path> compressed;
        for (const RotatedFile& file : *rotated) {
            if (file.is_compressed) compressed.insert(file.path);
        }
        std::erase_if(*rotated, [&](const RotatedFile& file) {
            return !file.is_compressed && compressed.contains(compressed_name(file.path)) &&
                   files.remove(file.path).has_value();
        });
        for (; settings().rotate_keep > 0 && rotated->size() > settings().rotate_keep;
             rotated->erase(rotated->begin())) {
            if (auto removed = files.remove(rotated->front().path); !removed) return removed;
        }
        const auto next = std::ranges::find(*rotated, false, &RotatedFile::is_compressed);
        if (settings().rotate_compress != Compress::zstd || next == rotated->end()) return {};
        return begin_to_compress(next->path);
    }

    Status begin_to_compress(const std::filesystem::path& rotated) {
        if (!zstd_) {
            auto loaded = ZstdLibrary::load();
            if (!loaded) return fail(loaded.error());
            zstd_.emplace(std::move(*loaded));
        }
        auto begun = Compression::begin(*zstd_, rotated);
        if (!begun) return fail(begun.error());
        compression_.emplace(std::move(*begun));
        return {};
    }

    void compress() {
        const auto more = compression_->step();
        if (!more) {
            reporter_.trouble(more.error());
            to_tidy_.pop_front();
        }
        if (!more || !*more) compression_.reset();
    }

    const Archive& archive_;
    Reporter& reporter_;
    FileNames names_;
    std::map<std::string, OpenFile, std::less<>> files_;
    std::uint64_t uses_ = 0;
    std::vector<Verdict> verdicts_;
    std::optional<Error> trouble_;

    std::set<std::string, std::less<>> known_; ///< paths whose rotated files were looked at once
    std::deque<std::string> to_tidy_;          ///< paths with rotated files to compress or to remove
    std::optional<ZstdLibrary> zstd_;
    std::optional<Compression> compression_; ///< of a file of the first path to tidy
};

} // namespace

Result<std::unique_ptr<ArchiveType>> make_file(const ArchiveContext& context) {
    const Archive& archive = context.archive;
    auto names = FileNames::parse(archive.path);
    if (!names) return fail(names.error().in(fmt::format("archives.{}.path", archive.name)));
    std::error_code error;
    if (!std::filesystem::is_directory(names->directory(), error)) {
        // Not made here: who may write there is the administrator's to say. As an error that ends the
        // service, it starts again, and the sandbox that it then gets has the directory in it.
        return fail(ErrorKind::storage,
                    fmt::format("archives.{}.path: there is no directory {}; make it, for the archiver to "
                                "write to: install -d -o meshprobe-archive {}",
                                archive.name, names->directory().string(), names->directory().string()));
    }
    return std::make_unique<FileArchive>(context, std::move(*names));
}

} // namespace meshprobe
