// meshprobectl survey: what the hosts of a mesh are like, before anything is configured or installed.
#include "ctl/commands.hpp"
#include "ctl/mesh/source.hpp"
#include "ctl/output.hpp"
#include "ctl/refresh/alias.hpp"
#include "ctl/survey/ask.hpp"
#include "ctl/survey/configuration.hpp"
#include "ctl/survey/kin.hpp"
#include "ctl/survey/report.hpp"
#include "lib/config/checks.hpp"
#include "lib/file.hpp"

#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace meshprobe::command {

namespace {

using survey::Condition;
using survey::HostReport;
using survey::Place;
using survey::Survey;

std::vector<Place> find_places(const MeshSource& source, const nlohmann::json& agent, Survey& survey) {
    std::map<std::string, Place> places;
    for (const SourcePart& part : source.parts) {
        const DocumentRules rules{.allow_private = survey.allow_private};
        const auto extracted = extract_measurement_archives(part.read, make_mesh_oracle(agent, rules));
        for (const MeasurementArchive& archive : extracted.archives) {
            Place& place = places[archive.host];
            place.host = archive.host;
            if (std::ranges::find(place.urls, archive.url) == place.urls.end())
                place.urls.push_back(archive.url);
        }
        survey.refusals.insert(extracted.refusals.begin(), extracted.refusals.end());
    }
    survey.refusals.insert(source.refusals.begin(), source.refusals.end());
    survey.failures = source.failures;
    std::vector<Place> list;
    for (auto& [host, place] : places)
        list.push_back(std::move(place));
    return list;
}

void look_up_addresses(std::vector<HostReport>& hosts, unsigned at_once) {
    std::set<std::string> names;
    for (const HostReport& host : hosts)
        names.insert(host.place.host);
    const auto resolved = resolve_hosts(names, at_once, std::chrono::minutes(1), {});
    for (HostReport& host : hosts) {
        if (const auto found = resolved.find(host.place.host); found != resolved.end())
            host.addresses = found->second;
    }
}

ExitCode exit_code_of(const Survey& survey) {
    const auto bad = survey.count(Condition::down) + survey.count(Condition::no_archive);
    if (!survey.hosts.empty() && bad == survey.hosts.size()) return ExitCode::unreachable;
    const auto good = survey.count(Condition::fine) + survey.count(Condition::alias);
    return good == survey.hosts.size() && survey.failures.empty() ? ExitCode::success : ExitCode::partial;
}

/// A file that is there already is somebody's work.
Status write_new_file(const std::string& name, std::string_view text, mode_t mode) {
    const FileDescriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file.is_open() && errno == EEXIST)
        return fail(ErrorKind::usage, fmt::format("--write: {} is there already; name another file, or - to "
                                                  "see the configuration",
                                                  name));
    if (!file.is_open()) return fail_errno("write " + name);
    return write_all(file.get(), text);
}

/// At most that many at a time; 0: not a number from 1 to 256.
unsigned jobs_of(const CommandLine& line) {
    constexpr unsigned usual = 16;
    constexpr unsigned most = 256;
    const auto text = line.value("jobs");
    if (!text) return usual;
    unsigned jobs = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), jobs);
    const bool is_number = read.ec == std::errc{} && read.ptr == text->data() + text->size();
    return is_number && jobs <= most ? jobs : 0;
}

Status write_configuration(const Survey& survey, const std::string& file) {
    const auto text = starting_configuration(survey);
    if (file == "-") {
        fmt::print("{}", text);
        return {};
    }
    const mode_t mode = check::has_password(survey.source) || check::has_password(survey.proxy) ? 0600 : 0644;
    return write_new_file(file, text, mode);
}

} // namespace

ExitCode survey(const CommandLine& line) {
    if (line.arguments.size() != 1) return complain_about_usage("survey", "say which mesh: a FILE or URL");
    survey::Bounds bounds;
    bounds.at_once = jobs_of(line);
    if (bounds.at_once == 0) return complain_about_usage("survey", "--jobs: expected a number from 1 to 256");
    const auto agent = read_requesting_agent(line);
    if (!agent) return complain_about_mesh(agent.error());
    bounds.proxy = line.value("proxy").value_or("");
    if (const auto wrong = bounds.proxy.empty() ? std::string() : check::proxy(bounds.proxy); !wrong.empty())
        return complain_about_usage("survey", "--proxy: " + wrong);
    const auto source = load_mesh_source(line.paths, line.arguments.front(), bounds.proxy);
    if (!source) return complain(source.error());

    Survey survey;
    survey.source = source->location;
    survey.has_password = check::has_password(line.arguments.front());
    survey.began = now_usec() / 1'000'000;
    survey.proxy = bounds.proxy;
    survey.allow_private = line.has("allow-private");
    const auto places = find_places(*source, *agent, survey);
    survey.hosts = ask_all(line.paths, places, bounds, {});
    look_up_addresses(survey.hosts, bounds.at_once);
    find_aliases(survey.hosts);

    const auto file = line.value("write");
    if (!file || *file != "-") {
        if (line.json) {
            print_json(survey_json(survey));
        } else {
            print_survey(survey, !line.has("no-legend"));
        }
    }
    if (file) {
        if (const auto written = write_configuration(survey, *file); !written)
            return complain(written.error());
    }
    return exit_code_of(survey);
}

} // namespace meshprobe::command
