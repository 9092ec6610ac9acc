#include "lib/host_record.hpp"

#include "lib/file.hpp"
#include "lib/json.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

namespace meshprobe {

namespace {

constexpr std::size_t largest_book = 64U << 20;
constexpr std::size_t largest_record = 1U << 20;
constexpr std::string_view before_name = "{\"host\":\""; // names hold nothing that JSON would escape

Error broken_line(const Paths& paths, std::string_view why) {
    return {ErrorKind::storage, fmt::format("{}: {}; remove it and run \"{} start meshprobe-refresh\"",
                                            paths.host_records().string(), why, systemctl(paths.scope()))};
}

/// Empty: this is no line of ours.
std::string_view host_of(std::string_view line) {
    if (!line.starts_with(before_name)) return {};
    line.remove_prefix(before_name.size());
    return line.substr(0, line.find('"'));
}

Result<HostRecord> parse_record(const Paths& paths, std::string_view line) {
    try {
        const auto json = nlohmann::json::parse(line);
        return HostRecord{
            .host = json.at("host").get<std::string>(),
            .measurement_archives = json.at("measurement-archives").get<std::vector<std::string>>(),
            .meshes = json.at("meshes").get<std::vector<std::string>>(),
            .addresses = json.at("addresses").get<std::vector<std::string>>(),
            .alias_of = json.at("alias-of").is_null() ? "" : json.at("alias-of").get<std::string>(),
        };
    } catch (const nlohmann::json::exception& error) {
        return fail(broken_line(paths, error.what()));
    }
}

std::string_view take_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
}

/// The file, block by block. It is replaced as a whole and never changed in place, so that what was opened
/// stays as it is.
class Book {
  public:
    explicit Book(const Paths& paths) : paths_(paths) {}

    /// false: there is none.
    Result<bool> open() {
        fd_ = FileDescriptor(
            ::open(paths_.host_records().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
        if (!fd_.is_open() && errno == ENOENT) return false;
        struct stat info {};
        if (!fd_.is_open() || ::fstat(fd_.get(), &info) < 0)
            return fail_errno("open " + paths_.host_records().string());
        if (!S_ISREG(info.st_mode)) return fail(broken_line(paths_, "not a regular file"));
        size_ = static_cast<std::size_t>(info.st_size);
        return true;
    }

    Result<std::optional<HostRecord>> find(std::string_view host) {
        // Lines that begin in [low, high) may be the one; low is the beginning of a line.
        std::size_t low = 0;
        std::size_t high = size_;
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            const auto start = middle == low ? Result<std::size_t>(low) : line_from(middle);
            if (!start) return fail(start.error());
            if (*start >= high) {
                high = middle;
                continue;
            }
            const auto line = line_at(*start);
            if (!line) return fail(line.error());
            const auto name = host_of(*line);
            if (name.empty()) return fail(broken_line(paths_, fmt::format("no record at byte {}", *start)));
            if (name == host) {
                auto record = parse_record(paths_, *line);
                if (!record) return fail(record.error());
                return std::optional(std::move(*record));
            }
            if (name < host) {
                low = *start + line->size() + 1;
            } else {
                high = middle;
            }
        }
        return std::optional<HostRecord>{};
    }

  private:
    /// Where the first line begins that begins at `offset` or behind it; 0 has one.
    Result<std::size_t> line_from(std::size_t offset) {
        const auto rest = line_at(offset - 1);
        if (!rest) return fail(rest.error());
        return offset + rest->size();
    }

    /// From `offset` to the end of the line, without it.
    Result<std::string> line_at(std::size_t offset) {
        std::string line;
        std::array<char, 1024> block{};
        while (line.size() <= largest_record) {
            const ssize_t count =
                ::pread(fd_.get(), block.data(), block.size(), static_cast<off_t>(offset + line.size()));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail_errno("read " + paths_.host_records().string());
            const std::string_view had(block.data(), static_cast<std::size_t>(count));
            const auto end = had.find('\n');
            line += had.substr(0, end);
            if (had.empty() || end != std::string_view::npos) return line;
        }
        return fail(broken_line(paths_, fmt::format("a line of more than {} bytes", largest_record)));
    }

    const Paths& paths_;
    FileDescriptor fd_;
    std::size_t size_ = 0;
};

} // namespace

Result<std::optional<HostRecord>> read_host_record(const Paths& paths, std::string_view host) {
    Book book(paths);
    const auto opened = book.open();
    if (!opened) return fail(opened.error());
    if (!*opened) return std::optional<HostRecord>{};
    return book.find(host);
}

Result<HostRecords> read_host_records(const Paths& paths) {
    const auto text = read_file_if_exists(paths.host_records(), largest_book, Links::refuse);
    if (!text) return fail(text.error());
    HostRecords records;
    for (std::string_view rest = *text ? std::string_view(**text) : std::string_view{}; !rest.empty();) {
        auto record = parse_record(paths, take_line(rest));
        if (!record) return fail(record.error());
        std::string host = record->host;
        records.emplace_hint(records.end(), std::move(host), std::move(*record));
    }
    return records;
}

std::string format_host_records(const HostRecords& records) {
    using nlohmann::ordered_json;
    std::string text;
    for (const auto& [host, record] : records) {
        const ordered_json json{
            {"host", host},
            {"measurement-archives", record.measurement_archives},
            {"meshes", record.meshes},
            {"addresses", record.addresses},
            {"alias-of", record.alias_of.empty() ? ordered_json() : ordered_json(record.alias_of)},
        };
        text += json.dump() + "\n";
    }
    return text;
}

std::string merge_host_records(std::string_view preferred, std::string_view other) {
    std::string merged;
    const auto add = [&](std::string_view line) {
        if (!host_of(line).empty()) merged.append(line) += '\n'; // a broken file is not carried on
    };
    while (!preferred.empty() && !other.empty()) {
        const auto order = host_of(preferred) <=> host_of(other);
        if (order <= 0)
            add(take_line(preferred));
        else
            add(take_line(other));
        if (order == 0) take_line(other);
    }
    while (!preferred.empty())
        add(take_line(preferred));
    while (!other.empty())
        add(take_line(other));
    return merged;
}

std::string standard_archive_url(std::string_view host) {
    return fmt::format("https://{}/esmond/perfsonar/archive/", host);
}

} // namespace meshprobe
