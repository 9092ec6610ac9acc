#include "lib/http/session.hpp"

#include "lib/host_name.hpp"
#include "lib/http/easy.hpp"
#include "lib/http/header_line.hpp"
#include "lib/http/route.hpp"
#include "lib/http/tls.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <deque>
#include <unordered_map>

namespace meshprobe {

namespace {

constexpr std::size_t largest_header = 64U << 10; ///< all headers of one answer together
constexpr std::size_t kept_error_body = 512;
constexpr int most_redirects = 5;
constexpr int poll_ms = 100; ///< how often `stop` is asked at least

ErrorKind kind_of(CURLcode code) {
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return ErrorKind::untrusted;
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return ErrorKind::credentials;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_PARTIAL_FILE:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_OUT_OF_MEMORY: // what libcurl 7.88 says of a header line over 100 kB
        return ErrorKind::protocol;
    default:
        return ErrorKind::unreachable;
    }
}

} // namespace

class HttpSession::Impl {
  public:
    Impl(Settings settings, TlsFiles files, Route route)
        : settings_(std::move(settings)), files_(std::move(files)), route_(std::move(route)) {
        // Thread-safe and reference-counted since libcurl 7.84.
        curl_global_init(CURL_GLOBAL_DEFAULT);
        multi_.reset(curl_multi_init());
        for (const auto& pin : settings_.connection.pins)
            pins_ += (pins_.empty() ? "" : ";") + pin;
    }

    void start(HttpRequest request, std::function<void(Result<HttpResponse>)> on_done) {
        queue_.push_back(std::make_unique<Transfer>(std::move(request), std::move(on_done)));
    }

    Status run(const std::function<bool()>& stop) {
        while (!queue_.empty() || !in_flight_.empty()) {
            if (stop && stop()) return give_up();
            while (!queue_.empty() && in_flight_.size() < settings_.max_in_flight)
                begin_next();
            int running = 0;
            if (const auto code = curl_multi_perform(multi_.get(), &running); code != CURLM_OK) {
                return fail(ErrorKind::internal, fmt::format("libcurl: {}", curl_multi_strerror(code)));
            }
            finish_done();
            if (!in_flight_.empty() && (queue_.empty() || in_flight_.size() >= settings_.max_in_flight)) {
                curl_multi_poll(multi_.get(), nullptr, 0, poll_ms, nullptr);
            }
        }
        return {};
    }

    bool connected = false;
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;

  private:
    struct Transfer {
        Transfer(HttpRequest wanted, std::function<void(Result<HttpResponse>)> done)
            : request(std::move(wanted)), on_done(std::move(done)) {}

        HttpRequest request;
        std::function<void(Result<HttpResponse>)> on_done;
        HttpResponse response;
        EasyHandle handle;
        HeaderList headers;
        KeyCheck key_check;
        BindFailure bind_failure;
        std::optional<Error> error; ///< of ours: a bound was passed, or on_body said no
        std::uint64_t body_bytes = 0;
        std::size_t header_bytes = 0;
        int redirects = 0;
        std::array<char, CURL_ERROR_SIZE> message{};
    };

    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
        auto& transfer = *static_cast<Transfer*>(user);
        const std::string_view line(data, size * count);
        transfer.header_bytes += line.size();
        if (transfer.header_bytes > largest_header) {
            transfer.error =
                Error{ErrorKind::protocol,
                      fmt::format("the answer has more than {} bytes of headers", largest_header)};
            return 0;
        }
        read_header_line(line, transfer.response);
        return line.size();
    }

    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
        auto& transfer = *static_cast<Transfer*>(user);
        const std::string_view chunk(data, size * count);
        transfer.body_bytes += chunk.size();
        if (transfer.body_bytes > transfer.request.max_bytes) {
            transfer.error =
                Error{ErrorKind::protocol, fmt::format("the answer is larger than the {} bytes allowed",
                                                       transfer.request.max_bytes)};
            return 0;
        }
        long status = 0;
        curl_easy_getinfo(transfer.handle.get(), CURLINFO_RESPONSE_CODE, &status);
        if (status < 200 || status > 299) {
            auto& kept = transfer.response.error_body;
            kept.append(chunk.substr(0, kept_error_body - std::min(kept_error_body, kept.size())));
            return chunk.size();
        }
        if (!transfer.request.on_body) return chunk.size();
        if (auto taken = transfer.request.on_body(chunk); !taken) {
            transfer.error = taken.error();
            return 0;
        }
        return chunk.size();
    }

    void begin_next() {
        auto transfer = std::move(queue_.front());
        queue_.pop_front();
        const auto url = parse_url(transfer->request.url);
        if (!url) {
            transfer->on_done(fail(url.error()));
            return;
        }
        if (idle_.empty()) {
            transfer->handle.reset(curl_easy_init());
        } else {
            transfer->handle = std::move(idle_.back());
            idle_.pop_back();
        }
        begin(std::move(transfer), *url);
    }

    void begin(std::unique_ptr<Transfer> transfer, const Url& url) {
        CURL* handle = transfer->handle.get();
        transfer->key_check = {.decide = &settings_.decide_key,
                               .authorities = &files_.ca,
                               .host = url.host.host,
                               .rejected = false};
        prepare(*transfer);
        ++requests;
        curl_multi_add_handle(multi_.get(), handle);
        in_flight_.emplace(handle, std::move(transfer));
    }

    void prepare(Transfer& transfer) const {
        CURL* handle = transfer.handle.get();
        const auto& request = transfer.request;
        curl_easy_reset(handle); // keeps connections, DNS and TLS sessions
        set_option(handle, CURLOPT_URL, request.url.c_str());
        set_option(handle, CURLOPT_PROTOCOLS_STR, "http,https");
        if (!request.body.empty()) {
            set_option(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
            set_option(handle, CURLOPT_POSTFIELDS, request.body.c_str()); // not copied: the request stays
        }
        if (!request.login.empty()) set_option(handle, CURLOPT_USERPWD, request.login.c_str());
        set_option(handle, CURLOPT_FOLLOWLOCATION, 0L); // followed here, within bounds
        // Where a host offers HTTP/2, all transfers share the one connection, so each waits to see what it
        // offers.
        set_option(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
        set_option(handle, CURLOPT_PIPEWAIT, 1L);
        set_option(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
        set_option(handle, CURLOPT_USERAGENT, settings_.user_agent.c_str());
        set_option(handle, CURLOPT_NOSIGNAL, 1L);
        set_option(handle, CURLOPT_ERRORBUFFER, transfer.message.data());
        set_option(handle, CURLOPT_TCP_KEEPALIVE, 1L);

        const auto milliseconds = [](Microseconds time) {
            return static_cast<long>(std::max<std::int64_t>(1, time.count() / 1000));
        };
        set_option(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(settings_.connect_timeout));
        set_option(handle, CURLOPT_TIMEOUT_MS, milliseconds(request.total));
        set_option(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
        set_option(handle, CURLOPT_LOW_SPEED_TIME, std::max(1L, milliseconds(settings_.inactivity) / 1000));

        transfer.headers.reset();
        for (const auto& header : request.headers)
            append_header(transfer.headers, header);
        set_option(handle, CURLOPT_HTTPHEADER, transfer.headers.get());
        set_option(handle, CURLOPT_HEADERFUNCTION, &Impl::on_header);
        set_option(handle, CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
        set_option(handle, CURLOPT_WRITEFUNCTION, &Impl::on_body);
        set_option(handle, CURLOPT_WRITEDATA, static_cast<void*>(&transfer));

        route_.apply(handle, transfer.bind_failure);
        prepare_tls(transfer);
    }

    static void set_authorities(CURL* handle, const Authorities& authorities, CURLoption file,
                                CURLoption directory) {
        if (authorities.path.empty()) return;
        set_option(handle, file, authorities.is_directory ? nullptr : authorities.path.c_str());
        set_option(handle, directory, authorities.is_directory ? authorities.path.c_str() : nullptr);
    }

    void prepare_tls(Transfer& transfer) const {
        CURL* handle = transfer.handle.get();
        set_authorities(handle, files_.ca, CURLOPT_CAINFO, CURLOPT_CAPATH);
        set_authorities(handle, files_.proxy_ca, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAPATH);
        if (!files_.certificate.empty()) set_option(handle, CURLOPT_SSLCERT, files_.certificate.c_str());
        if (!files_.key.empty()) set_option(handle, CURLOPT_SSLKEY, files_.key.c_str());
        switch (settings_.connection.trust) {
        case Trust::ca:
            break; // libcurl's default is to verify both certificate and name
        case Trust::first_use:
            judge_key_with(handle, transfer.key_check);
            break;
        case Trust::pin:
            set_option(handle, CURLOPT_PINNEDPUBLICKEY, pins_.c_str());
            [[fallthrough]];
        case Trust::any:
            set_option(handle, CURLOPT_SSL_VERIFYPEER, 0L);
            set_option(handle, CURLOPT_SSL_VERIFYHOST, 0L);
            break;
        }
    }

    void finish_done() {
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;
            auto node = in_flight_.extract(message->easy_handle);
            auto transfer = std::move(node.mapped());
            curl_multi_remove_handle(multi_.get(), transfer->handle.get());
            count(*transfer);
            if (code == CURLE_OK && follow(transfer)) continue;
            auto result = outcome(*transfer, code);
            idle_.push_back(std::move(transfer->handle));
            transfer->on_done(std::move(result)); // may queue more
        }
    }

    void count(Transfer& transfer) {
        CURL* handle = transfer.handle.get();
        curl_off_t body = 0;
        long headers = 0;
        long status = 0;
        curl_off_t handshake = 0;
        curl_easy_getinfo(handle, CURLINFO_SIZE_DOWNLOAD_T, &body);
        curl_easy_getinfo(handle, CURLINFO_HEADER_SIZE, &headers);
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(handle, CURLINFO_APPCONNECT_TIME_T, &handshake);
        connected = connected || status > 0 || handshake > 0;
        transfer.response.bytes += static_cast<std::uint64_t>(body) + static_cast<std::uint64_t>(headers);
        bytes += static_cast<std::uint64_t>(body) + static_cast<std::uint64_t>(headers);
    }

    /// Takes the transfer and starts it again if the answer is a redirect that may be followed.
    bool follow(std::unique_ptr<Transfer>& transfer) {
        const char* target = nullptr;
        curl_easy_getinfo(transfer->handle.get(), CURLINFO_REDIRECT_URL, &target);
        if (target == nullptr) return false;
        const auto to = parse_url(target);
        const auto from = parse_url(transfer->request.url);
        if (!to) {
            transfer->error = to.error().in("redirect");
            return false;
        }
        const bool upgraded = from->scheme == "http" && to->scheme == "https";
        const bool downgraded =
            from->scheme == "https" && to->scheme == "http" && !settings_.connection.http_fallback;
        if (to->host.host != from->host.host || (to->host.port != from->host.port && !upgraded) ||
            downgraded) {
            transfer->error = Error{
                ErrorKind::protocol,
                fmt::format(
                    "redirect from {} to {}: only followed within the same host, never to weaker transport",
                    transfer->request.url, target)};
            return false;
        }
        if (++transfer->redirects > most_redirects) {
            transfer->error =
                Error{ErrorKind::protocol, fmt::format("more than {} redirects", most_redirects)};
            return false;
        }
        if (from->scheme == "https" && to->scheme == "http") transfer->request.login.clear();
        transfer->request.url = target; // copied before the handle is reset
        HttpResponse next;              // nothing else of a redirect is part of the answer
        next.bytes = transfer->response.bytes;
        transfer->response = std::move(next);
        transfer->header_bytes = 0;
        begin(std::move(transfer), *to);
        return true;
    }

    Error failure(const Transfer& transfer, CURLcode code) const {
        const std::string_view told = transfer.message.data();
        const std::string detail(told.empty() ? curl_easy_strerror(code) : told);
        const auto place = transfer.request.url + route_.shown_proxy();
        if (code == CURLE_INTERFACE_FAILED) {
            return {ErrorKind::configuration,
                    fmt::format("{}: bind-address {}: {}", place, settings_.connection.bind_address, detail)};
        }
        long proxy_verdict = 0;
        curl_easy_getinfo(transfer.handle.get(), CURLINFO_PROXY_SSL_VERIFYRESULT, &proxy_verdict);
        if (code == CURLE_PEER_FAILED_VERIFICATION && proxy_verdict != 0) {
            return {ErrorKind::configuration,
                    fmt::format("{}: {}; name the authority of the proxy's certificate in proxy-ca", place,
                                detail)};
        }
        return {kind_of(code), fmt::format("{}: {}", place, detail)};
    }

    Result<HttpResponse> outcome(Transfer& transfer, CURLcode code) {
        const auto& url = transfer.request.url;
        if (transfer.error) return fail(transfer.error->in(url));
        if (code != CURLE_OK) {
            if (transfer.key_check.rejected)
                return fail(ErrorKind::untrusted, url + ": the host's key is not the one that is remembered");
            if (transfer.bind_failure.error) return fail(transfer.bind_failure.error->in(url));
            return fail(failure(transfer, code));
        }
        curl_easy_getinfo(transfer.handle.get(), CURLINFO_RESPONSE_CODE, &transfer.response.status);
        return std::move(transfer.response);
    }

    Status give_up() {
        const Error error{ErrorKind::interrupted, "stopped before the transfer was complete"};
        // Moved out first: the callbacks may still queue, which is then dropped as well.
        for (auto transfers = std::exchange(in_flight_, {}); auto& [handle, transfer] : transfers) {
            curl_multi_remove_handle(multi_.get(), handle);
            count(*transfer);
            transfer->on_done(fail(error.in(transfer->request.url)));
        }
        while (!queue_.empty()) {
            const auto transfer = std::move(queue_.front());
            queue_.pop_front();
            transfer->on_done(fail(error.in(transfer->request.url)));
        }
        return fail(error);
    }

    Settings settings_;
    TlsFiles files_;
    Route route_;
    std::string pins_;
    MultiHandle multi_; // before the handles, which must go first
    std::vector<EasyHandle> idle_;
    std::deque<std::unique_ptr<Transfer>> queue_;
    std::unordered_map<CURL*, std::unique_ptr<Transfer>> in_flight_;
};

Result<HttpSession> HttpSession::create(const Paths& paths, Settings settings) {
    auto files = find_tls_files(paths, settings.connection, settings.credential_user);
    if (!files) return fail(files.error());
    auto route = Route::create(paths, settings.connection, settings.credential_user, settings.interface);
    if (!route) return fail(route.error());
    if (settings.connection.trust == Trust::pin && settings.connection.pins.empty()) {
        return fail(ErrorKind::configuration, "tls.trust is \"pin\" but tls.pins names no key");
    }
    if (settings.connection.trust == Trust::first_use && !settings.decide_key) {
        return fail(ErrorKind::configuration,
                    "tls.trust \"first-use\" is for measurement hosts; use ca, pin or any here");
    }
    return HttpSession(std::make_unique<Impl>(std::move(settings), std::move(*files), std::move(*route)));
}

HttpSession::HttpSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpSession::HttpSession(HttpSession&&) noexcept = default;
HttpSession& HttpSession::operator=(HttpSession&&) noexcept = default;
HttpSession::~HttpSession() = default;

void HttpSession::start(HttpRequest request, std::function<void(Result<HttpResponse>)> on_done) {
    impl_->start(std::move(request), std::move(on_done));
}

Status HttpSession::run(const std::function<bool()>& stop) {
    return impl_->run(stop);
}

bool HttpSession::connected() const {
    return impl_->connected;
}

std::uint64_t HttpSession::requests() const {
    return impl_->requests;
}

std::uint64_t HttpSession::bytes() const {
    return impl_->bytes;
}

} // namespace meshprobe
