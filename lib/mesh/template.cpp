// The measurement archives of a template.
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/extraction.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/task_archives.hpp"
#include "lib/mesh/variables.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

namespace meshprobe {

namespace {

using nlohmann::json;

/// Archives that only disabled tasks and hosts name; one that nobody names is in use as far as we know.
std::set<std::string_view> switched_off_archives(const json& document) {
    std::set<std::string_view> off;
    std::set<std::string_view> on;
    for (const std::string_view section : {"tasks", "hosts"}) {
        for (const json& entry : object_member(document, section)) {
            auto& named = bool_member(entry, "disabled") ? off : on;
            for (const json& name : array_member(entry, "archives")) {
                if (name.is_string()) named.insert(name.get_ref<const std::string&>());
            }
        }
    }
    std::erase_if(off, [&](std::string_view name) { return on.contains(name); });
    return off;
}

class ArchiveReader {
  public:
    ArchiveReader(const json& document, MeshOracle oracle, Extraction& extraction)
        : document_(document), extraction_(extraction), expansion_(document, std::move(oracle)) {}

    void read() {
        const json& archives = object_member(document_, "archives");
        const auto switched_off = switched_off_archives(document_);
        for (auto entry = archives.begin(); entry != archives.end(); ++entry) {
            if (switched_off.contains(entry.key())) continue;
            const std::string what = "archive " + in_quotes(entry.key());
            const auto urls = written_read_urls(*entry);
            if (!urls) {
                extraction_.refuse(what, urls.error().message);
                continue;
            }
            const auto search = written_search_url(*entry);
            if (search && variables_in(*search).empty()) extraction_.add_search_url(*search);
            for (const std::string& url : *urls) {
                if (variables_in(url).empty()) {
                    extraction_.add_url(what, url);
                } else {
                    varying_.emplace(entry.key(), false);
                }
            }
        }
        if (varying_.empty()) return;
        hosts_vary_ = std::ranges::any_of(object_member(document_, "hosts"),
                                          [&](const json& host) { return has_varying(host); });
        for (const MeshTask& task : expansion_.tasks()) {
            if (!task.disabled && is_of_interest(task)) expand(task);
        }
        for (const auto& [name, had_value] : varying_) {
            if (!had_value) {
                extraction_.refuse("archive " + in_quotes(name),
                                   "its URL holds variables, and no tuple of a task gives them a value");
            }
        }
        for (const Refusal& refusal : expansion_.refusals())
            extraction_.refuse(refusal.what, refusal.reason);
    }

  private:
    bool has_varying(const json& holder) {
        return std::ranges::any_of(array_member(holder, "archives"), [&](const json& name) {
            return name.is_string() && varying_.contains(name.get_ref<const std::string&>());
        });
    }

    bool is_of_interest(const MeshTask& task) { return hosts_vary_ || has_varying(*task.task); }

    /// A task's own archives get the results of all its tuples, those of a host what its addresses schedule.
    void expand(const MeshTask& task) {
        const std::string what = "task " + in_quotes(task.name);
        const auto done = expansion_.each(task, [&](const MeshTuple& tuple) {
            const auto archives = expansion_.archives(task, tuple);
            if (!archives) return extraction_.refuse(what, archives.error().message);
            for (const MeshArchive* archive : *archives) {
                if (seen_.insert(archive).second) add(*archive);
            }
        });
        if (!done) extraction_.refuse(what, done.error().message);
    }

    void add(const MeshArchive& archive) {
        const auto varying = varying_.find(archive.name);
        if (varying == varying_.end()) return;
        varying->second = true;
        if (archive.search_url) extraction_.add_search_url(*archive.search_url);
        for (const MeasurementArchive& url : archive.read_urls)
            extraction_.add_url("archive " + in_quotes(archive.name), url.url);
        if (!archive.reason.empty()) extraction_.refuse("archive " + in_quotes(archive.name), archive.reason);
    }

    const json& document_;
    Extraction& extraction_;
    MeshExpansion expansion_;
    std::map<std::string, bool, std::less<>> varying_; ///< archives with variables; whether they got a value
    bool hosts_vary_ = false;                          ///< some host names one of them
    std::unordered_set<const MeshArchive*> seen_;      ///< a few archives, in very many tuples
};

} // namespace

void extract_template(const json& document, MeshOracle oracle, Extraction& extraction) {
    ArchiveReader(document, std::move(oracle), extraction).read();
}

} // namespace meshprobe
