// Every place meshprobe reads or writes, under one root. `--root DIR` prefixes exactly these; paths written
// inside the configuration are literal. Owners: units/meshprobe.tmpfiles.conf.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace meshprobe {

class Paths {
  public:
    explicit Paths(std::filesystem::path root = "/") : root_(std::move(root)) {}

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }
    [[nodiscard]] bool is_real_root() const { return root_ == "/"; }

    // configuration, weakest first
    [[nodiscard]] std::filesystem::path vendor_configuration() const {
        return at("usr/lib/meshprobe/meshprobe.yaml");
    }
    [[nodiscard]] std::filesystem::path configuration() const { return at("etc/meshprobe/meshprobe.yaml"); }
    [[nodiscard]] std::vector<std::filesystem::path> drop_in_directories() const;
    /// Secrets: `user` is "probe", "archive" or "mesh".
    [[nodiscard]] std::filesystem::path credentials(std::string_view user) const {
        return at("etc/meshprobe/credentials") / user;
    }
    /// What network namespaces have instead of files in /etc, ip-netns(8).
    [[nodiscard]] std::filesystem::path namespaces() const { return at("etc/netns"); }
    [[nodiscard]] std::filesystem::path systemd_etc() const { return at("etc/systemd/system"); }
    [[nodiscard]] std::filesystem::path systemd_run() const { return at("run/systemd/system"); }
    [[nodiscard]] std::filesystem::path generated_units() const { return at("run/systemd/generator"); }

    // state
    [[nodiscard]] std::filesystem::path plan() const { return at("var/lib/meshprobe/plan"); }
    [[nodiscard]] std::filesystem::path mesh() const { return at("var/lib/meshprobe/mesh"); }
    [[nodiscard]] std::filesystem::path hosts() const { return mesh() / "hosts"; }
    [[nodiscard]] std::filesystem::path host_facts() const { return mesh() / "facts"; }
    [[nodiscard]] std::filesystem::path checkpoints() const { return at("var/lib/meshprobe/checkpoint"); }
    [[nodiscard]] std::filesystem::path trust() const { return at("var/lib/meshprobe/trust"); }
    [[nodiscard]] std::filesystem::path spool() const { return at("var/lib/meshprobe/spool"); }
    [[nodiscard]] std::filesystem::path spool(std::string_view archive) const { return spool() / archive; }
    [[nodiscard]] std::filesystem::path local_archive() const { return at("var/lib/meshprobe/archive"); }

    // gone at the next boot
    [[nodiscard]] std::filesystem::path run() const { return at("run/meshprobe"); }
    [[nodiscard]] std::filesystem::path slots() const { return run() / "slots"; }
    [[nodiscard]] std::filesystem::path results() const { return run() / "results"; }
    [[nodiscard]] std::filesystem::path archiver_states() const { return run() / "archives"; }
    [[nodiscard]] std::filesystem::path applied() const { return run() / "applied"; }

  private:
    [[nodiscard]] std::filesystem::path at(std::string_view relative) const { return root_ / relative; }

    std::filesystem::path root_;
};

} // namespace meshprobe
