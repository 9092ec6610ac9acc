#include "ctl/survey/kin.hpp"

#include "ctl/refresh/alias.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <unordered_map>

namespace meshprobe::survey {

namespace {

/// Who was seen with a key first, as the probes keep it: so each key of a fleet is looked at once.
class KeyBook {
  public:
    struct Share {
        const HostReport* with = nullptr;
        std::size_t keys = 0;
    };

    /// The host that has most of the keys.
    [[nodiscard]] Share most(const HostReport& host) const {
        std::map<const HostReport*, std::size_t> counts;
        for (const std::uint64_t key : host.keys) {
            if (const auto owner = owners_.find(key); owner != owners_.end()) ++counts[owner->second];
        }
        Share share;
        for (const auto& [owner, keys] : counts) {
            const bool is_better =
                keys > share.keys || (keys == share.keys && owner->place.host < share.with->place.host);
            if (is_better) share = {owner, keys};
        }
        return share;
    }

    void claim(const HostReport& host) {
        for (const std::uint64_t key : host.keys)
            owners_.try_emplace(key, &host);
    }

  private:
    std::unordered_map<std::uint64_t, const HostReport*> owners_;
};

void compare_keys(std::vector<HostReport*>& hosts) {
    KeyBook book;
    for (HostReport* host : hosts) {
        const auto share = book.most(*host);
        const std::size_t most =
            share.with == nullptr ? 0 : std::max(host->keys.size(), share.with->keys.size());
        if (share.keys > 0 && share.keys * 10 >= most * 9) {
            host->alias_of = share.with->place.host;
            host->kinship = "it lists the same metadata keys";
            continue;
        }
        if (share.keys > 0) {
            host->kinship =
                fmt::format("{} of its {} are also listed by {}; they are delivered once", share.keys,
                            counted(host->keys.size(), "metadata key"), share.with->place.host);
        }
        book.claim(*host);
    }
}

void compare_addresses(const std::vector<HostReport*>& hosts) {
    std::set<std::string> names;
    std::map<std::string, std::set<std::string>> resolved;
    std::map<std::string, HostReport*> by_name;
    for (HostReport* host : hosts) {
        if (!host->alias_of.empty()) continue;
        names.insert(host->place.host);
        by_name[host->place.host] = host;
        if (!host->addresses.empty()) resolved[host->place.host] = host->addresses;
    }
    for (const auto& [name, address] : merge_same_addresses(names, {}, resolved, {}, 0)) {
        if (address.alias_of.empty()) continue;
        HostReport& host = *by_name.at(name);
        const HostReport& other = *by_name.at(address.alias_of);
        const bool are_different = !host.keys.empty() && !other.keys.empty();
        if (are_different) {
            if (host.kinship.empty()) {
                host.kinship =
                    fmt::format("it has the addresses of {}, but lists other metadata", address.alias_of);
            }
        } else {
            host.alias_of = address.alias_of;
            host.kinship = "it has the same addresses";
        }
    }
}

} // namespace

void find_aliases(std::vector<HostReport>& hosts) {
    std::vector<HostReport*> sorted;
    for (HostReport& host : hosts)
        sorted.push_back(&host);
    std::ranges::sort(sorted, {}, [](const HostReport* host) { return std::string_view(host->place.host); });
    compare_keys(sorted);
    compare_addresses(sorted);
}

} // namespace meshprobe::survey
