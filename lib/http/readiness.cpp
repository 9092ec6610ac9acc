#include "lib/http/readiness.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace meshprobe {

Result<std::unique_ptr<Readiness>> Readiness::create(CURLM* multi) {
    FileDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.is_open()) return fail_errno("epoll_create1");
    FileDescriptor timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer.is_open()) return fail_errno("timerfd_create");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = timer.get();
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, timer.get(), &event) != 0) return fail_errno("epoll_ctl");
    return std::unique_ptr<Readiness>(new Readiness(multi, std::move(epoll), std::move(timer))); // NOLINT
}

Readiness::Readiness(CURLM* multi, FileDescriptor epoll, FileDescriptor timer)
    : multi_(multi), epoll_(std::move(epoll)), timer_(std::move(timer)) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Readiness::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Readiness::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

int Readiness::on_socket(CURL* /*handle*/, curl_socket_t socket, int what, void* user, void* /*of_socket*/) {
    const int epoll = static_cast<Readiness*>(user)->epoll_.get();
    if (what == CURL_POLL_REMOVE) {
        ::epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr); // gone already if it was closed
        return 0;
    }
    epoll_event event{};
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    event.data.fd = socket;
    // Known or not: a socket that was closed behind our back may be another one of the same number.
    if (::epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) == 0) return 0;
    return ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0 ? 0 : -1;
}

int Readiness::on_timer(CURLM* /*multi*/, long milliseconds, void* user) {
    constexpr long per_second = 1000;
    constexpr long nanoseconds = 1'000'000;
    itimerspec time{}; // all zero: disarmed
    if (milliseconds > 0) {
        time.it_value = {milliseconds / per_second, milliseconds % per_second * nanoseconds};
    } else if (milliseconds == 0) {
        time.it_value.tv_nsec = 1; // at once, but never from within: libcurl must not be entered again here
    }
    return ::timerfd_settime(static_cast<Readiness*>(user)->timer_.get(), 0, &time, nullptr);
}

CURLMcode Readiness::perform() {
    std::array<epoll_event, 16> events{};
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    int running = 0;
    for (int index = 0; index < count; ++index) {
        const epoll_event& event = events[static_cast<std::size_t>(index)];
        curl_socket_t socket = event.data.fd;
        int what = 0;
        if (socket == timer_.get()) {
            std::uint64_t expired = 0;
            if (::read(socket, &expired, sizeof expired) < 0) continue; // set anew in the meantime
            socket = CURL_SOCKET_TIMEOUT;
        } else {
            if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
            if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
            if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
        }
        if (const auto code = curl_multi_socket_action(multi_, socket, what, &running); code != CURLM_OK)
            return code;
    }
    return CURLM_OK;
}

} // namespace meshprobe
