#include "lib/mesh/expansion.hpp"

#include "lib/mesh/address_class.hpp"
#include "lib/mesh/json_text.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <optional>
#include <set>

namespace meshprobe {

namespace {

using nlohmann::json;

/// A member of a group before its peer is known. Pairs are many: what does not depend on the peer is looked
/// up once.
struct Candidate {
    std::string_view name;
    const json* address = nullptr;
    std::string_view label;
    std::string_view top_address; ///< what tells a pair from a self test
    std::string_view top_host;
    bool depends_on_peer = false;
    std::optional<Participant> shown; ///< to every peer, unless it depends on that
};

struct Selector {
    const json* selector = nullptr; ///< compared as a whole object, as upstream does
    std::vector<Candidate> candidates;
    bool in_a = true;
    bool in_b = true;
};

bool equal_ignoring_case(std::string_view left, std::string_view right) {
    return left.size() == right.size() && ::strncasecmp(left.data(), right.data(), left.size()) == 0;
}

class Expansion {
  public:
    Expansion(const json& document, const json& group)
        : document_(document), group_(group), addresses_(object_member(document, "addresses")),
          excludes_(array_member(group, "excludes")),
          default_label_(string_member(group, "default-address-label")),
          scope_(string_member(group, "excludes-self")) {}

    Status run(std::size_t& budget, std::size_t scheduled_by,
               const std::function<void(const Tuple&)>& visit) {
        const std::string& type = string_member(group_, "type");
        const bool is_list = type == "list";
        if (!is_list && type != "mesh" && type != "disjoint") {
            return fail(ErrorKind::protocol, fmt::format("a group of unknown type {}", in_quotes(type)));
        }
        if (scheduled_by >= (is_list ? 1U : 2U)) {
            return fail(ErrorKind::protocol,
                        fmt::format("scheduled-by {} is more than its group has members", scheduled_by));
        }
        const std::vector<Selector> selectors = type == "disjoint" ? disjoint_selectors() : plain_selectors();
        return is_list ? run_list(selectors, budget, visit)
                       : run_pairs(selectors, budget, scheduled_by, visit);
    }

  private:
    [[nodiscard]] std::vector<Candidate> candidates(const json& selector) const {
        // Upstream documents `disabled` of a selector, but overlooks it; what is meant is clear.
        if (bool_member(selector, "disabled")) return {};
        std::vector<Candidate> result;
        if (const std::string& name = string_member(selector, "class"); !name.empty()) {
            for (const std::string_view member : addresses_of_class(document_, name)) {
                result.push_back(candidate(member, *find_member(addresses_, member), default_label_));
            }
        } else if (const json* address = find_member(addresses_, string_member(selector, "name"))) {
            const std::string& label = string_member(selector, "label");
            result.push_back(candidate(string_member(selector, "name"), *address,
                                       label.empty() ? default_label_ : std::string_view(label)));
        }
        return result;
    }

    [[nodiscard]] Candidate candidate(std::string_view name, const json& address,
                                      std::string_view label) const {
        Candidate made{name,
                       &address,
                       label,
                       string_member(address, "address"),
                       string_member(address, "host"),
                       !object_member(address, "remote-addresses").empty(),
                       std::nullopt};
        if (!made.depends_on_peer) made.shown = resolve(made, {});
        return made;
    }

    [[nodiscard]] std::vector<Selector> plain_selectors() const {
        std::vector<Selector> selectors;
        for (const json& selector : array_member(group_, "addresses")) {
            selectors.push_back({&selector, candidates(selector), true, true});
        }
        return selectors;
    }

    /// Both lists, one behind the other; a selector in both is one selector, so no pair comes twice.
    [[nodiscard]] std::vector<Selector> disjoint_selectors() const {
        const json& a = array_member(group_, "a-addresses");
        const json& b = array_member(group_, "b-addresses");
        const std::set<json> in_a(a.begin(), a.end());
        const std::set<json> in_b(b.begin(), b.end());
        std::vector<Selector> selectors;
        std::set<json> seen;
        for (const json* side : {&a, &b}) {
            for (const json& selector : *side) {
                if (!seen.insert(selector).second) continue;
                selectors.push_back(
                    {&selector, candidates(selector), in_a.contains(selector), in_b.contains(selector)});
            }
        }
        return selectors;
    }

    Status run_list(const std::vector<Selector>& selectors, std::size_t& budget,
                    const std::function<void(const Tuple&)>& visit) {
        for (const Selector& selector : selectors) {
            for (const Candidate& candidate : selector.candidates) {
                if (auto spent = spend(budget); !spent) return spent;
                const auto member = shown_to(candidate.name, candidate);
                if (member && !member->disabled && !member->no_agent) visit({{*member}, 0});
            }
        }
        return {};
    }

    Status run_pairs(const std::vector<Selector>& selectors, std::size_t& budget, std::size_t scheduled_by,
                     const std::function<void(const Tuple&)>& visit) {
        const bool both_ways = !bool_member(group_, "unidirectional");
        for (const Selector& x : selectors) {
            for (const Selector& y : selectors) {
                if (auto spent = spend(budget); !spent) return spent;
                const bool wanted = (x.in_a && y.in_b) || (both_ways && x.in_b && y.in_a);
                if (!wanted || is_excluded(*x.selector, *y.selector)) continue;
                if (auto done = combine(x, y, budget, scheduled_by, visit); !done) return done;
            }
        }
        return {};
    }

    Status combine(const Selector& x, const Selector& y, std::size_t& budget, std::size_t scheduled_by,
                   const std::function<void(const Tuple&)>& visit) {
        for (const Candidate& left : x.candidates) {
            for (const Candidate& right : y.candidates) {
                if (auto spent = spend(budget); !spent) return spent;
                if (is_self(left, right)) continue;
                const auto first = shown_to(right.name, left);
                const auto second = shown_to(left.name, right);
                if (!first || !second || first->disabled || second->disabled) continue;
                Tuple tuple{{*first, *second}, scheduled_by};
                if (tuple.members[scheduled_by].no_agent) tuple.scheduler = first->no_agent ? 1 : 0; // "flip"
                if (!tuple.members[tuple.scheduler].no_agent) visit(tuple);
            }
        }
        return {};
    }

    [[nodiscard]] bool is_excluded(const json& x, const json& y) const {
        return std::ranges::any_of(excludes_, [&](const json& exclude) {
            const json* local = find_member(exclude, "local-address");
            const json& targets = array_member(exclude, "target-addresses");
            return local != nullptr && *local == x && std::ranges::find(targets, y) != targets.end();
        });
    }

    [[nodiscard]] bool is_self(const Candidate& x, const Candidate& y) const {
        if (scope_ == "disabled") return false;
        const auto same = [](std::string_view left, std::string_view right) {
            return !left.empty() && equal_ignoring_case(left, right);
        };
        return same(x.top_address, y.top_address) || (scope_ != "address" && same(x.top_host, y.top_host));
    }

    [[nodiscard]] std::optional<Participant> shown_to(std::string_view peer,
                                                      const Candidate& candidate) const {
        return candidate.depends_on_peer ? resolve(candidate, peer) : candidate.shown;
    }

    /// Which property set an address shows to a peer; nullopt: none, and the tuple does not exist.
    [[nodiscard]] std::optional<Participant> resolve(const Candidate& candidate,
                                                     std::string_view peer) const {
        const json& top = *candidate.address;
        const json* remote = find_member(object_member(top, "remote-addresses"), peer);
        const json& holder = remote != nullptr ? *remote : top;
        const json* shown =
            candidate.label.empty() ? &holder : find_member(object_member(holder, "labels"), candidate.label);
        if (shown == nullptr || string_member(*shown, "address").empty()) return std::nullopt;

        Participant member{&top, shown, string_member(*shown, "address")};
        const json& host = object_member(object_member(document_, "hosts"), string_member(top, "host"));
        for (const json* level : {shown, &holder, &top, &host}) {
            member.disabled = member.disabled || bool_member(*level, "disabled");
            member.no_agent = member.no_agent || bool_member(*level, "no-agent");
        }
        return member;
    }

    static Status spend(std::size_t& budget) {
        if (budget == 0) return fail(ErrorKind::protocol, "its groups expand to too many pairs of addresses");
        --budget;
        return {};
    }

    const json& document_;
    const json& group_;
    const json& addresses_;
    const json& excludes_;
    std::string_view default_label_;
    std::string_view scope_; ///< of excludes-self: "host" (default), "address", "disabled"
};

} // namespace

Status expand_task(const json& document, const json& task, std::size_t& budget,
                   const std::function<void(const Tuple&)>& visit) {
    const std::string& name = string_member(task, "group");
    const json* group = find_member(object_member(document, "groups"), name);
    if (group == nullptr)
        return fail(ErrorKind::protocol, fmt::format("a task names the unknown group {}", in_quotes(name)));
    const json* scheduled_by = find_member(task, "scheduled-by");
    const std::size_t index =
        scheduled_by != nullptr && scheduled_by->is_number_unsigned() ? scheduled_by->get<std::size_t>() : 0;
    return Expansion(document, *group).run(budget, index, visit);
}

} // namespace meshprobe
