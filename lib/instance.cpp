#include "lib/instance.hpp"

#include "lib/host_name.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

constexpr std::size_t longest_name = 200; // systemd allows 255 with suffix; ".timer.d/…" must fit as well
constexpr std::string_view product = "meshprobe";

bool stays_in_unit_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' ||
           c == '_' || c == '.' || c == '-';
}

std::string escape(std::string_view host) {
    std::string escaped;
    for (const char c : host) {
        if (stays_in_unit_name(c)) {
            escaped += c;
        } else {
            escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    return escaped;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with("\\x") && i + 3 < text.size()) {
            const int high = hex_digit(text[i + 2]);
            const int low = hex_digit(text[i + 3]);
            if (high >= 0 && low >= 0) {
                plain += static_cast<char>(high * 16 + low);
                i += 3;
                continue;
            }
        }
        plain += text[i];
    }
    return plain;
}

void remove_suffix(std::string_view& text, std::string_view suffix) {
    if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
}

} // namespace

bool is_valid_name(std::string_view name) {
    const auto lower_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= 63 && lower_or_digit(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return lower_or_digit(c) || c == '_' || c == '-'; });
}

std::string template_name(std::string_view task) {
    return task == default_task ? std::string(product) : fmt::format("{}-{}", product, task);
}

std::string Instance::name() const {
    return fmt::format("{}@{}", template_name(task), escape(host));
}

Status check_instance(const Instance& instance) {
    // meshprobe-archive@.service, meshprobe-agent.service and the like are ours already.
    if (!is_valid_name(instance.task) || instance.task == "archive") {
        return fail(ErrorKind::usage, fmt::format("\"{}\" cannot be the name of a task", instance.task));
    }
    const auto host = parse_host_name(instance.host);
    if (!host) return fail(host.error());
    if (host->text() != instance.host) {
        return fail(ErrorKind::usage,
                    fmt::format("host \"{}\" is to be written \"{}\"", instance.host, host->text()));
    }
    const auto size = instance.name().size();
    if (size > longest_name) {
        return fail(ErrorKind::usage,
                    fmt::format("the unit name of host {} would have {} bytes, at most {} are allowed",
                                instance.host, size, longest_name));
    }
    return {};
}

Result<Instance> parse_instance(std::string_view text) {
    const std::string_view given = text;
    Instance instance;
    if (const auto at = text.find('@'); at != std::string_view::npos) {
        const auto prefix = text.substr(0, at);
        text.remove_prefix(at + 1);
        remove_suffix(text, ".service");
        remove_suffix(text, ".timer");
        if (prefix.starts_with("meshprobe-") && prefix != "meshprobe-default") {
            instance.task = prefix.substr(product.size() + 1);
        } else if (prefix != product) {
            return fail(
                ErrorKind::usage,
                fmt::format("\"{}\" is not an instance; expected HOST, meshprobe@HOST or meshprobe-TASK@HOST",
                            given));
        }
    }
    // Names are compared as systemd compares them, byte by byte; only what a person types is tidied up.
    const auto host = parse_host_name(unescape(text));
    if (!host) return fail(host.error().in(fmt::format("instance \"{}\"", given)));
    instance.host = host->text();
    if (auto checked = check_instance(instance); !checked) return fail(checked.error());
    return instance;
}

} // namespace meshprobe
