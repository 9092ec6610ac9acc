#include "lib/config/load.hpp"

#include "lib/config/build.hpp"
#include "lib/config/compiled.hpp"
#include "lib/config/vendor_defaults.hpp"
#include "lib/config/yaml.hpp"
#include "lib/file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace meshprobe {

namespace {

bool is_whole(const Problem& problem) {
    return problem.scope == Problem::Scope::whole;
}

tl::expected<Node::Pointer, Problem> read_layer(const std::string& file) {
    const auto text = read_file(file, largest_configuration_file);
    if (text) return parse_yaml(*text, file);
    Problem problem;
    problem.scope = Problem::Scope::whole;
    problem.file = file;
    problem.message = "cannot be used: " + text.error().message;
    return tl::unexpected(std::move(problem));
}

/// What was compiled in, without the sections that the vendor has: whoever changes a setting there does not
/// mean to have no task and no archive.
Node::Pointer built_in_without(const Node* vendor) {
    const auto all = parse_yaml(vendor_defaults(), "(built-in defaults)");
    auto tree = all && *all ? std::make_shared<Node>(**all) : std::make_shared<Node>();
    if (vendor != nullptr) {
        std::erase_if(tree->entries, [&](const auto& entry) { return vendor->find(entry.first) != nullptr; });
    }
    return tree;
}

/// All files laid over each other; what cannot be read is reported and left out.
Node::Pointer read_tree(const Layers& layers, std::vector<Problem>& problems) {
    std::vector<Node::Pointer> trees;
    Node::Pointer vendor;
    for (const auto& file : layers.files) {
        auto layer = read_layer(file.path);
        if (layer) {
            if (layers.has_vendor && &file == &layers.files.front()) vendor = *layer;
            trees.push_back(std::move(*layer));
        } else {
            problems.push_back(std::move(layer.error()));
        }
    }
    Node::Pointer all = built_in_without(vendor.get());
    for (const auto& tree : trees)
        all = merge(all, tree);
    return all;
}

struct Files {
    LoadedConfig loaded;
    std::vector<EntryPath> faulty;
};

Files read(Layers layers) {
    Files files;
    auto& loaded = files.loaded;
    loaded.problems = layers.problems;
    loaded.tree = read_tree(layers, loaded.problems);
    const bool incomplete = std::ranges::any_of(loaded.problems, is_whole);
    auto built =
        build_config(loaded.tree, &loaded.problems, incomplete ? References::unchecked : References::checked);
    loaded.config = std::move(built.config);
    loaded.layers = std::make_shared<const Layers>(std::move(layers));
    files.faulty = std::move(built.faulty);
    return files;
}

/// Whether many hosts hang on an entry.
bool carries_many(const EntryPath& entry) {
    return entry[0] == "meshes" || entry[0] == "tasks" || entry[0] == "transforms" ||
           (entry[0] == "hosts" && entry[1].find_first_of("*?") != std::string::npos);
}

const Node::Entry* find_entry(const Node& tree, const EntryPath& path) {
    const Node* section = tree.find(path[0]);
    if (section == nullptr) return nullptr;
    const auto found = section->entries.find(path[1]);
    return found == section->entries.end() ? nullptr : &found->second;
}

/// The last good versions of what carries many hosts.
void fall_back(Files& files, CompiledConfig& compiled) {
    std::vector<EntryPath> wanted;
    std::ranges::copy_if(files.faulty, std::back_inserter(wanted), carries_many);
    if (wanted.empty()) return;
    const auto kept = compiled.load(true);
    if (!kept) return;
    auto tree = files.loaded.tree;
    for (const auto& path : wanted) {
        if (const auto* entry = find_entry(*kept->tree, path)) tree = replace(tree, path, entry->value);
    }
    auto built = build_config(tree, nullptr);
    files.loaded.tree = tree;
    files.loaded.config = std::move(built.config);
    for (const auto& path : wanted) {
        if (std::ranges::find(built.faulty, path) != built.faulty.end()) continue; // that one was no better
        for (auto& problem : files.loaded.problems) {
            if (problem.entry == fmt::format("{}.{}", path[0], path[1])) {
                problem.effect = fmt::format("the last good version of {} stays in force", problem.entry);
            }
        }
    }
}

} // namespace

LoadedConfig read_config(const Paths& paths) {
    return read(find_layers(paths)).loaded;
}

Result<LoadedConfig> load_config(const Paths& paths, Detail detail) {
    auto layers = find_layers(paths);
    auto compiled = CompiledConfig::open(paths);
    if (compiled && compiled->is_made_of(layers)) {
        if (auto loaded = compiled->load(detail == Detail::places)) return std::move(*loaded);
    }
    auto files = read(std::move(layers));
    const auto broken = std::ranges::find_if(files.loaded.problems, is_whole);
    if (broken == files.loaded.problems.end()) {
        if (compiled) fall_back(files, *compiled);
        return std::move(files.loaded);
    }
    auto kept = compiled ? compiled->load(detail == Detail::places) : std::nullopt;
    if (!kept) return fail(ErrorKind::configuration, broken->text());
    kept->kept = true;
    kept->problems = std::move(files.loaded.problems);
    kept->broken_since_usec = files.loaded.layers->changed_usec;
    return std::move(*kept);
}

std::string fault_of_host(const LoadedConfig& loaded, std::string_view host) {
    for (const auto* section : loaded.config.sections_of(host)) {
        if (!section->faulty) continue;
        const auto entry = fmt::format("hosts.{}", section->key);
        const auto problem = std::ranges::find_if(loaded.problems, [&entry](const Problem& one) {
            return one.scope == Problem::Scope::entry && one.entry == entry;
        });
        return problem == loaded.problems.end() ? entry + ": it has an error" : problem->text();
    }
    return {};
}

} // namespace meshprobe
