#include "ctl/refresh/alias.hpp"

#include "lib/host_name.hpp"
#include "lib/json.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::int64_t separation_usec = 24LL * 3600 * 1'000'000;

bool intersect(const std::set<std::string>& left, const std::set<std::string>& right) {
    return std::ranges::any_of(left, [&](const std::string& address) { return right.contains(address); });
}

std::optional<std::uint16_t> port_of(const std::string& host) {
    const auto name = parse_host_name(host);
    return name ? name->port : std::nullopt;
}

/// A decision of before, if it still holds.
void keep_decision(const std::string& host, const Address& last, AddressBook& book, std::int64_t now_usec) {
    const auto target = book.find(last.alias_of);
    if (last.alias_of.empty() || target == book.end() || target->first == host) return;
    Address& address = book.at(host);
    const bool apart = !address.addresses.empty() && !target->second.addresses.empty() &&
                       !intersect(address.addresses, target->second.addresses);
    const std::int64_t since = !apart ? 0 : last.apart_usec == 0 ? now_usec : last.apart_usec;
    if (apart && now_usec - since >= separation_usec) return;
    address.alias_of = last.alias_of;
    address.apart_usec = since;
}

std::set<std::string> resolve(const std::string& host) {
    std::set<std::string> addresses;
    const auto name = parse_host_name(host);
    if (!name) return addresses;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(name->host.c_str(), nullptr, &hints, &found) != 0) return addresses;
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0) {
            addresses.emplace(text.data());
        }
    }
    return addresses;
}

} // namespace

AddressBook merge_same_addresses(const std::set<std::string>& hosts, const AddressBook& last,
                                 const std::map<std::string, std::set<std::string>>& resolved,
                                 const std::set<std::string>& in_use, std::int64_t now_usec) {
    AddressBook book;
    for (const std::string& host : hosts) {
        const auto fresh = resolved.find(host);
        const auto known = last.find(host);
        if (fresh != resolved.end()) {
            book[host].addresses = fresh->second;
        } else if (known != last.end()) {
            book[host].addresses = known->second.addresses;
        } else {
            book[host] = {};
        }
    }
    for (const auto& [host, address] : last) {
        if (book.contains(host)) keep_decision(host, address, book, now_usec);
    }
    // New decisions: within a group the one that is collected already stays, else the first by name.
    std::map<std::pair<std::set<std::string>, std::optional<std::uint16_t>>, std::vector<std::string>> groups;
    for (const auto& [host, address] : book) {
        if (!address.addresses.empty() && address.alias_of.empty())
            groups[{address.addresses, port_of(host)}].push_back(host);
    }
    for (auto& [key, names] : groups) {
        const auto used =
            std::ranges::find_if(names, [&](const std::string& name) { return in_use.contains(name); });
        const std::string chosen = used == names.end() ? names.front() : *used;
        for (const std::string& name : names) {
            if (name != chosen) book[name].alias_of = chosen;
        }
    }
    // What became an alias just now may have had aliases itself: they follow it, so that nothing is an alias
    // of one.
    for (auto& [host, address] : book) {
        if (address.alias_of.empty()) continue;
        const std::string& onward = book.at(address.alias_of).alias_of;
        if (!onward.empty() && onward != host) address.alias_of = onward;
    }
    return book;
}

std::map<std::string, std::set<std::string>> resolve_hosts(const std::set<std::string>& hosts,
                                                           unsigned parallel, Microseconds time,
                                                           const std::function<bool()>& stop) {
    const std::vector<std::string> names(hosts.begin(), hosts.end());
    const auto deadline = std::chrono::steady_clock::now() + time;
    std::map<std::string, std::set<std::string>> resolved;
    std::mutex mutex;
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        // A lookup under way cannot be broken off; it ends by the resolver's own time-out.
        for (std::size_t index = next++; index < names.size(); index = next++) {
            if (std::chrono::steady_clock::now() >= deadline || (stop && stop())) return;
            auto addresses = resolve(names[index]);
            if (addresses.empty()) continue;
            const std::scoped_lock lock(mutex);
            resolved.emplace(names[index], std::move(addresses));
        }
    };
    std::vector<std::jthread> workers;
    for (std::size_t count = 0; count < std::min<std::size_t>(parallel, names.size()); ++count)
        workers.emplace_back(work);
    workers.clear(); // joins
    return resolved;
}

std::string format_address_book(const AddressBook& book) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const auto& [host, address] : book) {
        object[host] = {{"addresses", address.addresses},
                        {"alias-of", address.alias_of},
                        {"apart-usec", address.apart_usec}};
    }
    return object.dump(1) + "\n";
}

AddressBook parse_address_book(std::string_view text) {
    AddressBook book;
    try {
        const auto object = nlohmann::json::parse(text);
        for (const auto& [host, entry] : object.items()) {
            book[host] = {entry.at("addresses").get<std::set<std::string>>(),
                          entry.at("alias-of").get<std::string>(),
                          entry.at("apart-usec").get<std::int64_t>()};
        }
    } catch (const nlohmann::json::exception&) {
        return {};
    }
    return book;
}

} // namespace meshprobe
