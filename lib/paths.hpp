// Every place meshprobe reads or writes: one table for two scopes, the system's and that of an unprivileged
// user (`--user`, XDG base directories). `--root DIR` prefixes exactly these; paths written inside the
// configuration are literal. Owners in the system's scope: units/meshprobe.tmpfiles.conf; of a user's, the
// user.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

enum class Scope { system, user };

/// What to type to command the systemd of a scope; for messages that say what to do next.
[[nodiscard]] std::string_view systemctl(Scope scope);
/// The same for "journalctl -u"; the unit's name follows.
[[nodiscard]] std::string_view journal_of_unit(Scope scope);

class Paths {
  public:
    explicit Paths(std::filesystem::path root = "/");
    /// Of the calling user: $XDG_CONFIG_HOME, $XDG_STATE_HOME, $XDG_RUNTIME_DIR, or what stands for them.
    [[nodiscard]] static Paths of_user(std::filesystem::path root = "/");
    /// What is gone at the next boot, or after the user's last session: /run or $XDG_RUNTIME_DIR.
    [[nodiscard]] static std::filesystem::path runtime_directory(Scope scope);

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }
    [[nodiscard]] Scope scope() const { return scope_; }
    /// Then systemd may be asked: the system's, or the user's.
    [[nodiscard]] bool is_real_root() const { return root_ == "/"; }
    /// Each tree of state belongs to the user of those who write it. Otherwise all is the caller's own.
    [[nodiscard]] bool has_owners() const { return is_real_root() && scope_ == Scope::system; }
    /// What another program of ours is to be told to mean the same paths.
    [[nodiscard]] std::vector<std::string> options() const;

    // configuration, weakest first
    [[nodiscard]] std::filesystem::path vendor_configuration() const {
        return root_ / "usr/lib/meshprobe/meshprobe.yaml";
    }
    [[nodiscard]] std::filesystem::path configuration_directory() const { return configuration_; }
    [[nodiscard]] std::filesystem::path configuration() const { return configuration_ / "meshprobe.yaml"; }
    [[nodiscard]] std::vector<std::filesystem::path> drop_in_directories() const;
    /// Secrets: `user` is "probe", "archive" or "mesh".
    [[nodiscard]] std::filesystem::path credentials(std::string_view user) const {
        return configuration_ / "credentials" / user;
    }
    /// What network namespaces have instead of files in /etc, ip-netns(8).
    [[nodiscard]] std::filesystem::path namespaces() const { return root_ / "etc/netns"; }
    [[nodiscard]] std::filesystem::path packaged_units() const;
    [[nodiscard]] std::filesystem::path systemd_etc() const { return units_; }
    [[nodiscard]] std::filesystem::path systemd_run() const { return runtime_units_; }
    [[nodiscard]] std::filesystem::path generated_units() const { return generated_; }

    // state
    [[nodiscard]] std::filesystem::path state() const { return state_; }
    [[nodiscard]] std::filesystem::path plan() const { return state_ / "plan"; }
    [[nodiscard]] std::filesystem::path mesh() const { return state_ / "mesh"; }
    [[nodiscard]] std::filesystem::path hosts() const { return mesh() / "hosts"; }
    [[nodiscard]] std::filesystem::path host_records() const { return mesh() / "records"; }
    [[nodiscard]] std::filesystem::path host_facts() const { return mesh() / "facts"; }
    /// Copies of the lists that limit documents refer to (lib/limit_list.hpp); refresh keeps them.
    [[nodiscard]] std::filesystem::path limit_lists() const { return mesh() / "lists"; }
    [[nodiscard]] std::filesystem::path checkpoints() const { return state_ / "checkpoint"; }
    /// Marks of instances whose archive another one collects (lib/alias.hpp).
    [[nodiscard]] std::filesystem::path aliases() const { return state_ / "alias"; }
    /// Jobs of back-fills (lib/backfill/job.hpp), and their notes for ledgers
    /// (lib/checkpoint/ledger_note.hpp).
    [[nodiscard]] std::filesystem::path backfills() const { return state_ / "backfill"; }
    [[nodiscard]] std::filesystem::path trust() const { return state_ / "trust"; }
    [[nodiscard]] std::filesystem::path spool() const { return state_ / "spool"; }
    [[nodiscard]] std::filesystem::path spool(std::string_view archive) const { return spool() / archive; }
    [[nodiscard]] std::filesystem::path local_archive() const { return state_ / "archive"; }
    /// What an archive in shadow would have delivered; tables as of a local archive.
    [[nodiscard]] std::filesystem::path shadow_notes(std::string_view archive) const {
        return local_archive() / (std::string(archive) + ".shadow.db");
    }

    // gone at the next boot
    [[nodiscard]] std::filesystem::path run() const { return run_; }
    [[nodiscard]] std::filesystem::path slots() const { return run() / "slots"; }
    [[nodiscard]] std::filesystem::path results() const { return run() / "results"; }
    [[nodiscard]] std::filesystem::path archiver_states() const { return run() / "archives"; }
    [[nodiscard]] std::filesystem::path applied() const { return run() / "applied"; }

  private:
    std::filesystem::path root_;
    Scope scope_ = Scope::system;
    std::filesystem::path configuration_; ///< the directory
    std::filesystem::path state_;
    std::filesystem::path run_;
    std::filesystem::path units_; ///< where administrators, or the user, put theirs
    std::filesystem::path runtime_units_;
    std::filesystem::path generated_;
};

} // namespace meshprobe
