// Where results go, and in which form: archives that want the same bodies share an outlet, so that each body
// is written once.
#pragma once

#include "lib/config/config.hpp"
#include "lib/transform/jq_transform.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

/// An archive that a run feeds.
struct Destination {
    std::string archive;
    std::string format;
    std::string transform; ///< its name; empty: none
    std::optional<Transform>
        program{}; ///< absent although it has a name: the configuration has an error there

    /// As segments say it: "raw", or "raw+NAME".
    [[nodiscard]] std::string label() const { return transform.empty() ? format : format + '+' + transform; }
};

[[nodiscard]] Destination destination_of(const Archive& archive, const Config& config);

/// One format.
struct Outlet {
    struct Delivery {
        std::string transform_name;           ///< empty: bodies go as they are
        std::optional<JqTransform> transform; ///< absent although it has a name: as above
        std::vector<std::size_t> archives;    ///< places among the destinations
    };
    std::string format;
    std::vector<Delivery> deliveries;
};

/// `jq_helper` as JqOptions has it.
[[nodiscard]] std::vector<Outlet> outlets_for(const std::vector<Destination>& destinations,
                                              const std::string& jq_helper = {});

} // namespace meshprobe
