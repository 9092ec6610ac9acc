#include "lib/config/load.hpp"

#include "lib/config/build.hpp"
#include "lib/config/layers.hpp"
#include "lib/config/vendor_defaults.hpp"
#include "lib/config/yaml.hpp"
#include "lib/file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace meshprobe {

namespace {

bool is_whole(const Problem& problem) {
    return problem.scope == Problem::Scope::whole;
}

/// All files laid over each other; what cannot be read is reported and left out.
Node::Pointer read_tree(const Layers& layers, std::vector<Problem>& problems) {
    Node::Pointer tree;
    const auto add = [&](tl::expected<Node::Pointer, Problem> layer) {
        if (layer) {
            tree = merge(tree, *layer);
        } else {
            problems.push_back(std::move(layer.error()));
        }
    };
    if (layers.vendor_is_absent) add(parse_yaml(vendor_defaults(), "(built-in defaults)"));
    for (const auto& file : layers.files) {
        const auto text = read_file(file.path, largest_configuration_file);
        if (text) {
            add(parse_yaml(*text, file.path));
        } else {
            Problem problem;
            problem.scope = Problem::Scope::whole;
            problem.file = file.path;
            problem.message = "cannot be read: " + text.error().message;
            problems.push_back(std::move(problem));
        }
    }
    return tree;
}

LoadedConfig read(const Layers& layers) {
    LoadedConfig loaded;
    loaded.problems = layers.problems;
    loaded.tree = read_tree(layers, loaded.problems);
    const bool incomplete = std::ranges::any_of(loaded.problems, is_whole);
    loaded.config =
        build_config(loaded.tree, &loaded.problems, incomplete ? References::unchecked : References::checked)
            .config;
    return loaded;
}

} // namespace

LoadedConfig read_config(const Paths& paths) {
    return read(find_layers(paths));
}

Result<LoadedConfig> load_config(const Paths& paths) {
    auto loaded = read_config(paths);
    const auto broken = std::ranges::find_if(loaded.problems, is_whole);
    if (broken == loaded.problems.end()) return loaded;
    return fail(ErrorKind::configuration, broken->text());
}

Status keep_config(const Paths&, const LoadedConfig&) {
    return {};
}

} // namespace meshprobe
