// Which hosts a task is for: `select:`.
#pragma once

#include "lib/config/config.hpp"
#include "lib/host_facts.hpp"

#include <string_view>

namespace meshprobe {

/// Does it look at what the meshes say, or just at names?
[[nodiscard]] bool needs_facts(const Select& select);

/// As pSConfig's own filters compare tags: small and capital letters are the same.
[[nodiscard]] bool is_same_tag(std::string_view left, std::string_view right);

/// A host is selected if it matches every member that is given, by any of its values. `facts` null: nothing
/// is known of it, and it matches nothing but names.
[[nodiscard]] bool selects(const Select& select, std::string_view host, const HostFacts* facts);

/// For those that ask about many hosts: what is known of them, read once.
class Selection {
  public:
    /// What cannot be read is not known, which is said where units are made of it.
    explicit Selection(const Paths& paths);

    [[nodiscard]] bool is_for(const TaskSettings& task, std::string_view host) const;

  private:
    FactsOfHosts facts_;
};

} // namespace meshprobe
