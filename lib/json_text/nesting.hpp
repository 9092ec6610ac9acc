// How deep JSON text goes, before anything is built from it: what is built is copied, printed and destroyed
// by recursion, and a stranger who nests a million brackets would end the process.
#pragma once

#include <cstddef>
#include <string_view>

namespace meshprobe {

/// The most brackets that are open at once; the text need be no JSON.
[[nodiscard]] std::size_t nesting(std::string_view text);

} // namespace meshprobe
