#include "ctl/survey/configuration.hpp"

#include "ctl/output.hpp"
#include "ctl/survey/report.hpp"
#include "lib/config/checks.hpp"
#include "lib/instance.hpp"
#include "lib/json.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace meshprobe::survey {

namespace {

/// JSON strings are YAML's, too.
std::string yaml_text(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

/// What most meshes are called says nothing.
bool is_telling(std::string_view word) {
    constexpr std::array<std::string_view, 9> common{"config", "index", "pub",    "mesh",    "meshes",
                                                     "json",   "auto",  "public", "psconfig"};
    return !word.empty() && std::ranges::find(common, word) == common.end();
}

std::string as_name(std::string_view text) {
    std::string name;
    for (const char c : text) {
        const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        const bool is_plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
        if (is_plain) {
            name += lower;
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    constexpr std::size_t longest = 40;
    name.resize(std::min(name.size(), longest));
    while (name.ends_with('-'))
        name.pop_back();
    return name;
}

/// The settings of a host that a probe needs to be told.
std::string host_settings(const HostReport& host) {
    if (!host.answers() || !host.alias_of.empty()) return {};
    std::string text;
    if (host.url.starts_with("http:")) text += "    http-fallback: true\n";
    if (host.kind == Flavour::opensearch || host.kind == Flavour::pscheduler)
        text += fmt::format("    collect: [{}]\n", to_string(host.kind));
    return text;
}

std::string note_on(const HostReport& host) {
    const Condition condition = condition_of(host);
    if (condition == Condition::fine && remark_of(host).empty()) return {};
    std::string note(name_of(condition));
    if (condition == Condition::fine || condition == Condition::alias) note.clear(); // the remark says it
    if (condition == Condition::clock) {
        note = fmt::format("its clock is {} {}",
                           format_duration(std::chrono::seconds(std::abs(host.skew.value_or(0)))),
                           host.skew.value_or(0) < 0 ? "behind" : "ahead");
    }
    if (condition == Condition::stale)
        note = host.newest == 0 ? "stale" : "nothing new since " + format_utc(host.newest);
    const std::string remark = one_line(remark_of(host));
    return fmt::format("  # {}: {}{}{}\n", host.place.host, note, note.empty() || remark.empty() ? "" : ": ",
                       remark);
}

bool has_address_alias(const Survey& survey) {
    return std::ranges::any_of(survey.hosts, [](const HostReport& host) {
        return !host.alias_of.empty() && host.kinship.find("addresses") != std::string::npos;
    });
}

std::string volume_note(const Survey& survey) {
    std::string note =
        fmt::format("# About {} points a day are to be expected", short_number(survey.points_per_day()));
    if (const auto bytes = survey.bytes_per_day(); bytes > 0) {
        const auto days = (4ULL << 30) / bytes;
        note +=
            fmt::format(" ({}): the local archive, which keeps\n# 4G unless archives.local.retention says "
                        "otherwise, holds {} of them",
                        format_size(bytes), days == 0 ? "less than a day" : "about " + counted(days, "day"));
    }
    return note + ".\n";
}

} // namespace

std::string mesh_name_for(std::string_view source) {
    const auto scheme = source.find("://");
    if (scheme != std::string_view::npos) source.remove_prefix(scheme + 3);
    source = source.substr(0, source.find_first_of("?#"));
    if (const auto at = source.find('@'); at < source.find('/')) source.remove_prefix(at + 1);
    std::string host;
    std::string name;
    for (bool is_first = true; !source.empty(); is_first = false) {
        const auto slash = std::min(source.find('/'), source.size());
        std::string_view word = source.substr(0, slash);
        source.remove_prefix(std::min(slash + 1, source.size()));
        if (is_first && scheme != std::string_view::npos) {
            host = as_name(word);
            continue;
        }
        if (word.ends_with(".json")) word.remove_suffix(5);
        if (const auto candidate = as_name(word); is_telling(candidate)) name = candidate;
    }
    if (name.empty()) name = host;
    return is_valid_name(name) ? name : "mesh";
}

std::string starting_configuration(const Survey& survey) {
    const bool is_url = survey.source.find("://") != std::string::npos;
    std::string text =
        fmt::format("# A configuration to begin with, written by \"meshprobectl survey\" of {}\n"
                    "# at {}. Look it over, put it into /etc/meshprobe/meshprobe.yaml, then:\n"
                    "# meshprobectl check && meshprobectl apply. All keys are in meshprobe.yaml(5).\n\n",
                    one_line(check::without_password(survey.source)), format_utc(survey.began));
    text += fmt::format("meshes:\n  {}:\n    {}: {}\n", mesh_name_for(survey.source), is_url ? "url" : "file",
                        yaml_text(survey.source));
    if (survey.has_password && !check::has_password(survey.source)) {
        text += "    # It was fetched with a user and a password, which are not written here: a client "
                "certificate "
                "(tls.certificate)\n    # keeps them out of this file, or write them into the url and let "
                "only root "
                "read it.\n";
    }
    if (survey.allow_private) text += "    allow-private: true\n";
    const auto proxy =
        survey.proxy.empty() ? std::string() : fmt::format("    proxy: {}\n", yaml_text(survey.proxy));
    if (is_url) text += proxy;
    text += "\n" + volume_note(survey);
    text += "tasks:\n  default:\n    interval: 5min\n    archives: {local: true}\n" + proxy;
    if (has_address_alias(survey)) {
        text +=
            "\n# Some names have the same addresses; they are collected once.\nmerge-same-address: true\n";
    }
    std::string settings;
    std::string notes;
    for (const HostReport& host : survey.hosts) {
        if (const auto own = host_settings(host); !own.empty())
            settings += fmt::format("  {}:\n{}", yaml_text(host.place.host), own);
        notes += note_on(host);
    }
    if (!settings.empty()) text += "\nhosts:\n" + settings;
    if (!notes.empty()) {
        text += "\n# What was not as it should be; it is collected all the same, as soon as it answers:\n";
        text += notes;
    }
    return text;
}

} // namespace meshprobe::survey
