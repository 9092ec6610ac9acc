// How one kind of value is read and shown; schema_*.cpp pair them with members.
#pragma once

#include "lib/config/schema.hpp"

#include <array>
#include <concepts>
#include <utility>

namespace meshprobe::codec {

struct Flag {
    std::string_view type = "boolean";
    void read(Reader& reader, const Node& node, bool& value) const {
        if (const auto flag = reader.flag(node)) value = *flag;
    }
    [[nodiscard]] Shown show(bool value) const { return value; }
};

/// Text; `check` says what is wrong with it, or nothing.
struct Text {
    std::string_view type = "text";
    std::string (*check)(std::string_view) = nullptr;
    void read(Reader& reader, const Node& node, std::string& value) const {
        const auto text = reader.text(node, type);
        if (!text) return;
        if (check != nullptr) {
            if (const auto wrong = check(*text); !wrong.empty()) {
                reader.error(node.mark, wrong);
                return;
            }
        }
        value = *text;
    }
    [[nodiscard]] Shown show(const std::string& value) const {
        return value.empty() ? Shown{} : Shown(value);
    }
};

struct Number {
    std::uint64_t least = 0;
    std::uint64_t most = 0;
    std::string_view type = "number";
    void read(Reader& reader, const Node& node, unsigned& value) const {
        if (const auto number = reader.number(node, least, most)) value = static_cast<unsigned>(*number);
    }
    [[nodiscard]] Shown show(unsigned value) const { return std::uint64_t{value}; }
};

struct Duration {
    Microseconds least{0};
    Microseconds most = std::chrono::days(36500);
    std::string_view type = "duration";
    template <class T>
    void read(Reader& reader, const Node& node, T& value) const { // T: also std::optional
        if (const auto duration = reader.duration(node, least, most)) value = *duration;
    }
    [[nodiscard]] Shown show(Microseconds value) const { return format_duration(value); }
    [[nodiscard]] Shown show(const std::optional<Microseconds>& value) const {
        return value ? show(*value) : Shown{};
    }
};

/// "4G" if it is that exactly, otherwise bytes: what is shown can be written.
[[nodiscard]] std::string exact_size(std::uint64_t bytes);

struct Size {
    std::uint64_t least = 0;
    std::string_view type = "size";
    void read(Reader& reader, const Node& node, std::optional<std::uint64_t>& value) const {
        if (const auto size = reader.size(node, least)) value = *size;
    }
    [[nodiscard]] Shown show(const std::optional<std::uint64_t>& value) const {
        return value ? Shown(exact_size(*value)) : Shown{};
    }
};

/// Words for the values of an enumeration, in its order.
template <class E, std::size_t N>
struct Choice {
    std::array<std::string_view, N> words;
    std::string_view type = "choice";
    void read(Reader& reader, const Node& node, E& value) const {
        if (const auto index = reader.choice(node, words)) value = static_cast<E>(*index);
    }
    [[nodiscard]] Shown show(E value) const { return std::string(words[static_cast<std::size_t>(value)]); }
};
template <class E, class... Words>
[[nodiscard]] constexpr Choice<E, sizeof...(Words)> choice(Words... words) {
    return {{std::string_view(words)...}};
}

/// A set of names that stand elsewhere in the configuration: of "archive" or "limit".
struct References {
    std::string_view of;
    std::string_view type = "set of names";
    void read(Reader& reader, const Node& node, std::vector<std::string>& value) const;
    [[nodiscard]] Shown show(const std::vector<std::string>& value) const { return value; }
};

/// A set of texts.
struct Set {
    std::string (*check)(std::string_view) = nullptr; ///< what is wrong with an item, or nothing
    std::string_view type = "set of names";
    void read(Reader& reader, const Node& node, std::vector<std::string>& value) const;
    [[nodiscard]] Shown show(const std::vector<std::string>& value) const {
        return value.empty() ? Shown{} : Shown(value);
    }
};

/// A list of texts that replaces what was there.
struct List {
    std::string_view example;
    std::string (*check)(std::string_view) = nullptr; ///< what is wrong with an item, or nothing
    std::string_view type = "list";
    void read(Reader& reader, const Node& node, std::vector<std::string>& value) const;
    [[nodiscard]] Shown show(const std::vector<std::string>& value) const {
        return value.empty() ? Shown{} : Shown(value);
    }
};

/// A jq program: text, or a list of its lines.
struct Script {
    std::string_view type = "text or list";
    void read(Reader& reader, const Node& node, std::string& value) const;
    [[nodiscard]] Shown show(const std::string& value) const {
        return value.empty() ? Shown{} : Shown(value);
    }
};

template <class T, class Member, class Codec>
[[nodiscard]] Key<T> key(std::string_view name, Member T::*member, Codec codec) {
    return {name,
            codec.type,
            [member, codec](Reader& reader, const Node& node, T& object) {
                codec.read(reader, node, object.*member);
            },
            [member, codec](const T& object) { return codec.show(object.*member); },
            {}};
}

/// A key of a part of T.
template <class T, class Part>
[[nodiscard]] Key<T> of(Part T::*part, const Key<Part>& inner) {
    return {inner.name,
            inner.type,
            [part, read = inner.read](Reader& reader, const Node& node, T& object) {
                read(reader, node, object.*part);
            },
            [part, show = inner.show](const T& object) { return show(object.*part); },
            {}};
}

template <class T>
[[nodiscard]] Key<T> group(std::string_view name, Keys<T> nested) {
    return {name, "mapping", {}, {}, std::move(nested)};
}

} // namespace meshprobe::codec
