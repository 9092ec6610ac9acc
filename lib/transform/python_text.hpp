// JSON values as str() of Python shows them: pScheduler's archives with `output-raw` send that.
#pragma once

#include "lib/json_text/json_value.hpp"

#include <string>

namespace meshprobe {

/// A string as it is, in UTF-8; None, True, 1.5, {'a': [1, 'b']}.
void append_python_text(std::string& out, const JsonValue& value);

} // namespace meshprobe
