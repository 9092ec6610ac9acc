#include "lib/mesh/address_class.hpp"

#include "lib/mesh/json_text.hpp"

#include <arpa/inet.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace meshprobe {

namespace {

using nlohmann::json;

/// Three-valued, so that "not" of what cannot be known is not known either.
enum class Answer { no, unknown, yes };

Answer answer(bool value) {
    return value ? Answer::yes : Answer::no;
}
Answer negation(Answer value) {
    if (value == Answer::unknown) return value;
    return answer(value == Answer::no);
}

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

Answer inside(const std::string& address, const std::string& netmask) {
    const auto bytes = literal(address);
    if (!bytes) return Answer::unknown;
    const auto slash = netmask.find('/');
    const auto network = literal(netmask.substr(0, slash));
    if (!network || network->size() != bytes->size()) return Answer::no;
    std::size_t bits = network->size() * 8;
    if (slash != std::string::npos) {
        const char* end = netmask.data() + netmask.size();
        if (std::from_chars(netmask.data() + slash + 1, end, bits).ptr != end || bits > network->size() * 8)
            return Answer::no;
    }
    for (std::size_t bit = 0; bit < bits; ++bit) {
        const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
        if (((*bytes)[bit / 8] & mask) != ((*network)[bit / 8] & mask)) return Answer::no;
    }
    return Answer::yes;
}

class Filter {
  public:
    Filter(const json& document, const json& address)
        : document_(document), address_(address),
          host_(find_member(object_member(document, "hosts"), string_member(address, "host"))) {}

    /// `depth`: classes may name each other in circles.
    [[nodiscard]] Answer passes(const json& filter, int depth = 0) const {
        if (depth > 16) return Answer::no;
        const std::string& type = string_member(filter, "type");
        if (type == "tag") return passes_tag(string_member(filter, "tag"));
        if (type == "host") return passes_host(filter);
        if (type == "jq") return Answer::unknown;
        if (type == "ip-version") return passes_ip_version(filter);
        if (type == "netmask")
            return inside(string_member(address_, "address"), string_member(filter, "netmask"));
        if (type == "address-class") return passes_class(string_member(filter, "class"), depth + 1);
        if (type == "not") return negation(passes(object_member(filter, "filter"), depth + 1));
        const json& parts = array_member(filter, "filters");
        if (type == "and") {
            Answer result = Answer::yes;
            for (const json& part : parts)
                result = std::min(result, passes(part, depth + 1));
            return result;
        }
        if (type == "or") {
            Answer result = Answer::no;
            for (const json& part : parts)
                result = std::max(result, passes(part, depth + 1));
            return result;
        }
        return Answer::unknown; // a filter of a later perfSONAR
    }

    [[nodiscard]] Answer passes_class(std::string_view name, int depth = 0) const {
        const json& address_class = object_member(object_member(document_, "address-classes"), name);
        if (address_class.empty()) return Answer::no;
        Answer result = Answer::yes;
        if (const json* match = find_member(address_class, "match-filter"))
            result = std::min(result, passes(*match, depth));
        if (const json* exclude = find_member(address_class, "exclude-filter")) {
            result = std::min(result, negation(passes(*exclude, depth)));
        }
        return result;
    }

  private:
    [[nodiscard]] Answer passes_tag(std::string_view tag) const {
        return answer(has_tag(address_, tag) || (host_ != nullptr && has_tag(*host_, tag)));
    }

    /// A bare host filter rejects no-agent hosts: its own `no-agent` defaults to false.
    [[nodiscard]] Answer passes_host(const json& filter) const {
        if (host_ == nullptr) return Answer::no;
        const std::string& tag = string_member(filter, "tag");
        if (!tag.empty() && !has_tag(*host_, tag)) return Answer::no;
        if (bool_member(*host_, "no-agent") != bool_member(filter, "no-agent")) return Answer::no;
        return find_member(filter, "jq") == nullptr ? Answer::yes : Answer::unknown;
    }

    [[nodiscard]] Answer passes_ip_version(const json& filter) const {
        const auto bytes = literal(string_member(address_, "address"));
        const json* version = find_member(filter, "ip-version");
        if (!bytes || version == nullptr || !version->is_number_integer()) return Answer::unknown;
        return answer(version->get<std::int64_t>() == (bytes->size() == 4 ? 4 : 6));
    }

    const json& document_;
    const json& address_;
    const json* host_;
};

} // namespace

std::vector<std::string_view> addresses_of_class(const json& document, std::string_view name) {
    std::vector<std::string_view> names;
    const json& source =
        object_member(object_member(object_member(document, "address-classes"), name), "data-source");
    if (string_member(source, "type") == "requesting-agent") return names;
    const json& addresses = object_member(document, "addresses");
    for (auto entry = addresses.begin(); entry != addresses.end(); ++entry) {
        if (Filter(document, *entry).passes_class(name) != Answer::no) names.emplace_back(entry.key());
    }
    return names;
}

} // namespace meshprobe
