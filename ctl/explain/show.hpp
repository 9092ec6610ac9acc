// An explanation, for people and for programs.
#pragma once

#include "ctl/explain/verdict.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace meshprobe::explain {

struct Chain {
    ChainFacts facts;
    std::vector<Step> steps;
    Verdict verdict;
};

/// "ps1.example.org to ps2.example.net, rtt IPv4"
[[nodiscard]] std::string name_of(const Wanted& wanted);

/// One line for each step, and the verdict where there are several chains. `unicode`: signs that not every
/// terminal has.
[[nodiscard]] std::string chain_text(const Chain& chain, bool legend, bool unicode);
[[nodiscard]] std::string verdict_line(const Verdict& verdict);
/// With what to do next.
[[nodiscard]] std::string verdict_text(const Verdict& verdict);
[[nodiscard]] nlohmann::ordered_json chain_json(const Chain& chain);
[[nodiscard]] nlohmann::ordered_json verdict_json(const Verdict& verdict);

/// The locale's characters are UTF-8.
[[nodiscard]] bool speaks_unicode();

} // namespace meshprobe::explain
