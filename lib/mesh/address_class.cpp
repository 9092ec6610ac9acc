#include "lib/mesh/address_class.hpp"

#include "lib/mesh/json_text.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace meshprobe {

namespace {

using nlohmann::json;
using Bytes = std::vector<std::uint8_t>;

std::optional<Bytes> literal(const std::string& text) {
    Bytes bytes(16);
    if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
    bytes.resize(4);
    if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return bytes;
    return std::nullopt;
}

bool has_tag(const json& object, std::string_view wanted) {
    return std::ranges::any_of(array_member(object, "tags"), [&](const json& tag) {
        return tag.is_string() && tag.get_ref<const std::string&>().size() == wanted.size() &&
               ::strncasecmp(tag.get_ref<const std::string&>().data(), wanted.data(), wanted.size()) == 0;
    });
}

bool inside(const Bytes& bytes, const std::string& netmask) {
    const auto slash = netmask.find('/');
    const auto network = literal(netmask.substr(0, slash));
    if (!network || network->size() != bytes.size()) return false;
    std::size_t bits = network->size() * 8;
    if (slash != std::string::npos) {
        const char* end = netmask.data() + netmask.size();
        const auto [stop, error] = std::from_chars(netmask.data() + slash + 1, end, bits);
        if (error != std::errc{} || stop != end || bits > network->size() * 8) return false;
    }
    for (std::size_t bit = 0; bit < bits; ++bit) {
        const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
        if ((bytes[bit / 8] & mask) != ((*network)[bit / 8] & mask)) return false;
    }
    return true;
}

/// 4 or 6, as a number or in a string; 0: neither.
std::size_t ip_version(const json& filter) {
    const json* version = find_member(filter, "ip-version");
    if (version == nullptr) return 0;
    if (*version == 4 || *version == "4") return 4;
    return *version == 6 || *version == "6" ? 6 : 0;
}

constexpr std::size_t steps_of_a_class = 10; ///< to look one up costs as much as that many filters

void collect_classes(const json& filter, std::vector<std::string_view>& names) {
    if (filter.empty()) return;
    if (string_member(filter, "type") == "address-class") names.push_back(string_member(filter, "class"));
    collect_classes(object_member(filter, "filter"), names);
    for (const json& part : array_member(filter, "filters"))
        collect_classes(part, names);
}

std::vector<std::string_view> classes_named_by(const json& address_class) {
    std::vector<std::string_view> names;
    for (const char* filter : {"match-filter", "exclude-filter"})
        collect_classes(object_member(address_class, filter), names);
    return names;
}

/// As upstream judges what a jq filter says.
bool is_true(const std::optional<json>& result) {
    return result && !result->is_null() && *result != false && *result != json("");
}

} // namespace

struct AddressClasses::Subject {
    const json& address;
    const json* host; ///< nullptr: it has none
};

AddressClasses::Answer AddressClasses::negation(Answer value) {
    if (value == Answer::unknown) return value;
    return answer(value == Answer::no);
}

const std::vector<ClassMember>& AddressClasses::members(const std::string& name) {
    constexpr std::size_t deepest_recursion = 16;
    const auto [entry, is_new] = members_.try_emplace(name);
    if (!is_new) return entry->second;
    const json& address_class = object_member(object_member(document_, "address-classes"), name);
    if (address_class.empty()) return entry->second;
    const Pointer path = Pointer().at("address-classes").at(name);
    const std::string& source = string_member(object_member(address_class, "data-source"), "type");
    const json* addresses = &object_member(document_, "addresses");
    if (source == "requesting-agent") addresses = oracle_.answers().requesting_agent;
    if (addresses == nullptr) {
        refusals_.remark("address-class " + in_quotes(name),
                         "it selects among the addresses of the requesting agent, which are not known here",
                         path);
        return entry->second;
    }
    if (!addresses->is_object()) return entry->second;
    auto order = order_of(entry->first);
    if (!order) {
        refusals_.add("address-class " + in_quotes(name), order.error().message, path);
        return entry->second;
    }
    // A long chain is decided from its end, so that none is looked at from within many others.
    if (order->size() <= deepest_recursion) order->assign(1, entry->first);
    const json& hosts = object_member(document_, "hosts");
    for (auto address = addresses->begin(); address != addresses->end(); ++address) {
        const Subject subject{*address, find_member(hosts, string_member(*address, "host"))};
        Answer passed = Answer::no;
        for (const std::string_view each : *order)
            passed = passes_class(subject, each);
        if (passed == Answer::no) continue;
        entry->second.push_back({address.key(), &*address, passed == Answer::yes});
    }
    return entry->second;
}

Result<std::vector<std::string_view>> AddressClasses::order_of(std::string_view name) {
    struct Open {
        std::string_view name;
        std::vector<std::string_view> named;
        std::size_t next = 0;
    };
    const json& classes = object_member(document_, "address-classes");
    std::vector<std::string_view> order;
    std::vector<Open> open; // no recursion: there may be very many
    std::map<std::string_view, bool> is_open;
    const auto visit = [&](std::string_view next) {
        open.push_back({next, classes_named_by(object_member(classes, next)), 0});
        is_open.emplace(next, true);
    };
    visit(name);
    while (!open.empty() && spend(steps_of_a_class)) {
        Open& last = open.back();
        if (last.next == last.named.size()) {
            order.push_back(last.name);
            is_open[last.name] = false;
            open.pop_back();
            continue;
        }
        const std::string_view next = last.named[last.next++];
        const auto known = is_open.find(next);
        if (known == is_open.end()) {
            visit(next);
        } else if (known->second) {
            const auto first = std::ranges::find(open, next, &Open::name);
            return fail(ErrorKind::protocol,
                        fmt::format("its filters lead in a circle: class {} names itself{}", in_quotes(next),
                                    open.end() - first == 1
                                        ? ""
                                        : fmt::format(" by way of {}", in_quotes(std::next(first)->name))));
        }
    }
    if (!open.empty()) order.push_back(name); // given up, which it will be told
    return order;
}

AddressClasses::Answer AddressClasses::passes_class(const Subject& subject, std::string_view name) {
    const json& address_class = object_member(object_member(document_, "address-classes"), name);
    if (address_class.empty()) return Answer::no;
    const std::pair key(name, &subject.address);
    if (const auto known = classes_.find(key); known != classes_.end()) return known->second;
    if (!spend(steps_of_a_class)) return Answer::no;
    const std::string_view outer = std::exchange(evaluated_, name);
    Answer result = Answer::yes;
    if (const json* match = find_member(address_class, "match-filter"))
        result = std::min(result, passes(subject, *match));
    if (const json* exclude = find_member(address_class, "exclude-filter")) {
        result = std::min(result, negation(passes(subject, *exclude)));
    }
    evaluated_ = outer;
    classes_.emplace(key, result);
    return result;
}

bool AddressClasses::spend(std::size_t steps) {
    if (steps_left_ < steps) {
        steps_left_ = 0;
        refusals_.add("address-classes", "their filters take too long to evaluate", path_of_class());
        return false;
    }
    steps_left_ -= steps;
    return true;
}

Pointer AddressClasses::path_of_class() const {
    return Pointer().at("address-classes").at(evaluated_);
}

AddressClasses::Answer AddressClasses::passes(const Subject& subject, const json& filter) {
    if (!spend(1)) return Answer::no;
    const std::string& type = string_member(filter, "type");
    if (type == "tag") {
        const std::string& tag = string_member(filter, "tag");
        return answer(has_tag(subject.address, tag) ||
                      (subject.host != nullptr && has_tag(*subject.host, tag)));
    }
    if (type == "host") return passes_host(subject, filter);
    if (type == "jq") {
        const json* jq = find_member(filter, "jq");
        return jq == nullptr ? Answer::no : passes_jq(*jq, subject.address);
    }
    if (type == "ip-version") {
        const std::size_t bytes = ip_version(filter) == 4 ? 4 : 16;
        if (ip_version(filter) == 0) return Answer::no;
        return some_literal(subject, [&](const Bytes& address) { return address.size() == bytes; });
    }
    if (type == "netmask") {
        const std::string& netmask = string_member(filter, "netmask");
        return some_literal(subject, [&](const Bytes& address) { return inside(address, netmask); });
    }
    if (type == "address-class") return passes_class(subject, string_member(filter, "class"));
    if (type == "not") return negation(passes(subject, object_member(filter, "filter")));
    if (type == "and" || type == "or") {
        const bool all = type == "and";
        Answer result = answer(all);
        for (const json& part : array_member(filter, "filters")) {
            const Answer passed = passes(subject, part);
            result = all ? std::min(result, passed) : std::max(result, passed);
            if (result == answer(!all)) break;
        }
        return result;
    }
    refusals_.add("address-classes", fmt::format("a filter of unknown type {}", in_quotes(type)),
                  path_of_class());
    return Answer::unknown; // of a later perfSONAR
}

/// A bare host filter rejects no-agent hosts: its own `no-agent` defaults to false.
AddressClasses::Answer AddressClasses::passes_host(const Subject& subject, const json& filter) {
    if (subject.host == nullptr) return Answer::no;
    const std::string& tag = string_member(filter, "tag");
    if (!tag.empty() && !has_tag(*subject.host, tag)) return Answer::no;
    if (bool_member(*subject.host, "no-agent") != bool_member(filter, "no-agent")) return Answer::no;
    const json* jq = find_member(filter, "jq");
    return jq == nullptr ? Answer::yes : passes_jq(*jq, *subject.host);
}

AddressClasses::Answer AddressClasses::passes_jq(const json& jq, const json& input) {
    if (!oracle_.has_jq()) return Answer::unknown;
    const std::string program = jq_program(jq);
    const auto result = oracle_.first_result(program, input);
    if (result) return answer(is_true(*result));
    refusals_.add("jq filter " + in_quotes(program), result.error().message, path_of_class());
    const bool is_its_own =
        result.error().kind == ErrorKind::configuration || result.error().kind == ErrorKind::protocol;
    return is_its_own ? Answer::no : Answer::unknown;
}

template <class Predicate>
AddressClasses::Answer AddressClasses::some_literal(const Subject& subject, const Predicate& wanted) {
    const std::string& address = string_member(subject.address, "address");
    if (const auto bytes = literal(address)) return answer(wanted(*bytes));
    const auto& resolved = oracle_.addresses_of(address);
    if (!resolved) return Answer::unknown;
    return answer(std::ranges::any_of(*resolved, [&](const std::string& text) {
        const auto bytes = literal(text);
        return bytes && wanted(*bytes);
    }));
}

} // namespace meshprobe
