// One group of a template: its selectors, and the tuples of addresses that they stand for. Private to
// lib/mesh.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/mesh/address_class.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/oracle.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace meshprobe {

/// Members that all groups of a document may have together; more could not be paired anyway.
inline constexpr std::size_t most_members = 200'000;

class Group {
  public:
    /// `name`: for refusals. `members_left`: its own are taken off; 0 when they are more than that.
    Group(const nlohmann::json& document, std::string_view name, const nlohmann::json& group,
          AddressClasses& classes, RefusalList& refusals, std::size_t& members_left);
    Group(Group&&) = delete; // its lists point into itself
    Group& operator=(Group&&) = delete;
    ~Group() = default;

    [[nodiscard]] static bool is_list(const nlohmann::json& group);

    /// How many pairs (of a list: addresses) each() looks at; an error says why none can be.
    [[nodiscard]] const Result<std::size_t>& cost() const { return cost_; }
    /// `scheduled_by` is less than the dimension.
    void each(std::size_t scheduled_by, DisabledTuples disabled,
              const std::function<void(const MeshTuple&)>& visit) const;

  private:
    struct Candidate {
        Participant plain; ///< what it shows to every peer, unless that depends on the peer
        std::string_view label;
        std::size_t address_number = 0; ///< of `plain.top_address`, see number_of()
        std::size_t host_number = 0;    ///< of the name of its host
        bool depends_on_peer = false;
        bool resolved = false; ///< `plain` is something to show
    };
    struct Selector {
        std::size_t id = 0; ///< equal for equal selectors
        std::vector<Candidate> candidates;
        bool in_a = true;
        bool in_b = true;
    };
    using Visit = std::function<void(const MeshTuple&)>;

    void add_selectors(const nlohmann::json& selectors);
    void add_candidates(const nlohmann::json& selector, std::vector<Candidate>& candidates);
    void add_candidate(ClassMember member, std::string_view label, std::vector<Candidate>& candidates);
    void read_disjoint();
    void read_excludes();
    [[nodiscard]] Result<std::size_t> count() const;
    std::size_t id_of(const nlohmann::json& selector);
    /// Equal for names that differ in case only; 0: empty. Comparing the names for each pair takes longer.
    std::size_t number_of(std::string_view name);

    /// The second members that a first one is paired with: all, those of list a, or those of list b.
    [[nodiscard]] const std::vector<const Selector*>& partners(const Selector& first) const;
    void combine(const Selector& x, const Selector& y, std::size_t scheduled_by, DisabledTuples disabled,
                 const Visit& visit) const;
    [[nodiscard]] bool is_self(const Candidate& x, const Candidate& y) const;
    [[nodiscard]] const Participant* shown(const Candidate& candidate, std::string_view peer,
                                           Participant& storage) const;
    [[nodiscard]] bool resolve(Participant& member, std::string_view label, std::string_view peer) const;
    void set_flags(Participant& member, const nlohmann::json& holder) const;

    const nlohmann::json& document_;
    std::string name_;
    const nlohmann::json& group_;
    AddressClasses& classes_;
    RefusalList& refusals_;
    std::string_view type_;
    std::string_view default_label_;
    std::string_view scope_; ///< of excludes-self: "host" (default), "address", "disabled"
    bool both_ways_ = true;
    std::size_t& members_left_;
    bool has_too_many_ = false;
    Result<std::size_t> cost_ = 0;
    std::map<std::string, std::size_t> ids_;
    std::unordered_map<std::string, std::size_t> numbers_;
    std::vector<Selector> selectors_;
    std::vector<const Selector*> all_;
    std::vector<const Selector*> a_;
    std::vector<const Selector*> b_;
    std::vector<const Selector*> none_;
    std::set<std::pair<std::size_t, std::size_t>> excluded_;
};

} // namespace meshprobe
