// For one test: the wall clock of whoever is run with this preloaded is wrong by $CLOCK_OFFSET seconds.
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

namespace {

time_t offset() {
    const char* text = std::getenv("CLOCK_OFFSET");
    return text == nullptr ? 0 : std::atoll(text);
}

} // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
    const auto result = ::syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += offset();
    return static_cast<int>(result);
}

int gettimeofday(timeval* now, void* /*zone*/) noexcept {
    timespec time{};
    if (clock_gettime(CLOCK_REALTIME, &time) < 0) return -1;
    now->tv_sec = time.tv_sec;
    now->tv_usec = time.tv_nsec / 1000;
    return 0;
}

time_t time(time_t* result) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (result != nullptr) *result = now.tv_sec;
    return now.tv_sec;
}

} // extern "C"
