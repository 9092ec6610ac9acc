// The keys of limits. Which of them a type needs, and which mean nothing to it: judge_limit.cpp.
#include "lib/config/checks.hpp"
#include "lib/config/codec.hpp"
#include "lib/config/limit_types.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

namespace meshprobe {

namespace {

using namespace std::chrono_literals;
using codec::key;

struct LimitType {
    std::string_view type = "choice";
    void read(Reader& reader, const Node& node, std::string& value) const {
        if (const auto index = reader.choice(node, limit_types)) value = limit_types.at(*index);
    }
    [[nodiscard]] Shown show(const std::string& value) const {
        return value.empty() ? Shown{} : Shown(value);
    }
};

struct RealNumber {
    std::string_view type = "number";
    void read(Reader& reader, const Node& node, std::optional<double>& value) const {
        double number = 0;
        const char* const end = node.text.data() + node.text.size();
        const auto [stop, error] = std::from_chars(node.text.data(), end, number);
        if (node.kind != Node::Kind::scalar || error != std::errc{} || stop != end || !std::isfinite(number))
            return reader.expected(node, "a number such as 0, -1.5 or 1e9");
        value = number;
    }
    [[nodiscard]] Shown show(const std::optional<double>& value) const {
        return value ? Shown(fmt::format("{}", *value)) : Shown{};
    }
};

/// 0 and no time stand for "not given".
struct Count {
    std::string_view type = "number";
    void read(Reader& reader, const Node& node, unsigned& value) const {
        codec::Number{1, 1'000'000}.read(reader, node, value);
    }
    [[nodiscard]] Shown show(unsigned value) const {
        return value == 0 ? Shown{} : Shown(std::uint64_t{value});
    }
};
struct Time {
    Microseconds most = std::chrono::days(36500);
    std::string_view type = "duration";
    void read(Reader& reader, const Node& node, Microseconds& value) const {
        codec::Duration{1s, most}.read(reader, node, value);
    }
    [[nodiscard]] Shown show(Microseconds value) const {
        return value == Microseconds(0) ? Shown{} : Shown(format_duration(value));
    }
};

} // namespace

const Keys<Limit>& limit_keys() {
    static const Keys<Limit> keys{
        key("type", &Limit::type, LimitType{}),
        key("action", &Limit::action, codec::choice<LimitAction>("drop", "flag", "fail")),
        key("max", &Limit::max, Time{}),
        key("max-record", &Limit::max_record, codec::Size{1}),
        key("max-message", &Limit::max_message, codec::Size{1024}),
        key("max-results", &Limit::max_results, Count{}),
        key("per", &Limit::per, Time{std::chrono::days(1)}),
        key("min-value", &Limit::min_value, RealNumber{}),
        key("max-value", &Limit::max_value, RealNumber{}),
        key("allow", &Limit::allow, codec::Set{}),
        key("deny", &Limit::deny, codec::Set{}),
        key("file", &Limit::file, codec::Text{"path", check::absolute_path}),
        key("document", &Limit::document, codec::Text{"JSON", check::json}),
    };
    return keys;
}

} // namespace meshprobe
