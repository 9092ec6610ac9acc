// The manual page names every key, and no key that there is not.
#include "lib/config/schema.hpp"
#include "lib/file.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <sstream>

using namespace meshprobe;

namespace {

template <class T>
void collect(const Keys<T>& keys, const std::string& prefix, std::set<std::string>& names) {
    for (const auto& key : keys) {
        const auto name = prefix + std::string(key.name);
        if (key.nested.empty()) {
            names.insert(name);
        } else {
            collect(key.nested, name + ".", names);
        }
    }
}

std::set<std::string> keys_of_schema() {
    std::set<std::string> names;
    collect(global_keys(), "", names);
    collect(mesh_keys(), "", names);
    collect(task_keys(), "", names);
    collect(limit_keys(), "", names);
    collect(archive_keys(), "", names);
    collect(transform_keys(), "", names);
    collect(connection_keys(), "", names);
    collect(description_keys(), "", names);
    for (const auto section : section_names)
        names.emplace(section);
    return names;
}

/// What stands after ".It Cm", up to the type; "," separates several.
std::set<std::string> keys_of_manual() {
    const auto text = read_file(MESHPROBE_SOURCE_DIR "/man/meshprobe.yaml.5", 1U << 20U);
    REQUIRE(text);
    std::set<std::string> names;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
        constexpr std::string_view item = ".It Cm ";
        if (!line.starts_with(item)) continue;
        std::istringstream words(line.substr(item.size()));
        for (std::string word; words >> word && word != "No";) {
            if (word != ",") names.insert(word);
        }
    }
    return names;
}

} // namespace

TEST_CASE("meshprobe.yaml(5) has exactly the keys that there are") {
    CHECK(keys_of_manual() == keys_of_schema());
}
