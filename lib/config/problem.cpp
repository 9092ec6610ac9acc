#include "lib/config/problem.hpp"

#include <fmt/core.h>

namespace meshprobe {

std::string Problem::text() const {
    std::string text = file;
    if (line > 0) text += fmt::format(":{}:{}", line, column);
    if (!path.empty()) text += ": " + path;
    return text + ": " + message;
}

} // namespace meshprobe
