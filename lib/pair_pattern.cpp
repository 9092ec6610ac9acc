#include "lib/pair_pattern.hpp"

#include "lib/glob.hpp"
#include "lib/trimmed.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

} // namespace

void PairEnd::add(std::string_view name) {
    if (name.empty()) return;
    names.push_back(lower(name));
    if (const auto address = parse_ip_address(name)) addresses.push_back(*address);
}

Result<PairPattern::End> PairPattern::parse_end(std::string_view text) {
    End end{lower(trimmed(text)), std::nullopt};
    end.network = parse_ip_network(end.glob);
    if (end.network) return end;
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view("*?.-_:").find(c) != std::string_view::npos;
    };
    if (!end.glob.empty() && end.glob.size() <= 255 && std::ranges::all_of(end.glob, allowed)) return end;
    return fail(
        ErrorKind::configuration,
        fmt::format("\"{}\" is neither a network such as 192.0.2.0/24 nor a glob over names", end.glob));
}

Result<PairPattern> PairPattern::parse(std::string_view text) {
    const auto arrow = text.find("->");
    PairPattern pattern;
    auto source = parse_end(text.substr(0, arrow));
    if (!source) return fail(source.error());
    pattern.source_ = std::move(*source);
    if (arrow == std::string_view::npos) return pattern;
    auto destination = parse_end(text.substr(arrow + 2));
    if (!destination) return fail(destination.error());
    pattern.destination_ = std::move(*destination);
    return pattern;
}

bool PairPattern::End::matches(const PairEnd& end) const {
    if (network) {
        return std::ranges::any_of(end.addresses,
                                   [this](const IpAddress& address) { return network->contains(address); });
    }
    if (glob == "*") return true;
    return std::ranges::any_of(end.names,
                               [this](const std::string& name) { return glob_matches_text(glob, name); });
}

bool PairPattern::matches(const PairEnd& source, const PairEnd& destination) const {
    if (destination_) return source_.matches(source) && destination_->matches(destination);
    return source_.matches(source) || source_.matches(destination);
}

} // namespace meshprobe
