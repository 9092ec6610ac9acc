// Those keys of tasks that become settings of their units.
#include "lib/config/checks.hpp"
#include "lib/config/codec.hpp"
#include "lib/config/suggest.hpp"

#include <fmt/core.h>

#include <charconv>

namespace meshprobe {

namespace {

constexpr std::string_view no_limit = "infinity";

/// What Codec reads, or `infinity`, which takes back what a more general section gave.
template <class Codec>
struct Unlimited {
    std::string_view type;
    Codec codec;
    template <class T>
    void read(Reader& reader, const Node& node, std::optional<T>& value) const {
        if (node.kind == Node::Kind::scalar && node.text == no_limit) {
            value.reset();
        } else {
            codec.read(reader, node, value);
        }
    }
    template <class T>
    [[nodiscard]] Shown show(const std::optional<T>& value) const {
        return value ? codec.show(value) : Shown(std::string(no_limit));
    }
};

/// "50%" of one CPU.
struct Percent {
    std::uint64_t most;
    void read(Reader& reader, const Node& node, std::optional<unsigned>& value) const {
        unsigned percent = 0;
        const std::string_view text = node.text;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
        if (node.kind != Node::Kind::scalar || error != std::errc{} ||
            std::string_view(end, text.data() + text.size()) != "%" || percent < 1 || percent > most) {
            reader.expected(node, fmt::format("a share of one CPU from 1% to {}%", most));
            return;
        }
        value = percent;
    }
    [[nodiscard]] static Shown show(const std::optional<unsigned>& value) {
        return fmt::format("{}%", *value);
    }
};

struct TaskCount {
    std::uint64_t least;
    std::uint64_t most;
    void read(Reader& reader, const Node& node, std::optional<unsigned>& value) const {
        if (const auto number = reader.number(node, least, most)) value = static_cast<unsigned>(*number);
    }
    [[nodiscard]] static Shown show(const std::optional<unsigned>& value) { return std::uint64_t{*value}; }
};

struct Nice {
    std::string_view type = "number";
    void read(Reader& reader, const Node& node, int& value) const {
        constexpr int least = -20;
        constexpr int most = 19;
        int number = 0;
        const std::string_view text = node.text;
        const auto* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, number);
        if (node.kind != Node::Kind::scalar || error != std::errc{} || stop != end || number < least ||
            number > most) {
            reader.expected(node, fmt::format("a number from {} to {}", least, most));
            return;
        }
        value = number;
    }
    [[nodiscard]] Shown show(int value) const { return std::to_string(value); }
};

/// Below these a run could not do its work: it takes up to 32 MiB, and a thread for each name it looks up.
constexpr std::uint64_t least_memory = 32U << 20U;
constexpr std::uint64_t fewest_tasks = 8;

} // namespace

Keys<TaskSettings> unit_keys() {
    using codec::group;
    using codec::key;
    using codec::of;
    const auto context = [](const Key<Context>& inner) { return of(&TaskSettings::context, inner); };
    const auto resource = [](const Key<Resources>& inner) { return of(&TaskSettings::resources, inner); };
    return {
        group<TaskSettings>(
            "context",
            {
                context(key("type", &Context::type,
                            codec::choice<ContextType>("none", "linuxnns", "linuxvrf", "plugin"))),
                context(key("namespace", &Context::name_space, codec::Text{"name", check::namespace_name})),
                context(key("interface", &Context::interface, codec::Text{"name", check::interface_name})),
                context(key("program", &Context::program, codec::Text{"path", check::program})),
                context(key("data", &Context::data, codec::Text{"JSON", check::json})),
            }),
        resource(key("memory-max", &Resources::memory_max,
                     Unlimited<codec::Size>{"size", codec::Size{least_memory}})),
        resource(key("cpu-quota", &Resources::cpu_quota, Unlimited<Percent>{"percentage", {10'000}})),
        resource(
            key("tasks-max", &Resources::tasks_max, Unlimited<TaskCount>{"number", {fewest_tasks, 65'536}})),
        resource(key("nice", &Resources::nice, Nice{})),
    };
}

} // namespace meshprobe
