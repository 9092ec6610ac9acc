// From a task of a template to the tuples of addresses it is run for, in the order and by the rules of
// pSConfig: needed where an archive's URL holds a variable such as {% scheduled_by_address %}. Private to
// lib/mesh.
#pragma once

#include "lib/error.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct Participant {
    const nlohmann::json* top = nullptr; ///< the entry of `addresses`
    const nlohmann::json* properties =
        nullptr;              ///< what it shows here: itself, a label, or an entry for its peer
    std::string_view address; ///< of `properties`
    bool disabled = false;
    bool no_agent = false;
};

struct Tuple {
    std::vector<Participant> members; ///< one for a list, two for a mesh or disjoint group
    std::size_t scheduler = 0;        ///< index in `members`
};

/// Calls `visit` for each tuple that some agent would create. `budget` bounds the pairs looked at and is
/// counted down; exhausted, like an unknown group or an impossible `scheduled-by`, it is a `protocol` error.
[[nodiscard]] Status expand_task(const nlohmann::json& document, const nlohmann::json& task,
                                 std::size_t& budget, const std::function<void(const Tuple&)>& visit);

} // namespace meshprobe
