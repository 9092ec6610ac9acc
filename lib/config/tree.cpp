#include "lib/config/tree.hpp"

#include <algorithm>
#include <span>

namespace meshprobe {

namespace {

/// [a, b] as {a: true, b: true}; null if it is no list of names.
std::shared_ptr<Node> as_set(const Node& list) {
    auto set = std::make_shared<Node>();
    set->kind = Node::Kind::mapping;
    set->mark = list.mark;
    set->replaces = true;
    set->weight = list.weight;
    for (const auto& item : list.items) {
        if (item->kind != Node::Kind::scalar) return nullptr;
        auto yes = std::make_shared<Node>();
        yes->kind = Node::Kind::scalar;
        yes->mark = item->mark;
        yes->text = "true";
        set->entries.insert_or_assign(item->text, Node::Entry{item->mark, std::move(yes)});
    }
    return set;
}

std::shared_ptr<Node> merge_mappings(std::shared_ptr<Node> result, const Node& over) {
    result->mark = over.mark;
    for (const auto& [key, entry] : over.entries) {
        const auto found = result->entries.find(key);
        if (found == result->entries.end()) {
            result->entries.emplace(key, entry);
            result->weight += entry.value->weight + 1;
        } else {
            result->weight -= found->second.value->weight;
            found->second = {entry.mark, merge(found->second.value, entry.value)};
            result->weight += found->second.value->weight;
        }
    }
    return result;
}

Node::Pointer replace_below(const Node::Pointer& tree, std::span<const std::string> path,
                            const Node::Pointer& value) {
    if (path.empty()) return value;
    auto copy = std::make_shared<Node>(*tree);
    auto& entry = copy->entries.at(path.front());
    entry.value = replace_below(entry.value, path.subspan(1), value);
    return copy;
}

} // namespace

const std::string& Mark::file_name() const {
    static const std::string none;
    return file ? *file : none;
}

const Node* Node::find(std::string_view key) const {
    const auto found = entries.find(key);
    return found == entries.end() ? nullptr : found->second.value.get();
}

Node::Pointer merge(const Node::Pointer& base, const Node::Pointer& over) {
    if (!base) return over;
    if (!over) return base;
    if (over->kind == Node::Kind::empty && base->kind == Node::Kind::mapping) return base;
    if (over->kind != Node::Kind::mapping) return over;
    if (base->kind == Node::Kind::mapping) return merge_mappings(std::make_shared<Node>(*base), *over);
    if (base->kind == Node::Kind::list) {
        if (auto set = as_set(*base)) return merge_mappings(std::move(set), *over);
    }
    return over;
}

Node::Pointer replace(const Node::Pointer& tree, const std::vector<std::string>& path,
                      const Node::Pointer& value) {
    return replace_below(tree, path, value);
}

} // namespace meshprobe
