#include "archiver/rotated_files.hpp"

#include "lib/spool/file_system.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <string_view>

namespace meshprobe {
namespace {

constexpr std::string_view compressed_suffix = ".zst";
constexpr std::string_view form = ".00000000T000000Z"; // 0: a digit

std::string stamp(std::chrono::system_clock::time_point time) {
    return fmt::format(".{:%Y%m%dT%H%M%S}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

bool is_stamp(std::string_view text) {
    return std::ranges::equal(text, form, [](char c, char expected) {
        return expected == '0' ? c >= '0' && c <= '9' : c == expected;
    });
}

/// Takes `part` from an end of `text`, if it is there.
bool take_front(std::string_view& text, std::string_view part) {
    if (!text.starts_with(part)) return false;
    text.remove_prefix(part.size());
    return true;
}
bool take_back(std::string_view& text, std::string_view part) {
    if (!text.ends_with(part)) return false;
    text.remove_suffix(part.size());
    return true;
}

} // namespace

std::filesystem::path compressed_name(const std::filesystem::path& rotated) {
    return rotated.string().append(compressed_suffix);
}

std::filesystem::path unfinished_name(const std::filesystem::path& rotated) {
    return rotated.parent_path() / fmt::format(".{}{}", rotated.filename().string(), compressed_suffix);
}

Status rotate(const std::filesystem::path& path, std::chrono::system_clock::time_point now) {
    const auto earlier = rotated_files(path);
    if (!earlier) return fail(earlier.error());
    const std::string last = earlier->empty() ? std::string() : earlier->back().path.string();
    std::string target;
    do {
        target = path.string() + stamp(now);
        now += std::chrono::seconds(1);
    } while (target <= last.substr(0, target.size()));
    auto& files = FileSystem::real();
    if (auto renamed = files.rename(path, target); !renamed) return renamed;
    return files.sync_directory(path.parent_path());
}

Result<std::vector<RotatedFile>> rotated_files(const std::filesystem::path& path) {
    auto& files = FileSystem::real();
    const auto directory = path.parent_path();
    const auto names = files.list(directory);
    if (!names) return fail(names.error());
    const std::string own = path.filename().string();
    std::vector<RotatedFile> found;
    for (const std::string& name : *names) {
        std::string_view rest = name;
        const bool is_unfinished = take_front(rest, "." + own);
        if (!is_unfinished && !take_front(rest, own)) continue;
        const bool is_compressed = take_back(rest, compressed_suffix);
        if (!is_stamp(rest) || (is_unfinished && !is_compressed)) continue;
        if (!is_unfinished) {
            found.push_back({directory / name, is_compressed});
        } else if (auto removed = files.remove(directory / name); !removed) {
            return fail(removed.error());
        }
    }
    std::ranges::sort(found, {}, &RotatedFile::path);
    return found;
}

} // namespace meshprobe
