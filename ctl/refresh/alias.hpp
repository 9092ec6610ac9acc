// `merge-same-address: true`: two names with the same set of addresses (and the same port) are one host. DNS
// flaps; decisions do not: who is an alias stays one until its addresses have had nothing in common with the
// other's for a day, and the name that is collected already keeps being collected.
#pragma once

#include "lib/error.hpp"
#include "lib/units_of_measure.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace meshprobe {

struct Address {
    std::set<std::string> addresses; ///< as last resolved; empty: never
    std::string alias_of;            ///< empty: collected itself
    std::int64_t apart_usec = 0; ///< alias: since when it has no address in common with the other; 0: it has

    bool operator==(const Address&) const = default;
};

/// By HostName::text().
using AddressBook = std::map<std::string, Address, std::less<>>;

/// `hosts` is the whole fleet, `resolved` what DNS says now (hosts that did not resolve are missing),
/// `in_use` what is collected so far. Pure; the result has exactly `hosts`.
[[nodiscard]] AddressBook merge_same_addresses(const std::set<std::string>& hosts, const AddressBook& last,
                                               const std::map<std::string, std::set<std::string>>& resolved,
                                               const std::set<std::string>& in_use, std::int64_t now_usec);

/// Bounded parallel getaddrinfo(); what is not resolved within `time` is left out, as is what does not
/// resolve.
[[nodiscard]] std::map<std::string, std::set<std::string>> resolve_hosts(const std::set<std::string>& hosts,
                                                                         unsigned parallel, Microseconds time,
                                                                         const std::function<bool()>& stop);

[[nodiscard]] std::string format_address_book(const AddressBook& book);
/// What is damaged is as good as none: decisions are made anew.
[[nodiscard]] AddressBook parse_address_book(std::string_view text);

} // namespace meshprobe
