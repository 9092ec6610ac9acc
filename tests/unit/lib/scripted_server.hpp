// A loopback HTTP server that says exactly what a test tells it to say, right or wrong.
#pragma once

#include "lib/file.hpp"

#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace meshprobe::test {

class ScriptedServer {
  public:
    /// Bytes to send for a request (its first line); an empty answer leaves the client waiting.
    using Script = std::function<std::string(std::string_view request_line)>;
    struct Request {
        std::string head; ///< request line and fields
        std::string body;
    };
    using FullScript = std::function<std::string(const Request&)>;

    explicit ScriptedServer(Script script)
        : ScriptedServer(FullScript([script = std::move(script)](const Request& request) {
              return script(std::string_view(request.head).substr(0, request.head.find("\r\n")));
          })) {}
    explicit ScriptedServer(FullScript script)
        : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address); // NOLINT: what the socket API asks for
        if (::bind(listener_.get(), generic, size) < 0 || ::listen(listener_.get(), 64) < 0 ||
            ::getsockname(listener_.get(), generic, &size) < 0) {
            throw std::runtime_error("cannot listen on loopback");
        }
        port_ = ntohs(address.sin_port);
        acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_until(stop); });
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;
    ~ScriptedServer() {
        acceptor_ = {}; // asks it to stop and waits; then nothing adds to servants_
        servants_.clear();
    }

    [[nodiscard]] std::string url(std::string_view path = "/") const {
        return fmt::format("http://127.0.0.1:{}{}", port_, path);
    }
    [[nodiscard]] int connections() const { return connections_; }
    [[nodiscard]] int requests() const { return requests_; }

    static std::string answer(std::string_view body, std::string_view headers = "",
                              std::string_view status = "200 OK") {
        return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers,
                           body);
    }

  private:
    static bool readable(int fd, const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            pollfd ready{fd, POLLIN, 0};
            if (::poll(&ready, 1, 20) > 0) return true;
        }
        return false;
    }

    static std::size_t length_of(const std::string& head) {
        constexpr std::string_view field = "\r\nContent-Length: ";
        const auto at = head.find(field);
        return at == std::string::npos ? 0 : std::stoul(head.substr(at + field.size()));
    }

    void accept_until(const std::stop_token& stop) {
        while (readable(listener_.get(), stop)) {
            FileDescriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client.is_open()) continue;
            ++connections_;
            servants_.emplace_back([this, client = std::move(client)](const std::stop_token& until) {
                serve(client.get(), until);
            });
        }
    }

    void serve(int client, const std::stop_token& stop) {
        std::string received;
        while (readable(client, stop)) {
            std::array<char, 4096> buffer{};
            const auto count = ::recv(client, buffer.data(), buffer.size(), 0);
            if (count <= 0) return;
            received.append(buffer.data(), static_cast<std::size_t>(count));
            for (auto end = received.find("\r\n\r\n"); end != std::string::npos;
                 end = received.find("\r\n\r\n")) {
                Request request{received.substr(0, end + 2), {}};
                const auto length = length_of(request.head);
                if (received.size() < end + 4 + length) break; // the rest of the body is on its way
                request.body = received.substr(end + 4, length);
                received.erase(0, end + 4 + length);
                ++requests_;
                const auto answer = script_(request);
                if (::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
                if (answer.find("Connection: close") != std::string::npos) return;
            }
        }
    }

    FullScript script_;
    FileDescriptor listener_;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_ = 0;
    std::atomic<int> requests_ = 0;
    std::vector<std::jthread> servants_;
    std::jthread acceptor_;
};

} // namespace meshprobe::test
