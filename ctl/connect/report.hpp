// What came of the tries, for people and for programs.
#pragma once

#include "ctl/connect/attempt.hpp"

#include <string>
#include <vector>

namespace meshprobe {

/// Two tables: what answered how, and which openings a firewall needs.
void print_attempts(const std::vector<Attempt>& attempts, bool legend);
[[nodiscard]] std::string attempts_json(const std::vector<Attempt>& attempts);
[[nodiscard]] std::size_t count_failed(const std::vector<Attempt>& attempts);

} // namespace meshprobe
