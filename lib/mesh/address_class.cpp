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
    const auto [entry, is_new] = members_.try_emplace(name);
    if (!is_new) return entry->second;
    const json& address_class = object_member(object_member(document_, "address-classes"), name);
    if (address_class.empty()) return entry->second;
    const std::string& source = string_member(object_member(address_class, "data-source"), "type");
    const json* addresses = &object_member(document_, "addresses");
    if (source == "requesting-agent") addresses = oracle_.answers().requesting_agent;
    if (addresses == nullptr) {
        refusals_.remark("address-class " + in_quotes(name),
                         "it selects among the addresses of the requesting agent, which are not known here",
                         Pointer().at("address-classes").at(name));
        return entry->second;
    }
    if (!addresses->is_object()) return entry->second;
    const json& hosts = object_member(document_, "hosts");
    for (auto address = addresses->begin(); address != addresses->end(); ++address) {
        const Subject subject{*address, find_member(hosts, string_member(*address, "host"))};
        const Answer passed = passes_class(subject, name, 0);
        if (passed == Answer::no) continue;
        entry->second.push_back({address.key(), &*address, passed == Answer::yes});
    }
    return entry->second;
}

AddressClasses::Answer AddressClasses::passes_class(const Subject& subject, const std::string& name,
                                                    int depth) {
    constexpr int deepest = 16; // classes may name each other in circles
    const json& address_class = object_member(object_member(document_, "address-classes"), name);
    if (depth > deepest || address_class.empty()) return Answer::no;
    const std::pair key(name, &subject.address);
    if (const auto known = classes_.find(key); known != classes_.end()) return known->second;
    const std::string outer = std::exchange(evaluated_, name);
    Answer result = Answer::yes;
    if (const json* match = find_member(address_class, "match-filter"))
        result = std::min(result, passes(subject, *match, depth));
    if (const json* exclude = find_member(address_class, "exclude-filter")) {
        result = std::min(result, negation(passes(subject, *exclude, depth)));
    }
    evaluated_ = outer;
    classes_.emplace(key, result);
    return result;
}

Pointer AddressClasses::path_of_class() const {
    return Pointer().at("address-classes").at(evaluated_);
}

AddressClasses::Answer AddressClasses::passes(const Subject& subject, const json& filter, int depth) {
    if (steps_left_ == 0) {
        refusals_.add("address-classes", "their filters take too long to evaluate", path_of_class());
        return Answer::no;
    }
    --steps_left_;
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
    if (type == "address-class") return passes_class(subject, string_member(filter, "class"), depth + 1);
    if (type == "not") return negation(passes(subject, object_member(filter, "filter"), depth));
    if (type == "and" || type == "or") {
        const bool all = type == "and";
        Answer result = answer(all);
        for (const json& part : array_member(filter, "filters")) {
            const Answer passed = passes(subject, part, depth);
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
