// One descriptor for all that the transfers of a multi handle wait for, sockets and times, so that a loop of
// the caller's own can wait for it together with what else it waits for.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"

#include <curl/curl.h>

#include <memory>

namespace meshprobe {

class Readiness {
  public:
    /// Takes the callbacks of `multi`, which from then on is driven by perform() alone and is cleaned up
    /// before this.
    [[nodiscard]] static Result<std::unique_ptr<Readiness>> create(CURLM* multi);

    [[nodiscard]] int descriptor() const { return epoll_.get(); }
    /// What can be done without waiting.
    [[nodiscard]] CURLMcode perform();

  private:
    Readiness(CURLM* multi, FileDescriptor epoll, FileDescriptor timer);
    static int on_socket(CURL* handle, curl_socket_t socket, int what, void* user, void* of_socket);
    static int on_timer(CURLM* multi, long milliseconds, void* user);

    CURLM* multi_;
    FileDescriptor epoll_;
    FileDescriptor timer_;
};

} // namespace meshprobe
