#include "archiver/compression.hpp"

#include "archiver/rotated_files.hpp"
#include "lib/spool/file_system.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace meshprobe {
namespace {

constexpr std::size_t step_size = 1U << 20; // 3 ms
constexpr std::size_t output_size = 1U << 17;
constexpr mode_t permissions = 0777;

} // namespace

Compression::Compression(const ZstdLibrary& zstd, std::filesystem::path rotated, Context context)
    : zstd_(&zstd), rotated_(std::move(rotated)), context_(std::move(context)), input_(step_size),
      output_(output_size) {}

Result<Compression> Compression::begin(const ZstdLibrary& zstd, std::filesystem::path rotated) {
    Context context(zstd.create_context(), zstd.free_context);
    if (!context) return fail(ErrorKind::internal, "libzstd: out of memory");
    zstd.set_parameter(context.get(), ZSTD_c_checksumFlag, 1);
    Compression made(zstd, std::move(rotated), std::move(context));
    made.from_ = FileDescriptor(
        ::open(made.rotated_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    if (!made.from_.is_open()) return fail_errno("open " + made.rotated_.string());
    struct stat status {};
    if (::fstat(made.from_.get(), &status) < 0) return fail_errno("stat " + made.rotated_.string());
    if (!S_ISREG(status.st_mode))
        return fail(ErrorKind::storage, made.rotated_.string() + ": it is no regular file");
    auto to = FileSystem::real().create(unfinished_name(made.rotated_), status.st_mode & permissions);
    if (!to) return fail(to.error());
    made.to_ = std::move(*to);
    return made;
}

Result<bool> Compression::step() {
    const auto size = read();
    if (!size) return fail(size.error().in("read " + rotated_.string()));
    const bool at_end = *size == 0;
    Status done = write(*size, at_end ? ZSTD_e_end : ZSTD_e_continue);
    if (done && at_end) done = finish();
    if (done) return !at_end;
    static_cast<void>(FileSystem::real().remove(unfinished_name(rotated_))); // half a file helps nobody
    return fail(done.error().in("compress " + rotated_.string()));
}

Result<std::size_t> Compression::read() {
    while (true) {
        const ssize_t count = ::read(from_.get(), input_.data(), input_.size());
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return fail_errno("read");
    }
}

Status Compression::write(std::size_t size, ZSTD_EndDirective what) {
    ZSTD_inBuffer input{input_.data(), size, 0};
    while (true) {
        ZSTD_outBuffer output{output_.data(), output_.size(), 0};
        const std::size_t left = zstd_->compress(context_.get(), &output, &input, what);
        if (zstd_->is_error(left) != 0) return fail(ErrorKind::internal, zstd_->error_name(left));
        if (auto written = write_all(to_.get(), {output_.data(), output.pos}); !written) return written;
        if (what == ZSTD_e_end ? left == 0 : input.pos == input.size) return {};
    }
}

Status Compression::finish() {
    auto& files = FileSystem::real();
    Status done = files.sync(to_);
    if (done) done = files.rename(unfinished_name(rotated_), compressed_name(rotated_));
    if (done) done = files.sync_directory(rotated_.parent_path());
    if (done) done = files.remove(rotated_);
    return done;
}

} // namespace meshprobe
