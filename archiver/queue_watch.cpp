#include "archiver/queue_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>

namespace meshprobe {

Result<QueueWatch> QueueWatch::create(const std::filesystem::path& queue) {
    FileDescriptor fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!fd.is_open()) return fail_errno("inotify_init1");
    if (inotify_add_watch(fd.get(), queue.c_str(), IN_MOVED_TO | IN_ONLYDIR) < 0)
        return fail_errno("watch " + queue.string());
    return QueueWatch(std::move(fd));
}

bool QueueWatch::take() {
    std::array<char, 16384> events;
    bool any = false;
    while (read(fd_.get(), events.data(), events.size()) > 0)
        any = true;
    return any;
}

} // namespace meshprobe
