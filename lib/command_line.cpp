#include "lib/command_line.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <system_error>

namespace meshprobe {

namespace {

constexpr std::array common{
    Option{"root", "DIR", "prefix meshprobe's own paths with DIR"},
    Option{"user", "", "the calling user's own meshprobe, not the system's"},
    Option{"json", "", "print JSON"},
    Option{"help", "", "show this text"},
    Option{"version", "", "show the version"},
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
        }
    }
    return row.back();
}

} // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known) {
    std::optional<std::string_view> best;
    std::size_t smallest =
        std::max<std::size_t>(2, word.size() / 3) + 1; // further away is another word, not a slip
    for (const auto candidate : known) {
        const auto distance = edit_distance(word, candidate);
        if (distance < smallest) {
            smallest = distance;
            best = candidate;
        }
    }
    return best;
}

bool CommandLine::has(std::string_view option) const {
    return value(option).has_value();
}

std::optional<std::string> CommandLine::value(std::string_view option) const {
    const auto last =
        std::find_if(given.rbegin(), given.rend(), [&](const auto& pair) { return pair.first == option; });
    if (last == given.rend()) return std::nullopt;
    return last->second;
}

Result<CommandLine> parse_command_line(std::span<const char* const> argv, std::span<const Option> options) {
    std::vector<Option> known(options.begin(), options.end());
    known.insert(known.end(), common.begin(), common.end());

    CommandLine line;
    bool options_ended = false;
    for (std::size_t i = 1; i < argv.size(); ++i) {
        const std::string_view word = argv[i];
        if (!options_ended && word == "-h") {
            line.help = true;
            continue;
        }
        if (options_ended || !word.starts_with("--")) {
            if (!options_ended && word.size() > 1 && word.starts_with('-')) {
                return fail(ErrorKind::usage, fmt::format("unknown option \"{}\"; see --help", word));
            }
            line.arguments.emplace_back(word);
            continue;
        }
        if (word == "--") {
            options_ended = true;
            continue;
        }
        const auto equals = word.find('=');
        const auto name = word.substr(2, equals == std::string_view::npos ? equals : equals - 2);
        const auto option = std::ranges::find(known, name, &Option::name);
        if (option == known.end()) {
            std::vector<std::string_view> names;
            for (const auto& one : known)
                names.push_back(one.name);
            const auto guess = nearest(name, names);
            return fail(ErrorKind::usage,
                        guess ? fmt::format("unknown option --{} (did you mean --{}?)", name, *guess)
                              : fmt::format("unknown option --{}; see --help", name));
        }
        std::string value;
        if (option->value.empty()) {
            if (equals != std::string_view::npos)
                return fail(ErrorKind::usage, fmt::format("--{} takes no value", name));
        } else if (equals != std::string_view::npos) {
            value = word.substr(equals + 1);
        } else if (i + 1 < argv.size()) {
            value = argv[++i];
        } else {
            return fail(ErrorKind::usage,
                        fmt::format("--{} needs a value: --{} {}", name, name, option->value));
        }
        line.given.emplace_back(name, value);
    }
    line.json = line.has("json");
    line.help = line.help || line.has("help");
    line.version = line.has("version");
    if (const auto root = line.value("root")) {
        if (root->empty()) return fail(ErrorKind::usage, "--root needs a directory");
        // Absolute, so that nothing depends on the working directory; "/." and the like are "/" still.
        std::error_code error;
        auto absolute = std::filesystem::absolute(*root, error).lexically_normal();
        if (error) return fail(ErrorKind::usage, fmt::format("--root {}: {}", *root, error.message()));
        if (!absolute.has_filename() && absolute.has_relative_path()) absolute = absolute.parent_path();
        line.paths = Paths(absolute);
    }
    if (line.has("user")) line.paths = Paths::of_user(line.paths.root());
    return line;
}

std::string help_text(std::string_view usage, std::string_view purpose, std::span<const Option> options) {
    std::string text = fmt::format("Usage: {}\n\n{}\n\nOptions:\n", usage, purpose);
    const auto describe = [&text](const Option& option) {
        const auto left = option.value.empty() ? fmt::format("--{}", option.name)
                                               : fmt::format("--{} {}", option.name, option.value);
        text += fmt::format("  {:<22} {}\n", left, option.help);
    };
    std::ranges::for_each(options, describe);
    std::ranges::for_each(common, describe);
    return text;
}

std::string version_text(std::string_view program) {
    return fmt::format("{} {}\n", program, MESHPROBE_VERSION);
}

} // namespace meshprobe
