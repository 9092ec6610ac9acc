#include "probe/slot.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <system_error>

namespace meshprobe {

namespace {

using Clock = std::chrono::steady_clock;

/// Every so often all slots are tried even if no bell rang: it may have rung for a slot that is not watched,
/// and where inotify is exhausted none rings at all.
constexpr std::chrono::milliseconds patience(1000);

/// Opened for reading only: those who try must not ring the bell of those who wait.
Result<std::optional<FileDescriptor>> try_lock(const std::filesystem::path& path) {
    FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0660));
    if (!fd.is_open()) return fail_errno(fmt::format("open {}", path.string()));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return std::optional(std::move(fd));
    if (errno == EWOULDBLOCK || errno == EINTR) return std::optional<FileDescriptor>();
    return fail_errno(fmt::format("lock {}", path.string()));
}

/// Tells when a holder of slot `number` has gone, however it went.
class Bell {
  public:
    explicit Bell(const std::filesystem::path& slot) : fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
        if (fd_.is_open() && ::inotify_add_watch(fd_.get(), slot.c_str(), IN_CLOSE_WRITE) < 0) fd_.close();
    }

    void wait(std::chrono::milliseconds most) {
        pollfd waiting{
            .fd = fd_.get(), .events = POLLIN, .revents = 0}; // -1 is ignored: only the time counts
        if (::poll(&waiting, 1, static_cast<int>(most.count())) <= 0) return;
        std::array<char, 4096> events{};
        while (::read(fd_.get(), events.data(), events.size()) > 0) {
        }
    }

  private:
    FileDescriptor fd_;
};

} // namespace

Slot::Slot(unsigned number, FileDescriptor lock, FileDescriptor bell)
    : number_(number), lock_(std::move(lock)), bell_(std::move(bell)) {}

/// The living try the highest number first and the dead may use only the lowest ones, so that they meet late.
/// A slot that cannot be opened (somebody ran a probe by hand as another user) is no reason to leave out the
/// others.
Result<std::optional<Slot>> Slot::try_all(const std::filesystem::path& directory, unsigned usable) {
    std::optional<Error> error;
    unsigned unusable = 0;
    for (unsigned number = usable; number-- > 0;) {
        const auto path = directory / std::to_string(number);
        auto lock = try_lock(path);
        if (!lock) {
            error = lock.error();
            ++unusable;
            continue;
        }
        if (!*lock) continue;
        FileDescriptor bell(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
        if (!bell.is_open()) return fail_errno(fmt::format("open {}", path.string()));
        return std::optional(Slot(number, std::move(**lock), std::move(bell)));
    }
    if (unusable == usable) return fail(*error);
    return std::optional<Slot>();
}

Result<std::optional<Slot>> Slot::take(const Paths& paths, const Settings& settings) {
    const auto share = [&](unsigned all) { return std::max(settings.dead_host ? all / 4 : all, 1U); };
    const unsigned usable = share(settings.count);
    const auto directory = paths.slots();
    auto slot = try_all(directory, usable);
    // Who may not look does not get further by making it. Another probe may have made it meanwhile: what
    // failed is tried again all the same.
    std::error_code error;
    if (!slot && (std::filesystem::exists(directory, error) || !error)) {
        if (auto made = make_directories(directory); !made) return fail(made.error());
        slot = try_all(directory, usable);
    }
    if (!slot || *slot) return slot;

    for (unsigned ticket = 0; ticket < share(settings.tickets); ++ticket) {
        auto waiting = try_lock(directory / fmt::format("wait.{}", ticket));
        if (!waiting) return fail(waiting.error());
        if (*waiting) return wait(directory, usable, ticket % usable, settings);
    }
    return std::optional<Slot>();
}

/// Watches one slot, chosen by the ticket: a slot that becomes free wakes a few, not all.
Result<std::optional<Slot>> Slot::wait(const std::filesystem::path& directory, unsigned usable,
                                       unsigned watched, const Settings& settings) {
    const auto end = Clock::now() + settings.wait;
    Bell bell(directory / std::to_string(watched));
    while (true) {
        // After the bell is set up, so that no ring is missed.
        auto slot = try_all(directory, usable);
        if (!slot || *slot) return slot;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        if (left.count() <= 0 || (settings.stop && settings.stop())) return slot;
        bell.wait(std::min(left, patience));
    }
}

} // namespace meshprobe
