#include "lib/http/dial.hpp"

#include "lib/http/easy.hpp"
#include "lib/http/route.hpp"
#include "lib/http/tls.hpp"

#include <fmt/core.h>

#include <array>

namespace meshprobe {

namespace {

void prepare_tls(CURL* handle, const TlsFiles& files, const Connection& connection, std::string& pins) {
    if (!files.ca.path.empty()) {
        set_option(handle, CURLOPT_CAINFO, files.ca.is_directory ? nullptr : files.ca.path.c_str());
        set_option(handle, CURLOPT_CAPATH, files.ca.is_directory ? files.ca.path.c_str() : nullptr);
    }
    show_certificate(handle, files);
    if (connection.trust == Trust::ca) return; // libcurl verifies certificate and name
    for (const auto& pin : connection.pins)
        pins += (pins.empty() ? "" : ";") + pin;
    if (connection.trust == Trust::pin) set_option(handle, CURLOPT_PINNEDPUBLICKEY, pins.c_str());
    set_option(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    set_option(handle, CURLOPT_SSL_VERIFYHOST, 0L);
}

} // namespace

Status dial(const Paths& paths, const Endpoint& endpoint, const Connection& connection, std::string_view user,
            Microseconds time) {
    const auto files = find_tls_files(paths, connection, user);
    if (!files) return fail(files.error());
    const auto route = Route::create(paths, connection, user, {});
    if (!route) return fail(route.error());
    curl_global_init(CURL_GLOBAL_DEFAULT); // thread-safe and reference-counted since libcurl 7.84
    const EasyHandle owner(curl_easy_init());
    CURL* handle = owner.get();
    const bool is_literal = endpoint.host.find(':') != std::string::npos;
    const auto where = is_literal ? fmt::format("[{}]:{}", endpoint.host, endpoint.port)
                                  : fmt::format("{}:{}", endpoint.host, endpoint.port);
    const auto url = fmt::format("{}://{}/", endpoint.tls ? "https" : "http", where);
    std::array<char, CURL_ERROR_SIZE> message{};
    std::string pins;
    set_option(handle, CURLOPT_URL, url.c_str());
    set_option(handle, CURLOPT_CONNECT_ONLY, 1L);
    set_option(handle, CURLOPT_NOSIGNAL, 1L);
    set_option(handle, CURLOPT_HTTPPROXYTUNNEL, 1L); // no http through a proxy either
    set_option(handle, CURLOPT_ERRORBUFFER, message.data());
    set_option(handle, CURLOPT_SSL_ENABLE_ALPN, 0L); // no word of http
    set_option(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(time.count() / 1000));
    BindFailure failure;
    route->apply(handle, failure);
    if (endpoint.tls) prepare_tls(handle, *files, connection, pins);
    const auto code = curl_easy_perform(handle);
    if (code == CURLE_OK) return {};
    const bool untrusted = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
    const std::string_view detail = message.data();
    return fail(untrusted ? ErrorKind::untrusted : ErrorKind::unreachable,
                fmt::format("{}: {}", where, detail.empty() ? curl_easy_strerror(code) : detail));
}

} // namespace meshprobe
