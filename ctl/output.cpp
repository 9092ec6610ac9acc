#include "ctl/output.hpp"

#include "lib/json.hpp"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace meshprobe {

namespace {

constexpr std::string_view ellipsis = "…";

bool starts_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, starts_character));
}

std::size_t terminal_width() {
    if (::isatty(STDOUT_FILENO) == 0) return 0;
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

} // namespace

std::string shortened(std::string_view text, std::size_t width) {
    if (width_of(text) <= width) return std::string(text);
    std::size_t characters = 0;
    std::size_t end = 0;
    while (end < text.size()) {
        if (starts_character(text[end]) && ++characters == width) break;
        ++end;
    }
    return std::string(text.substr(0, end)) + std::string(ellipsis);
}

std::size_t output_width() {
    if (const char* columns = std::getenv("COLUMNS")) {
        const auto width = std::strtoul(columns, nullptr, 10);
        if (width >= 40 && width <= 1000) return width;
    }
    return terminal_width();
}

ExitCode complain(const Error& error) {
    fmt::print(stderr, "meshprobectl: {}\n", printable(error.message));
    return exit_code(error.kind);
}

ExitCode complain_about_usage(std::string_view command, std::string_view message) {
    fmt::print(stderr, "meshprobectl: {}\nTry 'meshprobectl {}--help'.\n", printable(message),
               command.empty() ? std::string() : fmt::format("{} ", command));
    return ExitCode::usage;
}

std::string local_time(std::int64_t usec) {
    if (usec == 0) return "-";
    const auto seconds = static_cast<std::time_t>(usec / 1'000'000);
    std::tm broken_down{};
    if (::localtime_r(&seconds, &broken_down) == nullptr) return "-";
    return fmt::format("{:%Y-%m-%d %H:%M:%S}", broken_down);
}

std::string relative_time(std::int64_t usec, std::int64_t now) {
    if (usec == 0) return "-";
    struct Unit {
        std::string_view name;
        std::int64_t seconds;
    };
    static constexpr std::array units{Unit{"d", 86400}, Unit{"h", 3600}, Unit{"min", 60}, Unit{"s", 1}};
    const std::int64_t distance = std::abs(now - usec) / 1'000'000;
    std::string span = "0s";
    for (std::size_t index = 0; index < units.size(); ++index) {
        if (distance < units[index].seconds) continue;
        span = fmt::format("{}{}", distance / units[index].seconds, units[index].name);
        if (index + 1 < units.size()) {
            const std::int64_t rest = distance % units[index].seconds / units[index + 1].seconds;
            if (rest > 0) span += fmt::format(" {}{}", rest, units[index + 1].name);
        }
        break;
    }
    return usec <= now ? span + " ago" : "in " + span;
}

void Table::add(std::vector<std::string> cells) {
    cells.resize(headings_.size());
    std::ranges::transform(cells, cells.begin(), [](const std::string& cell) { return one_line(cell); });
    rows_.push_back(std::move(cells));
}

std::string Table::text(bool legend, std::size_t width) const {
    std::vector<std::size_t> widths(headings_.size(), 0);
    const auto measure = [&](const std::vector<std::string>& cells) {
        for (std::size_t column = 0; column < cells.size(); ++column) {
            widths[column] = std::max(widths[column], width_of(cells[column]));
        }
    };
    if (legend) measure(headings_);
    std::ranges::for_each(rows_, measure);

    std::string text;
    const auto append = [&](const std::vector<std::string>& cells) {
        std::size_t used = 0;
        for (std::size_t column = 0; column + 1 < cells.size(); ++column) {
            text += cells[column] + std::string(widths[column] - width_of(cells[column]) + 2, ' ');
            used += widths[column] + 2;
        }
        if (!cells.empty()) {
            const std::size_t room = width > used + 8 ? width - used : 8;
            text += width == 0 ? cells.back() : shortened(cells.back(), room);
        }
        text.erase(text.find_last_not_of(' ') + 1);
        text += '\n';
    };
    if (legend) append(headings_);
    std::ranges::for_each(rows_, append);
    return text;
}

void Table::print(bool legend) const {
    fmt::print("{}", text(legend, output_width()));
}

void Table::print_whole(bool legend) const {
    fmt::print("{}", text(legend, 0));
}

std::string json_text(const nlohmann::ordered_json& json) {
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void print_json(const nlohmann::ordered_json& json) {
    fmt::print("{}\n", json_text(json));
}

} // namespace meshprobe
