#include "lib/http/route.hpp"

#include "lib/config/checks.hpp"
#include "lib/connect_to.hpp"
#include "lib/credential.hpp"

#include <fmt/core.h>
#include <sys/socket.h>

#include <memory>

namespace meshprobe {

namespace {

/// Not libcurl's own CURLOPT_INTERFACE: where the kernel refuses, that quietly takes the interface's address
/// instead, which says nothing about the way. Needs no privilege since Linux 5.7.
int bind_to_interface(void* user, curl_socket_t socket, curlsocktype /*purpose*/) {
    auto& failure = *static_cast<BindFailure*>(user);
    const std::string& name = *failure.interface;
    if (::setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, name.c_str(),
                     static_cast<socklen_t>(name.size() + 1)) == 0)
        return CURL_SOCKOPT_OK;
    failure.error = fail_errno(fmt::format("context.interface: bind to {}", name)).value();
    failure.error->kind = ErrorKind::configuration;
    return CURL_SOCKOPT_ERROR;
}

struct UrlDeleter {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct TextDeleter {
    void operator()(char* text) const { curl_free(text); }
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
    const std::unique_ptr<char, TextDeleter> owned(text);
    return text;
}

/// Takes the user out of the URL: one that stands there would come with a password from there, or none.
std::string take_user(std::string& text) {
    const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
    if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return {};
    auto user = part_of(url.get(), CURLUPART_USER, CURLU_URLDECODE);
    curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
    curl_url_set(url.get(), CURLUPART_PASSWORD, nullptr, 0);
    text = part_of(url.get(), CURLUPART_URL, 0);
    return user;
}

} // namespace

Result<Route> Route::create(const Paths& paths, const Connection& connection, std::string_view user,
                            std::string interface) {
    Route route;
    route.ip_version_ = connection.ip_version;
    for (const auto& text : connection.connect_to) {
        const auto entry = parse_connect_to(text);
        if (!entry) return fail(entry.error().in("connect-to"));
        append_header(route.connect_to_, entry->text());
    }
    if (const auto& address = connection.bind_address; !address.empty()) {
        route.bind_ = "host!" + address;
        // The other family has no way from there, and is not to be tried first.
        route.ip_version_ = address.find(':') == std::string::npos ? IpVersion::v4 : IpVersion::v6;
    }
    route.interface_ = std::move(interface);
    route.proxy_ = connection.proxy;
    for (const auto& name : connection.no_proxy)
        route.no_proxy_ += (route.no_proxy_.empty() ? "" : ",") + name;
    if (!connection.proxy.empty() && !connection.proxy_credential.empty()) {
        auto secret = read_credential(paths, user, connection.proxy_credential);
        if (!secret) return fail(secret.error().in("proxy-credential"));
        route.proxy_user_ = take_user(route.proxy_);
        const auto colon = route.proxy_user_.empty() ? secret->find(':') : std::string::npos;
        if (colon != std::string::npos) route.proxy_user_ = secret->substr(0, colon);
        route.proxy_password_ = colon == std::string::npos ? *secret : secret->substr(colon + 1);
    }
    return route;
}

void Route::apply(CURL* handle, BindFailure& failure) const {
    if (ip_version_ == IpVersion::v4)
        set_option(handle, CURLOPT_IPRESOLVE, static_cast<long>(CURL_IPRESOLVE_V4));
    if (ip_version_ == IpVersion::v6)
        set_option(handle, CURLOPT_IPRESOLVE, static_cast<long>(CURL_IPRESOLVE_V6));
    if (connect_to_) set_option(handle, CURLOPT_CONNECT_TO, connect_to_.get());
    if (!bind_.empty()) set_option(handle, CURLOPT_INTERFACE, bind_.c_str());
    if (!interface_.empty()) {
        failure = {.interface = &interface_, .error = {}};
        set_option(handle, CURLOPT_SOCKOPTFUNCTION, &bind_to_interface);
        set_option(handle, CURLOPT_SOCKOPTDATA, static_cast<void*>(&failure));
    }
    set_option(handle, CURLOPT_PROXY, proxy_.c_str()); // "" also keeps the environment out
    if (proxy_.empty()) return;
    set_option(handle, CURLOPT_NOPROXY, no_proxy_.c_str()); // likewise
    if (!proxy_user_.empty()) set_option(handle, CURLOPT_PROXYUSERNAME, proxy_user_.c_str());
    if (!proxy_password_.empty()) set_option(handle, CURLOPT_PROXYPASSWORD, proxy_password_.c_str());
    set_option(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); // they are the proxy's, not the host's
}

std::string Route::shown_proxy() const {
    return proxy_.empty() ? std::string{} : " through proxy " + check::without_password(proxy_);
}

} // namespace meshprobe
