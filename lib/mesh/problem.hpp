// What is wrong with a document, and where.
#pragma once

#include <string>

namespace meshprobe {

struct MeshProblem {
    std::string path;   ///< JSON pointer (RFC 6901), printable; "" is the document itself
    std::string reason; ///< what is wrong there, and what was expected

    [[nodiscard]] std::string text() const { return path.empty() ? reason : path + ": " + reason; }
    auto operator<=>(const MeshProblem&) const = default;
};

} // namespace meshprobe
