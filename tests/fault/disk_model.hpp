// A disk that forgets. Programs see a real directory; beside it this model keeps what a power cut would
// leave: for files what was synced, plus an arbitrary part of what was written since (torn in blocks, in any
// order), for directories likewise, each change of names whole or not at all. It is harsher than a
// journalling file system, which keeps an order.
#pragma once

#include "lib/spool/file_system.hpp"

#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace meshprobe::test {

/// Thrown out of a system call: the process is gone at this point.
struct Killed {};

class DiskModel : public FileSystem {
  public:
    /// What a program that was written carelessly would leave out: the test must notice each.
    enum class Forgets {
        nothing,
        syncing_spools,
        syncing_new_spools, ///< the directories above q/
        syncing_checkpoints,
        syncing_segments,
        syncing_the_log,
    };

    DiskModel(std::filesystem::path root, std::mt19937& random, Forgets forgets);

    /// Makes a directory that outlives every power cut.
    void prepare(const std::filesystem::path& directory);
    /// The process dies within so many system calls from now; 0: never.
    void kill_after(int calls) { calls_left_ = calls; }
    /// What was not synced is kept in part, and the real directory becomes what is left.
    void cut_power();
    void turn_clock(std::int64_t usec) { now_ += usec; }

    Result<FileDescriptor> create(const std::filesystem::path& path, mode_t mode) override;
    Result<FileDescriptor> open(const std::filesystem::path& path) override;
    Status write(const FileDescriptor& file, std::uint64_t offset, std::string_view content) override;
    Status truncate(const FileDescriptor& file, std::uint64_t size) override;
    Status sync(const FileDescriptor& file) override;
    Status sync_data(const FileDescriptor& file) override;
    Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
    Status remove(const std::filesystem::path& path) override;
    Status sync_directory(const std::filesystem::path& directory) override;
    Result<bool> make_directory(const std::filesystem::path& directory, mode_t mode) override;
    std::int64_t now_usec() override { return now_ += 1000; }

  private:
    using Id = std::size_t;
    struct Change { ///< of a file
        std::uint64_t offset = 0;
        std::optional<std::string> bytes; ///< nullopt: truncated to `offset`
    };
    using Names = std::map<std::string, Id>;
    using Renaming = std::vector<std::pair<std::string, std::optional<Id>>>; ///< all of it or nothing
    struct Node {
        std::string durable;
        std::vector<Change> changes;
        bool is_directory = false;
        Names names; ///< as programs see them
        Names durable_names;
        std::vector<Renaming> renamings;
    };

    void step(); ///< each system call begins and ends with it
    [[nodiscard]] Id find(const std::filesystem::path& path) const;
    void rename_in(Id directory, const Renaming& renaming);
    void forget(Node& file);
    void forget_names(Node& directory);
    void write_out(const std::filesystem::path& directory, Id id);
    [[nodiscard]] bool chance(double probability);

    std::filesystem::path root_;
    std::mt19937* random_;
    Forgets forgets_;
    std::vector<Node> nodes_;
    std::map<int, Id> open_; ///< by descriptor
    int calls_left_ = 0;
    std::int64_t now_ = 1795341600000000;
    double kept_ = 0;       ///< how much of what was not synced the next power cut keeps
    bool in_order_ = false; ///< whether it keeps a beginning, or any part
};

} // namespace meshprobe::test
