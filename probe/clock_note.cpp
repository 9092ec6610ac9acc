#include "probe/clock_note.hpp"

#include "lib/file.hpp"

#include <charconv>
#include <cstdlib>
#include <string>

namespace meshprobe {

bool is_first_to_note(const Paths& paths, std::int64_t step_usec, const Moment& now) {
    // Where a boot began by the time of day: what a step changes.
    const std::int64_t begin = now.wall_usec - now.boot_usec;
    const auto file = paths.slots() / "clock";
    if (const auto text = read_file_if_exists(file, 32, Links::refuse); text && *text) {
        std::int64_t noted = 0;
        const auto [end, error] = std::from_chars((*text)->data(), (*text)->data() + (*text)->size(), noted);
        if (error == std::errc{} && std::abs(begin - noted) < std::abs(step_usec) / 2) return false;
    }
    static_cast<void>(write_file_atomically(file, std::to_string(begin)));
    return true;
}

} // namespace meshprobe
