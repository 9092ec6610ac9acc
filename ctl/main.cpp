// meshprobectl: finds the command, parses its options, calls it. The commands themselves: ctl/commands.hpp.
#include "ctl/commands.hpp"
#include "ctl/output.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using namespace meshprobe;

/// The first word that is neither an option nor the directory that follows `--root`.
std::optional<std::size_t> find_command_word(std::span<const char* const> argv) {
    for (std::size_t index = 1; index < argv.size(); ++index) {
        const std::string_view word = argv[index];
        if (word == "--root") {
            ++index;
        } else if (!word.starts_with('-')) {
            return index;
        }
    }
    return std::nullopt;
}

ExitCode unknown_command(std::string_view name) {
    std::vector<std::string_view> names;
    std::ranges::transform(commands, std::back_inserter(names), &Command::name);
    auto guess = nearest(name, names);
    if (const auto longer = std::ranges::find_if(names, [&](auto known) { return known.starts_with(name); });
        longer != names.end()) {
        guess = *longer; // "stat" is a short "status" before it is a misspelt "start"
    }
    return complain_about_usage("", fmt::format("there is no command \"{}\"{}", name,
                                                guess ? fmt::format(" (did you mean \"{}\"?)", *guess) : ""));
}

void print_overview() {
    fmt::print("{}\nCommands:\n",
               help_text("meshprobectl [--root DIR] COMMAND [OPTIONS] [ARGUMENTS]",
                         "Looks after meshprobe: its meshes, hosts, spools and archives.", {}));
    for (const Command& command : commands)
        fmt::print("  {:<12} {}\n", command.name, command.purpose);
    fmt::print(
        "\n'meshprobectl COMMAND --help' shows the options of a command; meshprobectl(1) says the rest.\n");
}

void print_help(const Command& command) {
    std::string purpose(command.purpose);
    purpose.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(purpose.front())));
    fmt::print("{}", help_text(fmt::format("meshprobectl {} [OPTIONS]", command.usage), purpose + ".",
                               command.options));
}

ExitCode help(const CommandLine& line) {
    if (line.arguments.empty()) {
        print_overview();
        return ExitCode::success;
    }
    const auto command = std::ranges::find(commands, line.arguments.front(), &Command::name);
    if (command == commands.end()) return unknown_command(line.arguments.front());
    print_help(*command);
    return ExitCode::success;
}

/// Commands that write make what they need; one that only looks would call an empty place a healthy one.
bool only_looks(std::string_view command, const CommandLine& line) {
    const std::string_view verb = line.arguments.empty() ? "list" : std::string_view(line.arguments.front());
    if (command == "mesh") return verb == "list" || verb == "show";
    if (command == "spool") return verb == "list" || verb == "show";
    if (command == "trust") return !line.has("accept") && !line.has("forget");
    if (command == "coverage") return !line.has("record");
    constexpr std::array<std::string_view, 7> lookers{"check", "config", "explain", "gaps",
                                                      "hosts", "plan",   "status"};
    return std::ranges::find(lookers, command) != lookers.end();
}

/// What cannot even be looked at is left to the command, which says so.
bool is_missing(const std::filesystem::path& root) {
    std::error_code error;
    return !std::filesystem::is_directory(root, error) &&
           (!error || error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory);
}

ExitCode run(std::span<const char* const> argv) {
    const auto word = find_command_word(argv);
    if (!word) {
        const auto line = parse_command_line(argv, {});
        if (!line) return complain_about_usage("", line.error().message);
        if (line->version) {
            fmt::print("{}", version_text("meshprobectl"));
            return ExitCode::success;
        }
        if (!line->help) return complain_about_usage("", "say which command you want");
        print_overview();
        return ExitCode::success;
    }
    const std::string_view name = argv[*word];
    std::vector<const char*> others(argv.begin(), argv.end());
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(*word));

    const auto command = std::ranges::find(commands, name, &Command::name);
    if (command == commands.end() && name != "help") return unknown_command(name);
    const auto line =
        parse_command_line(others, name == "help" ? std::span<const Option>{} : command->options);
    if (!line) return complain_about_usage(name, line.error().message);
    if (line->version) {
        fmt::print("{}", version_text("meshprobectl"));
        return ExitCode::success;
    }
    if (name == "help") return help(*line);
    if (line->help) {
        print_help(*command);
        return ExitCode::success;
    }
    if (only_looks(name, *line) && is_missing(line->paths.root())) {
        return complain_about_usage(
            name, fmt::format("--root: there is no directory {}", line->paths.root().string()));
    }
    return command->function(*line);
}

} // namespace

int main(int argc, char** argv) {
    try {
        return to_int(run({argv, static_cast<std::size_t>(argc)}));
    } catch (const std::exception& exception) {
        return to_int(complain({ErrorKind::internal, exception.what()}));
    }
}
