// The compiled configuration, plan/config.json: the merged tree as JSON, with the stamps of the files it was
// made of. It serves twice: as the cache that spares every probe the YAML, and as the configuration that is
// kept for the day the files break. Sections of hosts stay JSON until somebody asks for that host: a probe
// wants one of two thousand.
#pragma once

#include "lib/config/config.hpp"
#include "lib/config/layers.hpp"
#include "lib/config/problem.hpp"
#include "lib/config/tree.hpp"
#include "lib/paths.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct LoadedConfig;

class CompiledConfig {
  public:
    /// Nothing if there is none, if it may not be read, or if it is no such file: then the YAML has to do.
    [[nodiscard]] static std::optional<CompiledConfig> open(const Paths& paths);
    [[nodiscard]] static std::filesystem::path path(const Paths& paths) {
        return paths.plan() / "config.json";
    }

    CompiledConfig(CompiledConfig&&) noexcept;
    CompiledConfig& operator=(CompiledConfig&&) noexcept;
    ~CompiledConfig();

    /// Made by this very version, of these very files.
    [[nodiscard]] bool is_made_of(const Layers& layers) const;
    /// Everything but the sections of hosts is read and checked again; with `whole_tree`, the tree has those
    /// too.
    [[nodiscard]] std::optional<LoadedConfig> load(bool whole_tree);

  private:
    class Document;
    explicit CompiledConfig(std::unique_ptr<Document> document);
    std::unique_ptr<Document> document_;
};

/// One section of a host as HostSection::compiled holds it; its marks are lost. Null for anything else.
[[nodiscard]] Node::Pointer decode_node(std::string_view json);

} // namespace meshprobe
