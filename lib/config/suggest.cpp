#include "lib/config/suggest.hpp"

#include "lib/config/utf8.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

std::string simplified(std::string_view word) {
    std::string result(word);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '_' || c == ' ') c = '-';
    }
    return result;
}

/// Insertions, deletions, replacements and exchanges of neighbours (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        table[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j)
        table[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t same = a[i - 1] == b[j - 1] ? 0 : 1;
            table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + same});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
            }
        }
    }
    return table[a.size()][b.size()];
}

std::string_view nearest_to(std::string_view word, std::span<const std::string_view> known) {
    constexpr std::size_t shortest = 3;
    constexpr std::size_t longest = 64; // the table is quadratic, and nobody mistypes longer words
    if (word.size() < shortest || word.size() > longest) return {};
    const auto wanted = simplified(word);
    std::string_view best;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto candidate : known) {
        if (candidate.size() > longest) continue;
        const auto other = simplified(candidate);
        // Singular for plural, as in "mesh" for "meshes", is the usual slip.
        const bool is_plural = other == wanted + "s" || other == wanted + "es";
        const auto differences = is_plural ? 0 : distance(wanted, other);
        if (differences < least) {
            least = differences;
            best = candidate;
        }
    }
    return best;
}

} // namespace

std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
    const auto near = nearest_to(word, known);
    return near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near);
}

std::string quote(std::string_view text) {
    constexpr std::size_t shown = 60;
    std::string result = "\"";
    std::size_t characters = 0;
    for (const char c : text) {
        if (!is_utf8_continuation(c) && characters++ == shown) return result + "…\"";
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            result += c;
        }
    }
    return result + "\"";
}

std::string enumerate(std::span<const std::string_view> words, std::string_view conjunction) {
    std::string result;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) result += i + 1 == words.size() ? fmt::format(" {} ", conjunction) : ", ";
        result += words[i];
    }
    return result;
}

} // namespace meshprobe
