// What all programs take the same way: --root DIR, --user, --json, --help, --version, and their errors.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// One option of a program; `value` empty means that the option is a switch.
struct Option {
    std::string_view name;  ///< "jobs", written --jobs
    std::string_view value; ///< "N", for the usage text; empty: takes none
    std::string_view help;
};

struct CommandLine {
    Paths paths;
    bool json = false;
    bool help = false;
    bool version = false;
    std::vector<std::string> arguments;

    [[nodiscard]] bool has(std::string_view option) const;
    [[nodiscard]] std::optional<std::string> value(std::string_view option) const; // of the last one given

    std::vector<std::pair<std::string, std::string>> given;
};

/// The known word that was probably meant; nullopt if none is near.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> known);

/// Options may stand anywhere, `--x=v` and `--x v` are the same, `--` ends them; an unknown one is an error
/// that names the nearest known one.
[[nodiscard]] Result<CommandLine> parse_command_line(std::span<const char* const> argv,
                                                     std::span<const Option> options);

/// `usage` is the first line ("meshprobe-probe [OPTIONS] INSTANCE"), then one line of purpose, then the
/// options.
[[nodiscard]] std::string help_text(std::string_view usage, std::string_view purpose,
                                    std::span<const Option> options);
[[nodiscard]] std::string version_text(std::string_view program);

} // namespace meshprobe
