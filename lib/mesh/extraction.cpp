#include "lib/mesh/extraction.hpp"

#include "lib/mesh/json_text.hpp"
#include "lib/mesh/read_url.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

namespace meshprobe {

namespace {

constexpr std::size_t most_archives = 100'000;
constexpr std::size_t most_refusals = 1000;

std::string_view without_scheme(std::string_view url) {
    return url.substr(url.find("://"));
}

} // namespace

void Extraction::add_url(std::string_view what, std::string_view url) {
    auto archive = normal_read_url(url, rules_);
    if (!archive) {
        // Some reasons quote the URL themselves.
        const std::string text = in_quotes(url);
        const bool is_quoted = archive.error().message.find(text) != std::string::npos;
        refuse(is_quoted ? std::string(what) : fmt::format("{} {}", what, text), archive.error().message);
    } else if (archives_.size() >= most_archives && !archives_.contains(*archive)) {
        refuse(what, fmt::format("the document names more than {} measurement archives", most_archives));
    } else {
        archives_.insert(std::move(*archive));
    }
}

void Extraction::add_search_url(std::string_view url) {
    if (auto search = normal_read_url(url, rules_); search && searches_.size() < most_archives)
        searches_.insert(std::move(*search));
}

void Extraction::refuse(std::string_view what, std::string_view reason) {
    if (refusals_.size() < most_refusals) refusals_.insert({std::string(what), std::string(reason)});
}

void Extraction::move_into(MeshDocument& document) {
    document.archives.assign(archives_.begin(), archives_.end());
    document.searches.assign(searches_.begin(), searches_.end());
    // Of http and https of one archive, https is the better; else the standard path before others.
    std::ranges::sort(document.archives, {}, [](const MeasurementArchive& archive) {
        return std::tuple(std::string_view(archive.host),
                          !archive.url.ends_with("/esmond/perfsonar/archive/"),
                          !archive.url.starts_with("https:"), std::string_view(archive.url));
    });
    std::set<std::string_view> seen;
    std::erase_if(document.archives, [&](const MeasurementArchive& archive) {
        return !seen.insert(without_scheme(archive.url)).second;
    });
    document.refusals.insert(document.refusals.end(), refusals_.begin(), refusals_.end());
    std::ranges::sort(document.refusals);
}

void append_include_strings(const nlohmann::json& include, std::vector<std::string>& includes) {
    if (include.is_string()) includes.push_back(include.get<std::string>());
    if (!include.is_array()) return;
    for (const auto& item : include) {
        if (item.is_string()) includes.push_back(item.get<std::string>());
    }
}

} // namespace meshprobe
