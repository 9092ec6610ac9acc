// meshprobe-archive: delivers the spool of one archive, see deliver.hpp.
#include "archiver/session.hpp"
#include "lib/command_line.hpp"
#include "lib/journal.hpp"

#include <fmt/core.h>

#include <array>
#include <exception>

namespace {

using namespace meshprobe;

constexpr std::array options{
    Option{"drain", "", "deliver what is there, then end; 155 if anything is left"},
};

int run(std::span<const char* const> argv) {
    const auto line = parse_command_line(argv, options);
    if (!line) {
        fmt::print(stderr, "meshprobe-archive: {}\n", line.error().message);
        return to_int(ExitCode::usage);
    }
    if (line->help) {
        fmt::print("{}",
                   help_text("meshprobe-archive [OPTIONS] ARCHIVE",
                             "Delivers what is in the spool of ARCHIVE, and removes what was confirmed.",
                             options));
        return 0;
    }
    if (line->version) {
        fmt::print("{}", version_text("meshprobe-archive"));
        return 0;
    }
    if (line->arguments.size() != 1) {
        fmt::print(stderr,
                   "meshprobe-archive: name one archive, as the configuration calls it; see --help\n");
        return to_int(ExitCode::usage);
    }
    const std::string& name = line->arguments.front();
    const Journal journal("meshprobe-archive", {{"MESHPROBE_ARCHIVE", name}});
    return to_int(run_archiver(line->paths, name, line->has("drain"), journal));
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run({argv, static_cast<std::size_t>(argc)});
    } catch (const std::exception& error) { // out of memory, a bug: crash-safe like any other end
        fmt::print(stderr, "meshprobe-archive: unexpected: {}\n", error.what());
        return to_int(ExitCode::failure);
    }
}
