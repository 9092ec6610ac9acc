#include "lib/config/checks.hpp"

#include "lib/calendar.hpp"
#include "lib/config/suggest.hpp"
#include "lib/connect_to.hpp"
#include "lib/host_name.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace meshprobe::check {

namespace {

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_address(int family, std::string_view text) {
    in6_addr address{};
    return ::inet_pton(family, std::string(text).c_str(), &address) == 1;
}

bool is_plain_name(std::string_view text, std::size_t longest) {
    const auto allowed = [](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; };
    return !text.empty() && text.size() <= longest && text.front() != '.' && text.front() != '-' &&
           std::ranges::all_of(text, allowed);
}

/// ADDRESS/BITS
bool is_network(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return false;
    const auto digits = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size()) return false;
    const auto network = text.substr(0, slash);
    return (is_address(AF_INET, network) && bits <= 32) || (is_address(AF_INET6, network) && bits <= 128);
}

/// Where the authority of a URL lies, and its user part if there is one.
struct Authority {
    std::string_view scheme;
    std::string_view user; ///< USER or USER:PASSWORD
    std::string_view host; ///< HOST or HOST:PORT
};

Authority split(std::string_view url) {
    Authority parts;
    const auto colon = url.find("://");
    if (colon == std::string_view::npos) return parts;
    parts.scheme = url.substr(0, colon);
    auto authority = url.substr(colon + 3);
    authority = authority.substr(0, authority.find_first_of("/?#"));
    const auto at = authority.rfind('@');
    if (at != std::string_view::npos) {
        parts.user = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    parts.host = authority;
    return parts;
}

std::string in_lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

std::string as_example(std::string_view schemes) {
    return fmt::format("a URL such as {}://host.example.org/…", schemes.substr(0, schemes.find(' ')));
}

} // namespace

bool is_one_of(std::string_view word, std::string_view words) {
    while (!words.empty()) {
        const auto blank = words.find(' ');
        if (words.substr(0, blank) == word) return true;
        if (blank == std::string_view::npos) break;
        words.remove_prefix(blank + 1);
    }
    return false;
}

std::string absolute_path(std::string_view text) {
    if (text.starts_with('/')) return {};
    return fmt::format("expected an absolute path, got {}", quote(text));
}

std::string path_or_credential(std::string_view text) {
    if (text.find('/') != std::string_view::npos) return absolute_path(text);
    const auto allowed = [](char c) {
        return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-' || c == '@';
    };
    const bool good =
        !text.empty() && text.size() <= 255 && text.front() != '.' && std::ranges::all_of(text, allowed);
    if (good) return {};
    return fmt::format(
        "expected an absolute path or the name of a credential (letters, digits, \"._-@\"), got {}",
        quote(text));
}

std::string json(std::string_view text) {
    simdjson::dom::parser parser;
    const auto parsed = parser.parse(text.data(), text.size());
    if (text.empty() || parsed.error() == simdjson::SUCCESS) return {};
    return fmt::format("expected JSON as text, such as '{{\"namespace\": \"blue\"}}', got {}: {}",
                       quote(text), simdjson::error_message(parsed.error()));
}

std::string pin(std::string_view text) {
    constexpr std::string_view prefix = "sha256//";
    constexpr std::size_t length = 44; // 32 bytes in base 64
    const auto rest = text.starts_with(prefix) ? text.substr(prefix.size()) : std::string_view{};
    const auto allowed = [](char c) { return is_letter_or_digit(c) || c == '+' || c == '/'; };
    if (rest.size() == length && rest.back() == '=' &&
        std::ranges::all_of(rest.substr(0, length - 1), allowed))
        return {};
    return fmt::format("expected \"sha256//\" and the base 64 SHA-256 of the public key, got {}",
                       quote(text));
}

std::string connect_to(std::string_view text) {
    const auto parsed = parse_connect_to(text);
    return parsed ? std::string{} : parsed.error().message;
}

std::string address(std::string_view text) {
    if (text.empty() || is_address(AF_INET, text) || is_address(AF_INET6, text)) return {};
    return fmt::format("expected an IPv4 or IPv6 address of this machine, got {}", quote(text));
}

std::string no_proxy(std::string_view text) {
    if (text == "*" || is_network(text) || is_address(AF_INET6, text)) return {};
    const auto name = text.starts_with('.') ? text.substr(1) : text;
    if (const auto host = parse_host_name(name); host && name.find_first_of("[:") == std::string_view::npos)
        return {};
    return fmt::format(
        "expected a name (which stands for all below it, too), an address, a network such as 192.0.2.0/24, "
        "or \"*\" alone, got {}",
        quote(text));
}

std::string namespace_name(std::string_view text) {
    constexpr std::size_t longest = 64;
    if (is_plain_name(text, longest)) return {};
    return fmt::format(
        "expected the name of a network namespace (at most {} letters, digits, \"._-\"), got {}", longest,
        quote(text));
}

std::string interface_name(std::string_view text) {
    constexpr std::size_t longest = 15; // IFNAMSIZ, without its end
    if (is_plain_name(text, longest)) return {};
    return fmt::format(
        "expected the name of a network interface (at most {} letters, digits, \"._-\"), got {}", longest,
        quote(text));
}

std::string program(std::string_view text) {
    constexpr std::size_t longest = 255;
    const auto allowed = [](char c) {
        return is_letter_or_digit(c) || std::string_view("/._-+@").find(c) != std::string_view::npos;
    };
    const bool good = text.size() > 1 && text.size() <= longest && text.front() == '/' &&
                      !text.ends_with('/') && std::ranges::all_of(text, allowed) &&
                      text.find("//") == std::string_view::npos && text.find("/.") == std::string_view::npos;
    if (good) return {};
    return fmt::format("expected the absolute path of a program (letters, digits, \"/._-+@\"), got {}",
                       quote(text));
}

std::string proxy(std::string_view text) {
    return text.empty() ? std::string{} : url(text, "http https socks4 socks4a socks5 socks5h");
}

std::string calendar(std::string_view text) {
    if (text.empty()) return {};
    const auto checked = check_calendar(text);
    return checked ? std::string{} : checked.error().message;
}

std::string routing(std::string_view text) {
    constexpr std::size_t longest = 255; // AMQP 0-9-1 short string
    return text.size() <= longest ? std::string{}
                                  : fmt::format("longer than the {} bytes that AMQP allows", longest);
}

std::string routing_key(std::string_view text) {
    auto wrong = placeholders(text, "event-type host task instance archive");
    return wrong.empty() ? routing(text) : wrong;
}

std::string placeholders(std::string_view text, std::string_view known) {
    for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
        const auto rest = text.substr(open + 1);
        const auto close = rest.find('}');
        if (close != std::string_view::npos && is_one_of(rest.substr(0, close), known)) continue;
        if (known.empty()) return fmt::format("expected no braces, got {}", quote(text.substr(open)));
        std::string names = "{";
        for (const char c : known)
            names += c == ' ' ? "}, {" : std::string(1, c);
        const auto last = names.rfind(", ");
        if (last != std::string::npos) names.replace(last, 2, " or ");
        return fmt::format("expected {}}} at {}", names, quote(text.substr(open)));
    }
    return {};
}

std::string index_name(std::string_view text) {
    auto wrong = placeholders(text, "test-type event-type host task instance archive date");
    if (!wrong.empty()) return wrong;
    constexpr std::size_t longest = 255;
    const auto never = [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || (c >= 'A' && c <= 'Z') ||
               std::string_view("\\/*?\"<>|,#:").find(c) != std::string_view::npos;
    };
    const bool is_name = !text.empty() && text.size() <= longest && text.front() != '-' &&
                         text.front() != '_' && text.front() != '+' && text.front() != '.' &&
                         std::ranges::none_of(text, never);
    if (is_name) return {};
    return fmt::format(
        "expected the name of an index (lower case; none of \\/*?\"<>|,#: and blanks; a letter, "
        "digit or placeholder first), got {}",
        quote(text));
}

std::string http_header(std::string_view name, std::string_view value) {
    const auto is_of_token = [](char c) {
        return is_letter_or_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    if (name.empty() || !std::ranges::all_of(name, is_of_token))
        return fmt::format("expected the name of a header field, got {}", quote(name));
    if (is_one_of(in_lower_case(name), "content-length transfer-encoding connection expect"))
        return fmt::format("{} says where a request ends, and is written by meshprobe", quote(name));
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::ranges::any_of(value, is_control)) return "expected one line without control characters";
    return {};
}

bool is_secret_header(std::string_view name) {
    const auto lower = in_lower_case(name);
    return std::ranges::any_of(
        std::array<std::string_view, 5>{"authorization", "token", "key", "secret", "cookie"},
        [&](std::string_view word) { return lower.ends_with(word); });
}

std::string http_method(std::string_view text) {
    constexpr std::size_t longest = 20;
    const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    const bool is_word = !text.empty() && text.size() <= longest && std::ranges::all_of(text, is_capital);
    // An answer to HEAD has no body, and what CONNECT begins is no HTTP any more.
    if (is_word && !is_one_of(text, "GET HEAD CONNECT OPTIONS TRACE")) return {};
    return fmt::format("expected a method that takes something, such as POST, PUT or PATCH, got {}",
                       quote(text));
}

std::string identifier(std::string_view text) {
    constexpr std::size_t longest = 48; // APP-NAME of RFC 5424
    const auto allowed = [](char c) {
        return is_letter_or_digit(c) || std::string_view("._-/").find(c) != std::string_view::npos;
    };
    if (!text.empty() && text.size() <= longest && std::ranges::all_of(text, allowed)) return {};
    return fmt::format("expected a name for the system log (at most {} letters, digits, \"._-/\"), got {}",
                       longest, quote(text));
}

std::string results_path(std::string_view text) {
    const auto slash = text.rfind('/');
    if (slash == std::string_view::npos || text.front() != '/') return absolute_path(text);
    const auto directory = text.substr(0, slash);
    if (directory.empty())
        return fmt::format("expected the path of a file in a directory of its own, got {}", quote(text));
    if (directory.find('{') != std::string_view::npos) {
        return fmt::format(
            "expected placeholders only in the name of the file, not in that of its directory, "
            "got {}",
            quote(text));
    }
    // Of the name, what is left without its placeholders.
    std::string name(text.substr(slash));
    for (auto open = name.find('{'); open != std::string::npos; open = name.find('{', open)) {
        const auto close = name.find('}', open);
        name.replace(open, close == std::string::npos ? close : close - open + 1, "x");
    }
    if (auto wrong = routing_key(text.substr(slash)); !wrong.empty()) return wrong;
    if (const auto wrong = program(directory); !wrong.empty() || !program(name).empty()) {
        return fmt::format(
            "expected the path of a file (letters, digits, \"/._-+@\", and placeholders in its "
            "name), got {}",
            quote(text));
    }
    return {};
}

std::string url(std::string_view text, std::string_view schemes) {
    const auto parts = split(text);
    const auto blank = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
    if (!is_one_of(parts.scheme, schemes) || std::ranges::any_of(text, blank)) {
        return fmt::format("expected {}, got {}", as_example(schemes), quote(without_password(text)));
    }
    if (const auto host = parse_host_name(parts.host); !host) return host.error().message;
    return {};
}

std::string document_url(std::string_view text) {
    constexpr std::string_view host = "{host}";
    std::string filled(text);
    for (auto at = filled.find(host); at != std::string::npos; at = filled.find(host, at))
        filled.replace(at, host.size(), "host");
    if (filled.find_first_of("{}") != std::string::npos)
        return fmt::format("expected no other braces than those of {{host}}, got {}", quote(text));
    return url(filled, "https http");
}

std::size_t path_of_url(std::string_view url) {
    const auto scheme = url.find("://");
    return std::min(url.size(), url.find_first_of("/?#", scheme == std::string_view::npos ? 0 : scheme + 3));
}

std::string_view user_of_url(std::string_view url) {
    const auto user = split(url).user;
    return user.substr(0, user.find(':'));
}

bool has_password(std::string_view url) {
    const auto user = split(url).user;
    const auto colon = user.find(':');
    return colon != std::string_view::npos && colon + 1 < user.size();
}

std::string without_password(std::string_view url) {
    std::string result(url);
    if (!has_password(url)) return result;
    const auto user = split(url).user;
    const auto begin = static_cast<std::size_t>(user.data() - url.data()) + user.find(':') + 1;
    const auto end = static_cast<std::size_t>(user.data() - url.data()) + user.size();
    return result.replace(begin, end - begin, "***");
}

} // namespace meshprobe::check
