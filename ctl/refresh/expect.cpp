#include "ctl/refresh/expect.hpp"

#include "lib/file.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <system_error>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::size_t largest_file = 256U << 20;

const json& member(const json& object, const char* name) {
    static const json null;
    if (!object.is_object()) return null;
    const auto found = object.find(name);
    return found == object.end() ? null : *found;
}

std::int64_t whole_seconds(double seconds) {
    constexpr double most = 366.0 * 86400;
    return static_cast<std::int64_t>(std::clamp(std::ceil(seconds), 1.0, most));
}

std::int64_t slip_of(const MeshTask& task) {
    if (task.schedule == nullptr) return 0;
    const std::string& slip = string_member(*task.schedule, "slip");
    const auto duration = slip.starts_with('P') ? parse_duration(slip) : fail(ErrorKind::protocol, "");
    return duration && duration->count() > 0 ? whole_seconds(std::chrono::duration<double>(*duration).count())
                                             : 0;
}

/// "{% address[N] %}", with any blanks; nullopt for everything else.
std::optional<std::size_t> address_index(std::string_view text) {
    if (!text.starts_with("{%") || !text.ends_with("%}")) return std::nullopt;
    std::string name(text.substr(2, text.size() - 4));
    std::erase(name, ' ');
    if (name == "address[0]") return 0;
    if (name == "address[1]") return 1;
    return std::nullopt;
}

} // namespace

std::optional<ExpectedTest> expected_test(const MeshTask& task) {
    if (task.test == nullptr) return std::nullopt;
    const json& spec = member(*task.test, "spec");
    ExpectedTest test;
    test.task = task.name;
    test.type = task.test_type;
    test.slack = slip_of(task);
    test.ip_version = static_cast<int>(number_member(spec, "ip-version").value_or(0));
    if (test.ip_version != 4 && test.ip_version != 6) test.ip_version = 0;
    // Its schedule, if any, says when it is started anew; its results come all the while.
    if (test.type == "latencybg") {
        test.every = whole_seconds(number_member(spec, "packet-count").value_or(600) *
                                   number_member(spec, "packet-interval").value_or(0.1));
        return test;
    }
    if (!task.interval || (task.schedule != nullptr && !member(*task.schedule, "max-runs").is_null()))
        return std::nullopt;
    test.every = whole_seconds(*task.interval);
    return test;
}

bool ExpectationReader::begin(const MeshTask& task) {
    const auto test = expected_test(task);
    if (!test) return false;
    writer_.begin(*test);
    const json& spec = member(*task.test, "spec");
    reversed_ = task.dimension == 2 && address_index(string_member(spec, "source")) == 1;
    const std::string_view fixed = string_member(spec, "dest");
    const bool has_fixed =
        task.dimension == 1 && !fixed.empty() && fixed.find("{%") == std::string_view::npos;
    aim_ = has_fixed ? writer_.address({std::string(fixed), std::string(fixed)}) : std::nullopt;
    return true;
}

void ExpectationReader::note(const MeshTuple& tuple, Archives archives) {
    if (!tuple.certain()) return; // nobody knows whether it is measured
    const auto held_by = index_of(archives);
    if (!held_by) return;
    const bool is_pair = tuple.members.size() > 1;
    const auto first = index_of(tuple.members.front());
    const auto last = is_pair ? index_of(tuple.members[1]) : aim_;
    if (!first || (is_pair && !last)) return;
    if (reversed_) {
        writer_.add(*held_by, *last, first);
    } else {
        writer_.add(*held_by, *first, last);
    }
}

std::optional<ExpectationReader::Index> ExpectationReader::index_of(const Participant& participant) {
    const auto [entry, is_new] = indexes_.try_emplace(participant.properties);
    if (is_new) {
        const auto host = string_member(*participant.top, "host");
        entry->second = writer_.address(
            {std::string(participant.address), std::string(host.empty() ? participant.name : host)});
    }
    return entry->second;
}

std::optional<ExpectationReader::Index> ExpectationReader::index_of(Archives archives) {
    if (last_set_ != nullptr && std::ranges::equal(last_set_->first, archives)) return last_set_->second;
    const auto [entry, is_new] =
        archive_sets_.try_emplace(std::vector<const MeshArchive*>(archives.begin(), archives.end()));
    last_set_ = &*entry;
    if (is_new) {
        std::vector<std::string> hosts;
        for (const MeshArchive* archive : archives) {
            if (!archive->read_urls.empty()) hosts.push_back(archive->read_urls.front().host);
        }
        std::ranges::sort(hosts);
        hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
        if (!hosts.empty()) entry->second = writer_.archives(hosts);
    }
    return entry->second;
}

Status write_expected(const Paths& paths, const std::string& mesh, const std::string& text) {
    const auto file = expected_file(paths, mesh);
    if (auto made = make_directories(file.parent_path()); !made) return made;
    const auto existing = read_file_if_exists(file, largest_file, Links::refuse);
    if (existing && *existing && **existing == text) return {};
    return write_file_durably(file, text);
}

Status tidy_expected(const Paths& paths, const std::set<std::string>& meshes) {
    const auto directory = expected_file(paths, "x").parent_path();
    std::vector<std::filesystem::path> vanished;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        if (!meshes.contains(entry->path().filename().string())) vanished.push_back(entry->path());
    }
    for (const auto& path : vanished) {
        if (::unlink(path.c_str()) < 0 && errno != ENOENT) return fail_errno("remove " + path.string());
    }
    return {};
}

} // namespace meshprobe
