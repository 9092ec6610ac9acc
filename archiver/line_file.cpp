#include "archiver/line_file.hpp"

#include "lib/spool/segment.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace meshprobe {
namespace {

constexpr mode_t readable_for_all = 0644; // what is not wanted so is taken away by the unit's UMask=

std::chrono::system_clock::time_point time_of(const struct statx_timestamp& time) {
    return std::chrono::system_clock::time_point(std::chrono::seconds(time.tv_sec) +
                                                 std::chrono::microseconds(time.tv_nsec / 1000));
}

} // namespace

Result<LineFile> LineFile::open(std::filesystem::path path) {
    // No FIFO may keep us waiting, no link lead us elsewhere.
    FileDescriptor fd(::open(path.c_str(),
                             O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
                             readable_for_all));
    if (!fd.is_open()) return fail_errno("open " + path.string());
    LineFile file(std::move(path), std::move(fd));
    if (auto prepared = file.prepare(); !prepared) return fail(prepared.error().in(file.path_.string()));
    return file;
}

Status LineFile::prepare() {
    struct statx status {};
    constexpr unsigned wanted = STATX_TYPE | STATX_SIZE | STATX_BTIME | STATX_MTIME;
    if (::statx(file_.get(), "", AT_EMPTY_PATH, wanted, &status) < 0) return fail_errno("stat");
    if (!S_ISREG(status.stx_mode)) return fail(ErrorKind::storage, "it is no regular file");
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK) return fail_errno("flock");
        return fail(ErrorKind::storage, "another program writes to it; each archive needs a path of its own");
    }
    size_ = status.stx_size;
    const auto now = std::chrono::system_clock::now();
    if (size_ == 0) {
        begun_ = now;
        return sync_directory(path_.parent_path()); // it may be new
    }
    const bool has_birth = (status.stx_mask & STATX_BTIME) != 0;
    begun_ = std::min(now, time_of(has_birth ? status.stx_btime : status.stx_mtime));
    return cut_torn_line();
}

Status LineFile::cut_torn_line() {
    const auto end = end_of_last_line();
    if (!end) return fail(end.error());
    if (*end == size_) return {};
    if (::ftruncate(file_.get(), static_cast<off_t>(*end)) < 0) return fail_errno("truncate");
    if (::fdatasync(file_.get()) < 0) return fail_errno("fdatasync");
    cut_off_ = size_ - *end;
    size_ = *end;
    return {};
}

Result<std::uint64_t> LineFile::end_of_last_line() const {
    std::array<char, 65536> piece{};
    std::uint64_t end = size_;
    while (end > 0) {
        const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), end));
        const ssize_t count = ::pread(file_.get(), piece.data(), length, static_cast<off_t>(end - length));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("read");
        if (static_cast<std::size_t>(count) != length)
            return fail(ErrorKind::storage, "it was emptied while its end was looked at");
        const auto found = std::string_view(piece.data(), length).rfind('\n');
        if (found != std::string_view::npos) return end - length + found + 1;
        end -= length;
        if (size_ - end > max_segment_size)
            return fail(ErrorKind::storage,
                        "it holds something else than lines; move it away, or write to another");
    }
    return std::uint64_t{0};
}

Result<std::uint64_t> LineFile::size_now() const {
    struct stat status {};
    if (::fstat(file_.get(), &status) < 0) return fail_errno("stat");
    return static_cast<std::uint64_t>(status.st_size);
}

Status LineFile::append(std::string_view lines) {
    const auto before = size_now(); // somebody may have emptied it
    if (!before) return fail(before.error().in(path_.string()));
    Status done = write_all(file_.get(), lines);
    if (done && ::fdatasync(file_.get()) < 0) done = fail_errno("fdatasync");
    if (!done) {
        take_back(*before);
        return fail(done.error().in(path_.string()));
    }
    if (*before == 0) begun_ = std::chrono::system_clock::now();
    size_ = *before + lines.size();
    return {};
}

/// Half a batch would be repeated, half a line is not to be read by anybody. What this cannot do, the next
/// open() does as far as it matters.
void LineFile::take_back(std::uint64_t size) {
    const auto now = size_now();
    if (!now || *now <= size) return; // never longer: that would be zeros
    static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(size)));
}

bool LineFile::is_in_place() const {
    struct stat own {};
    struct stat named {};
    return ::fstat(file_.get(), &own) == 0 && ::lstat(path_.c_str(), &named) == 0 &&
           own.st_dev == named.st_dev && own.st_ino == named.st_ino &&
           static_cast<std::uint64_t>(own.st_size) >= size_;
}

} // namespace meshprobe
