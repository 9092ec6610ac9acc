// HTTP(S) to one place: kept-alive connections, a bounded number of transfers in flight, bodies streamed to
// the caller. Everything a hostile server could stretch is bounded: sizes, times, redirects (same host only,
// http and https only), header count.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct HttpRequest {
    std::string url;
    std::vector<std::string> headers; ///< "Accept: application/json"
    std::string method = {};          ///< empty: POST if there is a body, else GET
    std::string body = {};
    /// It changes something there: a redirect is followed only if it keeps method and body (307, 308). Others
    /// are errors, and not an answer that could be taken for a success.
    bool writes = false;
    std::string login = {};                       ///< "USER:PASSWORD", for basic authentication; empty: none
    std::uint64_t max_bytes = 64ULL << 20;        ///< of the body, after decompression
    Microseconds total = std::chrono::minutes(5); ///< for the whole transfer
    /// An error ends the transfer with it; only called for 2xx.
    std::function<Status(std::string_view)> on_body;
};

struct HttpResponse {
    long status = 0;
    std::string content_type;
    std::string etag;
    std::string last_modified;
    std::string error_body;                                    ///< of a non-2xx answer: its first 512 bytes
    std::optional<std::chrono::system_clock::time_point> date; ///< the server's clock
    std::optional<Microseconds> retry_after;
    std::uint64_t bytes = 0; ///< on the wire
};

/// What a server shows of itself during the TLS handshake.
struct ShownKey {
    std::string_view pin;     ///< SHA-256 of its public key: "sha256//BASE64"
    bool verified = false;    ///< its certificate verifies against the CAs and the name
    std::string_view problem; ///< why it does not: "self-signed certificate"; empty if it does
    std::int64_t expires = 0; ///< its certificate, UNIX time; 0: not known
};

/// Asked during the TLS handshake. false ends it: the transfer's error is `untrusted`.
using KeyDecision = std::function<bool(const ShownKey& key)>;

class HttpSession {
  public:
    struct Settings {
        Connection connection;
        std::string credential_user; ///< whose credentials `connection` names: "probe", "archive", "mesh"
        std::string user_agent;
        unsigned max_in_flight = 4;
        Microseconds connect_timeout = std::chrono::seconds(10);
        Microseconds inactivity = std::chrono::seconds(20);
        std::string interface = {}; ///< all connections go out there (a VRF); empty: by the routes
        KeyDecision decide_key;     ///< for trust first_use; others are decided here
    };

    /// `credentials` if a certificate, key, CA or password that `connection` names cannot be read.
    [[nodiscard]] static Result<HttpSession> create(const Paths& paths, Settings settings);
    HttpSession(HttpSession&&) noexcept;
    HttpSession& operator=(HttpSession&&) noexcept;
    ~HttpSession();

    /// Queues a transfer; `on_done` is called from run(), and may queue more. A non-2xx answer is a response,
    /// not an error.
    void start(HttpRequest request, std::function<void(Result<HttpResponse>)> on_done);

    /// Until nothing is queued or in flight, or `stop` (asked at least every 100 ms) says so: then what is
    /// unfinished ends with `interrupted`.
    [[nodiscard]] Status run(const std::function<bool()>& stop = {});

    // In place of run(), for who has a loop of its own:
    /// Readable when step() has something to do. -1: the machine has no descriptor left; step() says so.
    [[nodiscard]] int descriptor();
    /// Begins what is queued, and goes on as far as that is possible without waiting.
    [[nodiscard]] Status step();
    /// Ends what is unfinished, without a word to its on_done. A connection in the middle of a transfer is
    /// closed, others are kept.
    void drop();

    /// A connection (with TLS, for https) came about at least once: a failure is not for want of one.
    [[nodiscard]] bool connected() const;
    /// How many were made: each is a handshake, and for many servers a login.
    [[nodiscard]] std::uint64_t connections() const;
    [[nodiscard]] std::uint64_t requests() const;
    [[nodiscard]] std::uint64_t bytes() const;

  private:
    class Impl;
    explicit HttpSession(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace meshprobe
