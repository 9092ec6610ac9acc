#include "lib/mesh/group.hpp"

#include "lib/mesh/json_text.hpp"
#include "lib/mesh/mesh_name.hpp"
#include "lib/mesh/pointer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace meshprobe {

namespace {

using nlohmann::json;

std::size_t weight(std::size_t candidates) {
    return std::max<std::size_t>(candidates, 1); // a selector of nothing is looked at all the same
}

} // namespace

Group::Group(const json& document, std::string_view name, const json& group, AddressClasses& classes,
             RefusalList& refusals, std::size_t& members_left)
    : document_(document), name_(name), group_(group), classes_(classes), refusals_(refusals),
      type_(string_member(group, "type")), default_label_(string_member(group, "default-address-label")),
      scope_(string_member(group, "excludes-self")), both_ways_(!bool_member(group, "unidirectional")),
      members_left_(members_left) {
    if (type_ == "disjoint") {
        read_disjoint();
    } else {
        add_selectors(array_member(group_, "addresses"));
    }
    for (const Selector& selector : selectors_) {
        all_.push_back(&selector);
        if (selector.in_a) a_.push_back(&selector);
        if (selector.in_b) b_.push_back(&selector);
    }
    read_excludes();
    cost_ = count();
}

bool Group::is_list(const json& group) {
    return string_member(group, "type") == "list";
}

std::size_t Group::id_of(const json& selector) {
    return ids_.emplace(selector.dump(-1, ' ', false, json::error_handler_t::replace), ids_.size())
        .first->second;
}

std::size_t Group::number_of(std::string_view name) {
    if (name.empty()) return 0;
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return numbers_.emplace(std::move(lower), numbers_.size() + 1).first->second;
}

void Group::add_selectors(const json& selectors) {
    for (const json& selector : selectors) {
        Selector added;
        added.id = id_of(selector);
        add_candidates(selector, added.candidates);
        selectors_.push_back(std::move(added));
    }
}

/// Both lists, one behind the other; a selector in both is one selector, so no pair comes twice.
void Group::read_disjoint() {
    std::map<std::size_t, std::size_t> by_id; // index in selectors_
    for (const bool is_a : {true, false}) {
        for (const json& selector : array_member(group_, is_a ? "a-addresses" : "b-addresses")) {
            const auto [known, is_new] = by_id.emplace(id_of(selector), selectors_.size());
            if (is_new) {
                Selector added{known->first, {}, false, false};
                add_candidates(selector, added.candidates);
                selectors_.push_back(std::move(added));
            }
            (is_a ? selectors_[known->second].in_a : selectors_[known->second].in_b) = true;
        }
    }
}

/// By whole objects, as upstream compares them: {"name": "a"} does not exclude {"name": "a", "label": "x"}.
void Group::read_excludes() {
    const auto known = [&](const json& selector) {
        return ids_.find(selector.dump(-1, ' ', false, json::error_handler_t::replace));
    };
    for (const json& exclude : array_member(group_, "excludes")) {
        const json* local = find_member(exclude, "local-address");
        const auto first = local == nullptr ? ids_.end() : known(*local);
        if (first == ids_.end()) continue;
        for (const json& target : array_member(exclude, "target-addresses")) {
            const auto second = known(target);
            if (second != ids_.end()) excluded_.emplace(first->second, second->second);
        }
    }
}

void Group::add_candidates(const json& selector, std::vector<Candidate>& candidates) {
    // Upstream documents `disabled` of a selector, but overlooks it; what is meant is clear.
    if (bool_member(selector, "disabled")) return;
    const std::string& class_name = string_member(selector, "class");
    const std::string& name = string_member(selector, "name");
    if (!class_name.empty()) {
        if (object_member(object_member(document_, "address-classes"), class_name).empty()) {
            refusals_.add("group " + in_quotes(name_),
                          fmt::format("there is no address class {}", in_quotes(class_name)),
                          Pointer().at("groups").at(name_));
        }
        for (const ClassMember& member : classes_.members(class_name)) {
            if (has_too_many_) break;
            add_candidate(member, default_label_, candidates);
        }
        return;
    }
    const json& addresses = object_member(document_, "addresses");
    const auto address = addresses.find(name);
    if (address == addresses.end()) {
        refusals_.add("group " + in_quotes(name_), fmt::format("there is no address {}", in_quotes(name)),
                      Pointer().at("groups").at(name_));
        return;
    }
    const std::string& label = string_member(selector, "label");
    add_candidate({address.key(), &*address}, label.empty() ? default_label_ : std::string_view(label),
                  candidates);
}

void Group::add_candidate(ClassMember member, std::string_view label, std::vector<Candidate>& candidates) {
    if (members_left_ == 0) {
        has_too_many_ = true; // cost() says so
        return;
    }
    --members_left_;
    if (auto usable = check_mesh_name(member.name); !usable) {
        refusals_.add("address " + in_quotes(member.name), usable.error().message,
                      Pointer().at("addresses").at(member.name));
        return;
    }
    Candidate made;
    made.plain.name = member.name;
    made.plain.top = member.address;
    made.plain.top_address = string_member(*member.address, "address");
    made.plain.certain = member.certain;
    const std::string_view host = string_member(*member.address, "host");
    made.plain.host = find_member(object_member(document_, "hosts"), host);
    made.address_number = number_of(made.plain.top_address);
    made.host_number = number_of(host);
    made.label = label;
    made.depends_on_peer = !object_member(*member.address, "remote-addresses").empty();
    if (!made.depends_on_peer) made.resolved = resolve(made.plain, label, {});
    candidates.push_back(made);
}

Result<std::size_t> Group::count() const {
    if (type_ != "list" && type_ != "mesh" && type_ != "disjoint")
        return fail(ErrorKind::protocol, fmt::format("a group of unknown type {}", in_quotes(type_)));
    if (has_too_many_) {
        return fail(ErrorKind::protocol, fmt::format("its group has too many members: all groups together "
                                                     "may have {}",
                                                     most_members));
    }
    const auto sum = [](const std::vector<const Selector*>& selectors) {
        std::size_t total = 0;
        for (const Selector* selector : selectors)
            total += weight(selector->candidates.size());
        return total;
    };
    if (type_ == "list") return sum(all_);
    const std::size_t sum_all = sum(all_);
    const std::size_t sum_a = sum(a_);
    const std::size_t sum_b = sum(b_);
    std::size_t pairs = 0;
    for (const Selector& selector : selectors_) {
        const auto& second = partners(selector);
        const std::size_t others = &second == &all_ ? sum_all
                                   : &second == &a_ ? sum_a
                                   : &second == &b_ ? sum_b
                                                    : 0;
        pairs += weight(selector.candidates.size()) * others;
    }
    return pairs;
}

void Group::each(std::size_t scheduled_by, DisabledTuples disabled, const Visit& visit) const {
    if (type_ == "list") {
        for (const Selector& selector : selectors_) {
            for (const Candidate& candidate : selector.candidates) {
                Participant storage;
                const Participant* member = shown(candidate, candidate.plain.name, storage);
                if (member == nullptr || member->no_agent) continue;
                if (member->disabled && disabled == DisabledTuples::skip) continue;
                visit({{member, 1}, 0, false, member->disabled});
            }
        }
        return;
    }
    for (const Selector& x : selectors_) {
        for (const Selector* y : partners(x)) {
            if (!excluded_.empty() && excluded_.contains({x.id, y->id})) continue;
            combine(x, *y, scheduled_by, disabled, visit);
        }
    }
}

const std::vector<const Group::Selector*>& Group::partners(const Selector& first) const {
    const bool forth = first.in_a;
    const bool back = both_ways_ && first.in_b;
    if (type_ == "mesh" || (forth && back)) return all_;
    if (forth) return b_;
    return back ? a_ : none_;
}

void Group::combine(const Selector& x, const Selector& y, std::size_t scheduled_by, DisabledTuples disabled,
                    const Visit& visit) const {
    for (const Candidate& left : x.candidates) {
        for (const Candidate& right : y.candidates) {
            if (is_self(left, right)) continue;
            std::array<Participant, 2> members;
            const Participant* first = shown(left, right.plain.name, members[0]);
            const Participant* second = shown(right, left.plain.name, members[1]);
            if (first == nullptr || second == nullptr) continue;
            MeshTuple tuple;
            tuple.disabled = first->disabled || second->disabled;
            if (tuple.disabled && disabled == DisabledTuples::skip) continue;
            tuple.scheduler = scheduled_by;
            if ((scheduled_by == 0 ? first : second)->no_agent) {
                tuple.scheduler = first->no_agent ? 1 : 0;
                tuple.flip = true;
                if ((tuple.scheduler == 0 ? first : second)->no_agent) continue;
            }
            if (first != &members[0]) members[0] = *first;
            if (second != &members[1]) members[1] = *second;
            tuple.members = members;
            visit(tuple);
        }
    }
}

bool Group::is_self(const Candidate& x, const Candidate& y) const {
    if (scope_ == "disabled") return false;
    const auto same = [](std::size_t left, std::size_t right) { return left != 0 && left == right; };
    return same(x.address_number, y.address_number) ||
           (scope_ != "address" && same(x.host_number, y.host_number));
}

const Participant* Group::shown(const Candidate& candidate, std::string_view peer,
                                Participant& storage) const {
    if (!candidate.depends_on_peer) return candidate.resolved ? &candidate.plain : nullptr;
    storage = candidate.plain;
    return resolve(storage, candidate.label, peer) ? &storage : nullptr;
}

/// Which property set an address shows to a peer; false: none, and the tuple does not exist.
bool Group::resolve(Participant& member, std::string_view label, std::string_view peer) const {
    const json* remote = find_member(object_member(*member.top, "remote-addresses"), peer);
    const json& holder = remote != nullptr ? *remote : *member.top;
    member.properties = label.empty() ? &holder : find_member(object_member(holder, "labels"), label);
    if (member.properties == nullptr) return false;
    const json* address = find_member(*member.properties, "address");
    if (address == nullptr && remote != nullptr) return false; // a remote entry may be labels only
    member.address = string_member(*member.properties, "address");
    if (auto usable = check_mesh_address(member.address); !usable) {
        refusals_.add("address " + in_quotes(member.name), usable.error().message,
                      Pointer().at("addresses").at(member.name));
        return false;
    }
    member.has_contexts = !array_member(*member.properties, "contexts").empty();
    for (const json* level : {member.top, member.properties, member.host})
        member.has_tags = member.has_tags || (level != nullptr && !array_member(*level, "tags").empty());
    set_flags(member, holder);
    return true;
}

/// What the entry, or the host, says once holds for everything derived from it.
void Group::set_flags(Participant& member, const json& holder) const {
    static const json no_host = json::object();
    for (const json* level :
         {member.properties, &holder, member.top, member.host != nullptr ? member.host : &no_host}) {
        member.disabled = member.disabled || bool_member(*level, "disabled");
        member.no_agent = member.no_agent || bool_member(*level, "no-agent");
    }
}

} // namespace meshprobe
