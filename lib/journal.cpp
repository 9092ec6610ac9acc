#include "lib/journal.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

namespace meshprobe {

namespace {

std::string_view environment(const char* name) {
    // Read once, before any thread exists; nothing of ours changes the environment.
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::string_view{} : std::string_view(value);
}

/// $JOURNAL_STREAM is "device:inode" of the stream systemd connected; a redirected stderr differs.
bool stderr_is_journal() {
    struct stat info {};
    return ::fstat(STDERR_FILENO, &info) == 0 &&
           environment("JOURNAL_STREAM") == fmt::format("{}:{}", info.st_dev, info.st_ino);
}

Priority most_verbose() {
    const auto level = environment("SYSTEMD_LOG_LEVEL");
    if (level == "debug" || level == "7") return Priority::debug;
    if (level == "warning" || level == "4") return Priority::warning;
    if (level == "err" || level == "3") return Priority::error;
    if (level == "notice" || level == "5") return Priority::notice;
    return Priority::info;
}

/// One line, whatever a stranger's text holds: terminals and the kernel log obey control characters.
std::string one_line(std::string_view message) {
    std::string line;
    for (const char c : message) {
        const auto byte = static_cast<unsigned char>(c);
        line += byte < 0x20 || byte == 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
    }
    return line;
}

void write_ignoring_errors(int fd, std::string_view line) {
    // There is nobody left to tell that logging failed.
    if (::write(fd, line.data(), line.size()) < 0) return;
}

} // namespace

Journal::Journal(std::string_view program, Fields identity)
    : Journal(program, stderr_is_journal() ? Sink::journal : Sink::standard_error, std::move(identity)) {}

Journal::Journal(std::string_view program, Sink sink, Fields identity)
    : program_(program), sink_(sink), identity_(std::move(identity)), most_verbose_(most_verbose()) {}

void Journal::log(Priority priority, const MessageId& id, std::string_view message,
                  const Fields& fields) const {
    send(priority, &id, message, fields);
}

void Journal::log(Priority priority, std::string_view message, const Fields& fields) const {
    send(priority, nullptr, message, fields);
}

void Journal::send(Priority priority, const MessageId* id, std::string_view message,
                   const Fields& fields) const {
    const int level = static_cast<int>(priority);
    if (priority > most_verbose_ && sink_ != Sink::journal) return;
    const std::string line = one_line(message);
    switch (sink_) {
    case Sink::standard_error: {
        write_ignoring_errors(STDERR_FILENO, fmt::format("{}: {}\n", program_, line));
        return;
    }
    case Sink::kernel_log: {
        constexpr std::size_t longest = 900; // the kernel refuses records near 1 KiB
        const int fd = ::open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
        const auto record = fmt::format("<{}>{}[{}]: {}\n", level, program_, ::getpid(),
                                        std::string_view(line).substr(0, longest));
        write_ignoring_errors(fd >= 0 ? fd : STDERR_FILENO, record);
        if (fd >= 0) ::close(fd);
        return;
    }
    case Sink::journal:
        break;
    }
    std::vector<std::string> entries{fmt::format("MESSAGE={}", line), fmt::format("PRIORITY={}", level),
                                     fmt::format("SYSLOG_IDENTIFIER={}", program_)};
    if (id != nullptr) entries.push_back(fmt::format("MESSAGE_ID={}", id->id));
    for (const auto* list : {&identity_, &fields}) {
        for (const auto& field : *list)
            entries.push_back(fmt::format("{}={}", field.name, field.value));
    }
    std::vector<iovec> parts;
    parts.reserve(entries.size());
    for (auto& entry : entries)
        parts.push_back({entry.data(), entry.size()});
    if (sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) < 0) {
        write_ignoring_errors(STDERR_FILENO, fmt::format("<{}>{}\n", level, line));
    }
}

} // namespace meshprobe
