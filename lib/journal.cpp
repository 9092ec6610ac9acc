#include "lib/journal.hpp"

#include "lib/file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>

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

/// The native protocol, one datagram of "NAME=VALUE" lines. Spoken here and not through libsystemd, whose
/// seven libraries cost a short program 1 MiB and 1 ms at each start.
bool send_to_journal(std::string_view entry) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    constexpr std::string_view path = "/run/systemd/journal/socket";
    path.copy(address.sun_path, path.size());
    const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const void* name = &address;
    const ssize_t sent = ::sendto(socket.get(), entry.data(), entry.size(), MSG_NOSIGNAL,
                                  static_cast<const sockaddr*>(name), sizeof address);
    return sent == static_cast<ssize_t>(entry.size());
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
    // A value with a line break would need another notation, and a datagram has its limits.
    constexpr std::size_t longest = 16384;
    std::string entry = fmt::format("MESSAGE={}\nPRIORITY={}\nSYSLOG_IDENTIFIER={}\n",
                                    std::string_view(line).substr(0, longest), level, program_);
    if (id != nullptr) entry += fmt::format("MESSAGE_ID={}\n", id->id);
    for (const auto* list : {&identity_, &fields}) {
        for (const auto& field : *list)
            entry += fmt::format("{}={}\n", field.name, one_line(field.value).substr(0, longest));
    }
    if (!send_to_journal(entry)) {
        write_ignoring_errors(STDERR_FILENO, fmt::format("<{}>{}\n", level, line));
    }
}

} // namespace meshprobe
