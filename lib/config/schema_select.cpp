// The keys of `select:`.
#include "lib/config/codec.hpp"
#include "lib/config/pattern.hpp"
#include "lib/config/suggest.hpp"
#include "lib/host_facts.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

std::string host_pattern(std::string_view text) {
    const auto pattern = parse_host_pattern(text);
    if (!pattern) return pattern.error().message;
    // Patterns are compared as they are.
    return pattern->text == text
               ? std::string{}
               : fmt::format("expected {} in its normal form {}", quote(text), quote(pattern->text));
}

/// A name that no mesh could have.
std::string fact(std::string_view text) {
    if (is_fact(text)) return {};
    return fmt::format("expected a name of at most 128 printable ASCII characters, got {}", quote(text));
}

/// pScheduler's. Others are taken too (plug-ins bring some), but a near miss is worth a word.
constexpr std::array<std::string_view, 16> known_tests{
    "clock", "dhcp",     "disk-to-disk", "dns",          "dot1x",      "http",      "idle",  "latency",
    "mtu",   "netreach", "rtt",          "s3throughput", "throughput", "latencybg", "trace", "wifibssid"};

struct Tests {
    std::string_view type = "set of names";
    void read(Reader& reader, const Node& node, std::vector<std::string>& value) const {
        reader.set(node, value, [](Reader& checker, const Reader::Item& item) {
            const auto allowed = [](char c) {
                return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
            };
            if (item.text.empty() || item.text.size() > 64 || !std::ranges::all_of(item.text, allowed)) {
                checker.error(*item.mark,
                              fmt::format("expected the type of a test such as \"throughput\", got {}",
                                          quote(item.text)));
                return false;
            }
            if (std::ranges::find(known_tests, item.text) == known_tests.end()) {
                const auto meant = suggestion(item.text, known_tests);
                if (!meant.empty()) {
                    checker.warning(*item.mark,
                                    fmt::format("{} is not a usual type of test{}", quote(item.text), meant));
                }
            }
            return true;
        });
    }
    [[nodiscard]] Shown show(const std::vector<std::string>& value) const {
        return value.empty() ? Shown{} : Shown(value);
    }
};

struct Meshes {
    std::string_view type = "set of names";
    void read(Reader& reader, const Node& node, std::vector<std::string>& value) const {
        codec::References{"mesh"}.read(reader, node, value);
    }
    [[nodiscard]] Shown show(const std::vector<std::string>& value) const {
        return value.empty() ? Shown{} : Shown(value);
    }
};

} // namespace

Key<TaskSettings> select_key() {
    using codec::key;
    const auto part = [](const Key<Select>& inner) { return codec::of(&TaskSettings::select, inner); };
    return codec::group<TaskSettings>("select",
                                      {
                                          part(key("meshes", &Select::meshes, Meshes{})),
                                          part(key("hosts", &Select::hosts, codec::Set{host_pattern})),
                                          part(key("tags", &Select::tags, codec::Set{fact})),
                                          part(key("tests", &Select::tests, Tests{})),
                                          part(key("groups", &Select::groups, codec::Set{fact})),
                                          part(key("tasks", &Select::tasks, codec::Set{fact})),
                                      });
}

} // namespace meshprobe
