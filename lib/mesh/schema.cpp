#include "lib/mesh/schema.hpp"

#include "lib/host_name.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/mesh_name.hpp"
#include "lib/mesh/pointer.hpp"
#include "lib/mesh/schema_tables.hpp"
#include "lib/units_of_measure.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace meshprobe {

namespace {

using nlohmann::json;
using namespace schema;

bool is_name(const json& value) {
    constexpr std::size_t longest = 255;
    if (!value.is_string()) return false;
    const auto& text = value.get_ref<const std::string&>();
    return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
               byte == ':' || byte == '.' || byte == '_' || byte == '-';
    });
}

bool is_duration(const json& value) {
    return value.is_string() && value.get_ref<const std::string&>().starts_with('P') &&
           parse_duration(value.get_ref<const std::string&>()).has_value();
}

/// Takes `digits` digits, no more than `most` as a number, off the front.
std::optional<unsigned> take_digits(std::string_view& text, std::size_t digits, unsigned most) {
    unsigned number = 0;
    if (text.size() < digits) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
    if (error != std::errc{} || end != text.data() + digits || number > most) return std::nullopt;
    text.remove_prefix(digits);
    return number;
}

bool take(std::string_view& text, std::string_view one_of) {
    if (text.empty() || one_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

/// YYYY-MM-DD[THH[:MM[:SS[.FRACTION]]][Z|±HH[[:]MM]]]
bool is_time(std::string_view text) {
    const auto year = take_digits(text, 4, 9999);
    if (!year || !take(text, "-")) return false;
    const auto month = take_digits(text, 2, 12);
    if (!month || !take(text, "-")) return false;
    const auto day = take_digits(text, 2, 31);
    if (!day || !std::chrono::year_month_day(std::chrono::year(static_cast<int>(*year)),
                                             std::chrono::month(*month), std::chrono::day(*day))
                     .ok())
        return false;
    if (text.empty()) return true;
    if (!take(text, "T ") || !take_digits(text, 2, 23)) return false;
    if (take(text, ":")) {
        if (!take_digits(text, 2, 59)) return false;
        if (take(text, ":")) {
            if (!take_digits(text, 2, 60)) return false; // a leap second
            if (take(text, ".,")) {
                if (!take(text, "0123456789")) return false;
                text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
            }
        }
    }
    if (text.empty() || text == "Z" || text == "z") return true;
    if (!take(text, "+-") || !take_digits(text, 2, 23)) return false;
    if (text.empty()) return true;
    static_cast<void>(take(text, ":"));
    return take_digits(text, 2, 59) && text.empty();
}

bool is_moment(const json& value) {
    if (!value.is_string()) return false;
    std::string_view text = value.get_ref<const std::string&>();
    if (!text.starts_with('@')) return is_duration(value) || is_time(text);
    text.remove_prefix(1);
    if (text.starts_with('R')) { // how often it repeats, which may be left open
        text.remove_prefix(std::min(text.find_first_not_of("0123456789", 1), text.size()));
        if (!text.starts_with('/')) return false;
        text.remove_prefix(1);
    }
    return is_duration(json(std::string(text)));
}

bool is_network(const std::string& text) {
    const auto slash = text.find('/');
    const std::string address = text.substr(0, slash);
    in6_addr binary{}; // room for either
    unsigned most = 0;
    if (::inet_pton(AF_INET, address.c_str(), &binary) == 1) most = 32;
    if (::inet_pton(AF_INET6, address.c_str(), &binary) == 1) most = 128;
    if (most == 0 || slash == std::string::npos) return most != 0;
    unsigned bits = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, bits);
    return error == std::errc{} && stop == end && bits <= most;
}

class SchemaChecker {
  public:
    explicit SchemaChecker(std::vector<MeshProblem>& problems) : problems_(problems) {}

    void check_document(const json& document, bool is_part) {
        for (auto member = document.begin(); member != document.end(); ++member) {
            const Pointer path = Pointer().at(member.key());
            if (member.key() == "_meta") continue;
            if (member.key() == "includes") {
                check(*member, Type::texts, path);
            } else if (member.key() == "groups") {
                check_section(*member, path, nullptr);
            } else if (const auto* shape = std::ranges::find(sections, member.key(), &Shape::name);
                       shape != sections.end()) {
                check_section(*member, path, shape);
            } else {
                add(path, "there is no such section in a pSConfig template");
            }
        }
        for (const char* required : required_sections) {
            if (!is_part && !document.contains(required))
                add(Pointer(), fmt::format("the section \"{}\" is missing; it may be empty", required));
        }
    }

  private:
    /// `shape` nullptr: of groups, each of which says its own.
    void check_section(const json& section, const Pointer& path, const Shape* shape) {
        if (!section.is_object()) return add(path, "expected an object of names and entries");
        for (auto entry = section.begin(); entry != section.end(); ++entry) {
            // pSConfig's schema looks at entries of proper names only; the web admin writes others, too ("a
            // b"). What names such an entry from elsewhere is an error there, and here.
            if (!is_name(entry.key())) continue;
            const Pointer at = path.at(entry.key());
            if (shape != nullptr) {
                check_object(*entry, shape->members, at);
            } else {
                check_by_type(*entry, groups, "group", at);
            }
        }
    }

    void check_by_type(const json& object, std::span<const Shape> shapes, std::string_view what,
                       const Pointer& path) {
        if (!object.is_object()) return add(path, "expected an object");
        const std::string& type = string_member(object, "type");
        const auto shape = std::ranges::find(shapes, type, &Shape::name);
        if (shape != shapes.end()) return check_object(object, shape->members, path);
        add(path.at("type"), type.empty() ? fmt::format("a {} needs a type", what)
                                          : fmt::format("there is no {} of type {}", what, in_quotes(type)));
    }

    void check_object(const json& object, std::span<const Member> members, const Pointer& path) {
        if (!object.is_object()) return add(path, "expected an object");
        for (auto member = object.begin(); member != object.end(); ++member) {
            if (member.key() == "_meta") continue;
            const auto known = std::ranges::find(members, member.key(), &Member::name);
            const Pointer at = path.at(member.key());
            if (known == members.end()) {
                add(at, "there is no such property here");
                continue;
            }
            check(*member, known->type, at);
            check_choice(*member, member.key(), at);
        }
        for (const Member& member : members) {
            if (member.required && !object.contains(std::string(member.name)))
                add(path, fmt::format("the property \"{}\" is missing", member.name));
        }
    }

    void check_choice(const json& value, std::string_view name, const Pointer& path) {
        const auto* choice = std::ranges::find(choices, name, &Choice::member);
        if (choice == choices.end() || !value.is_string()) return;
        if (std::ranges::find(choice->words, value.get_ref<const std::string&>()) != choice->words.end())
            return;
        add(path, fmt::format("expected one of {}", fmt::join(choice->words, ", ")));
    }

    void expect(bool met, const Pointer& path, std::string_view expected) {
        if (!met) add(path, fmt::format("expected {}", expected));
    }

    void check(const json& value, Type type, const Pointer& path) {
        switch (type) {
        case Type::any:
            return;
        case Type::boolean:
            return expect(value.is_boolean(), path, "true or false");
        case Type::text:
            return expect(value.is_string(), path, "a string");
        case Type::lines:
            return value.is_string() ? void() : check_list(value, Type::text, path);
        case Type::object:
            return expect(value.is_object(), path, "an object");
        case Type::integer:
            return expect(value.is_number_integer(), path, "an integer");
        case Type::cardinal:
            return expect(value.is_number_unsigned() && value >= 1, path, "an integer of 1 or more");
        case Type::index:
            return expect(value.is_number_unsigned(), path, "an integer of 0 or more");
        case Type::name:
            return expect(is_name(value), path, "a name: letters, digits and : . _ - only");
        case Type::names:
            return check_list(value, Type::name, path);
        case Type::texts:
            return check_list(value, Type::text, path);
        case Type::host:
            return check_host(value, path);
        case Type::host_port:
            return expect(value.is_string() && (parse_host_name(value.get_ref<const std::string&>()) ||
                                                check_mesh_address(value.get_ref<const std::string&>())),
                          path, "a host name or address, maybe with a port");
        case Type::duration:
            return expect(is_duration(value), path,
                          "an ISO 8601 duration such as PT4H, without months and years");
        case Type::moment:
            return expect(is_moment(value), path, "a time, a duration, or @ and a duration");
        case Type::objects:
            if (!value.is_array()) return add(path, "expected an array of filters");
            for (std::size_t index = 0; index < value.size(); ++index)
                check(value[index], Type::filter, path.at(index));
            return;
        case Type::address_map:
            return check_map(value, address_members, path);
        case Type::remote_map:
            return check_map(value, remote_members, path);
        case Type::label_map:
            return check_map(value, label_members, path);
        case Type::selector:
            return check_selector(value, path);
        case Type::selectors:
            return check_list(value, Type::selector, path);
        case Type::excludes:
            if (!value.is_array()) return add(path, "expected an array");
            for (std::size_t index = 0; index < value.size(); ++index)
                check_object(value[index], exclude_members, path.at(index));
            return;
        case Type::filter:
            return check_by_type(value, filters, "filter", path);
        case Type::data_source:
            return check_data_source(value, path);
        case Type::transform:
            return check_object(value, transform_members, path);
        case Type::ip_version:
            return expect(value == 4 || value == 6, path, "4 or 6");
        case Type::network:
            return expect(value.is_string() && is_network(value.get_ref<const std::string&>()), path,
                          "a network such as 192.0.2.0/24 or 2001:db8::/32");
        case Type::offset:
            return check_offset(value, path);
        }
    }

    void check_list(const json& value, Type of, const Pointer& path) {
        if (!value.is_array()) return add(path, "expected an array");
        for (std::size_t index = 0; index < value.size(); ++index)
            check(value[index], of, path.at(index));
    }

    void check_map(const json& value, std::span<const Member> members, const Pointer& path) {
        if (!value.is_object()) return add(path, "expected an object of names and entries");
        for (auto entry = value.begin(); entry != value.end(); ++entry)
            check_object(*entry, members, path.at(entry.key()));
    }

    void check_host(const json& value, const Pointer& path) {
        if (!value.is_string()) return add(path, "expected a host name or an IP address");
        if (auto usable = check_mesh_address(value.get_ref<const std::string&>()); !usable)
            add(path, usable.error().message);
    }

    void check_selector(const json& value, const Pointer& path) {
        if (!value.is_object()) return add(path, "expected an object with \"name\" or \"class\"");
        check_object(value, value.contains("class") ? std::span<const Member>(class_selector) : name_selector,
                     path);
    }

    void check_offset(const json& value, const Pointer& path) {
        check_object(value, offset_members, path);
        check_word(value, "type", {"start", "end"}, path);
        check_word(value, "relation", {"before", "after"}, path);
    }

    void check_data_source(const json& value, const Pointer& path) {
        check_object(value, data_source_members, path);
        check_word(value, "type", {"current-config", "requesting-agent"}, path);
    }

    /// What is missing or no string is told elsewhere.
    void check_word(const json& object, std::string_view name, const std::array<std::string_view, 2>& words,
                    const Pointer& path) {
        const json* word = find_member(object, name);
        if (word == nullptr || !word->is_string()) return;
        expect(*word == words[0] || *word == words[1], path.at(name),
               fmt::format("{} or {}", words[0], words[1]));
    }

    void add(const Pointer& path, std::string reason) {
        constexpr std::size_t most = 1000;
        if (problems_.size() < most) problems_.push_back({path.text(), std::move(reason)});
    }

    std::vector<MeshProblem>& problems_;
};

} // namespace

void check_template_schema(const json& document, bool is_part, std::vector<MeshProblem>& problems) {
    SchemaChecker(problems).check_document(document, is_part);
}

} // namespace meshprobe
