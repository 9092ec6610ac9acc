// A configuration to begin with, made of what a survey found.
#pragma once

#include "ctl/survey/survey.hpp"

#include <string>
#include <string_view>

namespace meshprobe::survey {

/// Of the last part of its URL or file name that tells anything, else of its host: a name as
/// is_valid_name() wants it.
[[nodiscard]] std::string mesh_name_for(std::string_view source);

/// The text of a meshprobe.yaml: the mesh, and for each host what a probe cannot find out itself. What a
/// person should know of the others stands in comments.
[[nodiscard]] std::string starting_configuration(const Survey& survey);

} // namespace meshprobe::survey
