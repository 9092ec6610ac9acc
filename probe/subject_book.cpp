#include "probe/subject_book.hpp"

#include "lib/checkpoint/subjects.hpp"
#include "lib/file.hpp"
#include "probe/series_history.hpp"

#include <fmt/core.h>

#include <set>
#include <string_view>
#include <utility>

namespace meshprobe {

namespace {

using Lines = std::map<std::string, std::string>;

std::string_view or_null(const std::string& json_text) {
    return json_text.empty() ? std::string_view("null") : std::string_view(json_text);
}

/// Of a line as note() makes it; empty: it is none. Keys hold nothing that JSON escapes.
std::string_view key_of(std::string_view line) {
    if (!line.starts_with("[\"")) return {};
    const auto end = line.find('"', 2);
    return end == std::string_view::npos ? std::string_view() : line.substr(2, end - 2);
}

Lines parse_lines(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        if (const auto key = key_of(line); !key.empty())
            lines.insert_or_assign(std::string(key), std::string(line));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

/// Entries whose series were forgotten, or never had a point.
void drop_unused(Lines& lines, const SeriesTable& series) {
    std::set<std::string_view> used;
    for (SeriesTable::Index index = 0; index < series.size(); ++index) {
        const auto id = series.id(index);
        used.insert(id.substr(0, id.find(' ')));
    }
    std::erase_if(lines, [&](const auto& entry) { return !used.contains(entry.first); });
}

} // namespace

void SubjectBook::note(const MetadataEntry& entry, Flavour flavour) {
    if (noted_.size() >= most_subjects) return;
    const EntryMeta& meta = entry.meta;
    noted_.insert_or_assign(entry.key,
                            fmt::format(R"(["{}",{},{},{},{},{},"{}","{}"])", entry.key, or_null(meta.source),
                                        or_null(meta.destination), or_null(meta.input_source),
                                        or_null(meta.input_destination), or_null(meta.test_type),
                                        series_identity(meta), keys_of(flavour)));
}

Status SubjectBook::write(const SeriesTable& series) {
    const Lines noted = std::exchange(noted_, {});
    if (noted.empty()) return {};
    const auto file = subjects_file(paths_, instance_);
    const auto text = read_file_if_exists(file, largest_subjects_file, Links::refuse);
    if (!text) return fail(text.error());
    Lines lines = *text ? parse_lines(**text) : Lines();
    for (const auto& [key, line] : noted)
        lines.insert_or_assign(key, line);
    if (lines.size() > most_subjects) drop_unused(lines, series);
    std::string bytes;
    for (const auto& [key, line] : lines) {
        bytes += line;
        bytes += '\n';
    }
    if (*text && bytes == **text) return {};
    return write_file_atomically(file, bytes);
}

} // namespace meshprobe
