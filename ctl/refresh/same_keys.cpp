#include "ctl/refresh/same_keys.hpp"

#include "lib/alias.hpp"
#include "lib/config/selection.hpp"
#include "lib/enabled_by_hand.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace meshprobe {

namespace {

struct Relation {
    std::string of;
    bool rests = true; ///< the other one is collected, under all tasks of this host
};

class Relations {
  public:
    Relations(const Paths& paths, const Config& config, const HostRecords& records, std::int64_t now_usec)
        : paths_(paths), config_(config), records_(records), now_usec_(now_usec), selection_(paths),
          by_hand_(instances_enabled_by_hand(paths)) {}

    /// nullopt: the host has a task for which it is no alias, or not of the same host.
    [[nodiscard]] Result<std::optional<Relation>> of(const std::string& host) const {
        Relation relation;
        for (const auto& [task, settings] : config_.tasks) {
            if (!has_task(task, host)) continue;
            const auto mark = read_alias_mark(paths_, {task, host});
            if (!mark) return fail(mark.error());
            if (!*mark || !(*mark)->decided) return std::optional<Relation>{};
            const Instance& other = (*mark)->of;
            if (!relation.of.empty() && relation.of != other.host) return std::optional<Relation>{};
            relation.of = other.host;
            const auto collected = is_collected(other);
            if (!collected) return fail(collected.error());
            if (*collected && !(*mark)->is_fresh(now_usec_)) return std::optional<Relation>{};
            relation.rests = relation.rests && *collected;
        }
        if (relation.of.empty()) return std::optional<Relation>{};
        return std::optional(std::move(relation));
    }

  private:
    [[nodiscard]] bool has_task(const std::string& task, const std::string& host) const {
        const auto settings = config_.task(task, host);
        return settings.enabled && selection_.is_for(settings, host);
    }

    /// By the records that are about to be written, not by those of the last refresh.
    [[nodiscard]] Result<bool> is_collected(const Instance& instance) const {
        const auto record = records_.find(instance.host);
        const bool in_fleet = record != records_.end() ? record->second.alias_of.empty()
                                                       : std::ranges::count(by_hand_, instance) > 0;
        if (!in_fleet || !has_task(instance.task, instance.host)) return false;
        const auto silence = silence_of(paths_, instance, now_usec_);
        if (!silence) return fail(silence.error());
        return is_stood_in_for(*silence);
    }

    const Paths& paths_;
    const Config& config_;
    const HostRecords& records_;
    std::int64_t now_usec_;
    Selection selection_;
    std::vector<Instance> by_hand_;
};

} // namespace

Status set_key_aliases(const Paths& paths, const Config& config, const std::set<std::string>& in_use,
                       std::int64_t now_usec, HostRecords& records) {
    std::map<std::string, std::string> alias_of;
    std::map<std::string, std::vector<std::string>> successors;
    const Relations relations(paths, config, records, now_usec);
    for (const auto& [host, record] : records) {
        if (!record.alias_of.empty()) continue;
        const auto relation = relations.of(host);
        if (!relation) return fail(relation.error());
        if (!*relation) continue;
        if ((*relation)->rests) {
            alias_of[host] = (*relation)->of;
        } else {
            successors[(*relation)->of].push_back(host);
        }
    }
    for (const auto& [gone, hosts] : successors) {
        const auto used =
            std::ranges::find_if(hosts, [&](const std::string& host) { return in_use.contains(host); });
        const std::string& chosen = used == hosts.end() ? hosts.front() : *used;
        for (const std::string& host : hosts) {
            if (host != chosen) alias_of[host] = chosen;
        }
    }
    for (auto& [host, of] : alias_of)
        records.at(host).alias_of = of;
    return {};
}

} // namespace meshprobe
