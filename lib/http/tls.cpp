#include "lib/http/tls.hpp"

#include "lib/credential.hpp"
#include "lib/http/easy.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <memory>

namespace meshprobe {

namespace {

// A directory is searched for the one issuer that is needed; the bundle would be parsed whole for each
// process (13.5 ms instead of 65 ms for one connection).
constexpr const char* system_ca_directory = "/etc/ssl/certs";

std::string pin_of(X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (size <= 0) return {};
    const std::unique_ptr<unsigned char, decltype([](unsigned char* bytes) { OPENSSL_free(bytes); })> owned(
        der);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), &length, EVP_sha256(), nullptr) != 1)
        return {};
    std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> base64{};
    const int characters = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(length));
    return "sha256//" + std::string(base64.begin(), base64.begin() + characters);
}

/// 0: it does not say it in a form that can be read.
std::int64_t end_of(const X509* certificate) {
    std::tm broken_down{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &broken_down) != 1) return 0;
    return ::timegm(&broken_down);
}

/// Called by OpenSSL in place of X509_verify_cert().
int judge(X509_STORE_CTX* context, void* argument) {
    auto& check = *static_cast<KeyCheck*>(argument);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, check.host.c_str()) != 1) {
        X509_VERIFY_PARAM_set1_host(parameters, check.host.c_str(), check.host.size());
    }
    const bool verified = X509_verify_cert(context) == 1;
    X509* certificate = X509_STORE_CTX_get0_cert(context);
    const std::string pin = certificate == nullptr ? std::string{} : pin_of(certificate);
    const ShownKey key{.pin = pin,
                       .verified = verified,
                       .problem =
                           verified ? "" : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)),
                       .expires = certificate == nullptr ? 0 : end_of(certificate)};
    if (pin.empty() || !(*check.decide)(key)) {
        check.rejected = true;
        X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
        return 0;
    }
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
}

/// Where libcurl is told not to verify, it loads none.
bool load_authorities(SSL_CTX* context, const Authorities& authorities) {
    if (authorities.path.empty()) return SSL_CTX_set_default_verify_paths(context) == 1;
    if (authorities.is_directory) return SSL_CTX_load_verify_dir(context, authorities.path.c_str()) == 1;
    return SSL_CTX_load_verify_file(context, authorities.path.c_str()) == 1;
}

CURLcode install_judge(CURL* /*handle*/, void* tls_context, void* argument) {
    auto* context = static_cast<SSL_CTX*>(tls_context);
    // An https proxy's: libcurl verifies that one, and its key is not to be taken for the host's.
    if (SSL_CTX_get_verify_mode(context) != SSL_VERIFY_NONE) return CURLE_OK;
    const auto& check = *static_cast<const KeyCheck*>(argument);
    if (!load_authorities(context, *check.authorities)) return CURLE_SSL_CACERT_BADFILE;
    SSL_CTX_set_cert_verify_callback(context, judge, argument);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr); // otherwise the verdict would be ignored
    return CURLE_OK;
}

Result<std::string> find_readable(const Paths& paths, std::string_view user, const std::string& value,
                                  std::string_view key) {
    if (value.empty()) return std::string{};
    auto path = credential_path(paths, user, value).string();
    if (::access(path.c_str(), R_OK) == 0) return path;
    auto error = fail_errno("cannot read " + path).value();
    return fail(ErrorKind::credentials,
                fmt::format("{}: {}; put the file there, readable for this service", key, error.message));
}

/// `path`, or the system's. Neither: another distribution, whose place libcurl knows.
Authorities authorities(const std::string& path) {
    Authorities found{.path = path.empty() ? system_ca_directory : path};
    std::error_code ignored;
    found.is_directory = std::filesystem::is_directory(found.path, ignored);
    if (path.empty() && !found.is_directory) found.path.clear();
    return found;
}

} // namespace

Result<TlsFiles> find_tls_files(const Paths& paths, const Connection& connection, std::string_view user) {
    TlsFiles files;
    auto ca = find_readable(paths, user, connection.ca, "tls.ca");
    if (!ca) return fail(ca.error());
    auto certificate = find_readable(paths, user, connection.certificate, "tls.certificate");
    if (!certificate) return fail(certificate.error());
    auto key = find_readable(paths, user, connection.key, "tls.key");
    if (!key) return fail(key.error());
    auto proxy_ca = find_readable(paths, user, connection.proxy_ca, "proxy-ca");
    if (!proxy_ca) return fail(proxy_ca.error());
    files.ca = authorities(*ca);
    files.proxy_ca = authorities(*proxy_ca);
    files.certificate = std::move(*certificate);
    files.key = std::move(*key);
    return files;
}

void judge_key_with(CURL* handle, KeyCheck& check) {
    set_option(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    set_option(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    set_option(handle, CURLOPT_SSL_CTX_FUNCTION, install_judge);
    set_option(handle, CURLOPT_SSL_CTX_DATA, static_cast<void*>(&check));
}

} // namespace meshprobe
