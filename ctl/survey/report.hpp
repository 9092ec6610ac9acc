// What a survey found, for people and for programs.
#pragma once

#include "ctl/survey/survey.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace meshprobe::survey {

/// "verifies", "self-signed certificate, until 2027-01-01"; "none" without TLS; "-" if there was no answer.
[[nodiscard]] std::string certificate_text(const HostReport& host);
/// What is to be known of a host beyond the columns; empty: nothing.
[[nodiscard]] std::string remark_of(const HostReport& host);
/// "8.2K", of points.
[[nodiscard]] std::string short_number(std::uint64_t number);

void print_survey(const Survey& survey, bool legend);
[[nodiscard]] nlohmann::ordered_json survey_json(const Survey& survey);

} // namespace meshprobe::survey
