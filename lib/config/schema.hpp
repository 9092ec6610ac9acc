// The keys of the configuration, each once: how it is called, what type it has, how it is read and shown.
// Reading, `meshprobectl config` and the test of the manual page all go by these tables.
#pragma once

#include "lib/config/config.hpp"
#include "lib/config/reader.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

namespace meshprobe {

/// A value as it is shown; monostate: not set. Durations, sizes and choices are text, as they would be
/// written.
using Shown = std::variant<std::monostate, std::string, std::uint64_t, bool, std::vector<std::string>,
                           std::map<std::string, std::string, std::less<>>>;

/// One key of a T; with `nested`, a mapping of further keys.
template <class T>
struct Key {
    std::string_view name;
    std::string_view type; ///< for the manual page: "duration", "name", …
    std::function<void(Reader&, const Node&, T&)> read;
    std::function<Shown(const T&)> show;
    std::vector<Key<T>> nested;
};
template <class T>
using Keys = std::vector<Key<T>>;

[[nodiscard]] const Keys<Connection>& connection_keys();
[[nodiscard]] const Keys<Description>& description_keys();
[[nodiscard]] const Keys<Mesh>& mesh_keys();
[[nodiscard]] const Keys<Limit>& limit_keys();
[[nodiscard]] const Keys<Archive>& archive_keys();
[[nodiscard]] const Keys<Transform>& transform_keys();
[[nodiscard]] const Keys<TaskSettings>& task_keys();
/// Those of the task keys that are settings of its units: in which context it runs, and what it may use.
[[nodiscard]] Keys<TaskSettings> unit_keys();
/// … and those that say what is read, and from where.
[[nodiscard]] Keys<TaskSettings> collect_keys();
[[nodiscard]] Key<TaskSettings> select_key();

/// What stands at the top beside the mappings of names.
[[nodiscard]] const Keys<Config>& global_keys();

/// The mappings at the top whose keys are names: "meshes", "tasks", …
inline constexpr std::array<std::string_view, 6> section_names{"archives", "hosts", "limits",
                                                               "meshes",   "tasks", "transforms"};

/// An object together with keys of it: what one mapping of the file may hold.
template <class T>
struct Part {
    T& object;
    const Keys<T>& keys;
};
template <class T>
Part(T&, const Keys<T>&) -> Part<T>;

template <class T>
void read_keys(Reader& reader, const Node& node, T& object, const Keys<T>& keys);

namespace detail {

template <class T>
bool read_key(Reader& reader, std::string_view name, const Node& value, T& object, const Keys<T>& keys) {
    for (const auto& key : keys) {
        if (key.name != name) continue;
        if (key.nested.empty()) {
            key.read(reader, value, object);
        } else {
            read_keys(reader, value, object, key.nested);
        }
        return true;
    }
    return false;
}

template <class T>
void add_names(std::vector<std::string_view>& names, const Keys<T>& keys) {
    for (const auto& key : keys)
        names.push_back(key.name);
}

} // namespace detail

/// Reads a mapping whose keys are those of all parts, except `skipped`, which the caller reads.
template <class... T>
void read_mapping(Reader& reader, const Node& node, std::string_view skipped, Part<T>... parts) {
    if (!reader.mapping(node)) return;
    for (const auto& [name, entry] : node.entries) {
        if (!skipped.empty() && name == skipped) continue;
        const auto step = reader.enter(name);
        if ((detail::read_key(reader, name, *entry.value, parts.object, parts.keys) || ...)) continue;
        std::vector<std::string_view> names;
        (detail::add_names(names, parts.keys), ...);
        if (!skipped.empty()) names.push_back(skipped);
        reader.unknown_key(entry.mark, name, names);
    }
}

template <class T>
void read_keys(Reader& reader, const Node& node, T& object, const Keys<T>& keys) {
    read_mapping(reader, node, {}, Part<T>{object, keys});
}

} // namespace meshprobe
