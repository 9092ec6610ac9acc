#include "lib/amqp/tls.hpp"

#include "lib/credential.hpp"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>

namespace meshprobe {
namespace {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};
using OwnedBio = std::unique_ptr<BIO, Release<BIO_free>>;
using OwnedX509 = std::unique_ptr<X509, Release<X509_free>>;
using OwnedKey = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;

OwnedBio bio_of(const std::string& text) {
    return OwnedBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string openssl_error() {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
    ERR_clear_error();
    return text.data();
}

std::string pin_of(X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (size <= 0) return {};
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), &length, EVP_sha256(), nullptr);
    OPENSSL_free(der);
    std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> base64{};
    const int characters = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(length));
    return "sha256//" + std::string(base64.begin(), base64.begin() + characters);
}

int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
    return -1; // never ask on a terminal
}

} // namespace

Result<AmqpTls> AmqpTls::read(const Paths& paths, const Connection& connection, std::string host) {
    AmqpTls tls;
    tls.trust_ = connection.trust;
    tls.pins_ = connection.pins;
    tls.host_ = std::move(host);
    const auto read_into = [&](const std::string& value, std::string& into) -> Status {
        if (value.empty()) return {};
        auto text = read_credential(paths, "archive", value);
        if (!text) return fail(text.error());
        into = std::move(*text);
        return {};
    };
    std::error_code ignored;
    if (!connection.ca.empty() &&
        std::filesystem::is_directory(credential_path(paths, "archive", connection.ca), ignored)) {
        tls.ca_directory_ = credential_path(paths, "archive", connection.ca);
    } else if (auto read = read_into(connection.ca, tls.ca_); !read) {
        return fail(read.error().in("tls.ca"));
    }
    if (auto read = read_into(connection.certificate, tls.certificate_); !read)
        return fail(read.error().in("tls.certificate"));
    if (auto read = read_into(connection.key, tls.key_); !read) return fail(read.error().in("tls.key"));
    if (tls.key_.empty()) tls.key_ = tls.certificate_; // both in one file is common
    return tls;
}

Status AmqpTls::install(SSL_CTX* context) {
    session_ = nullptr;
    problem_.clear();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    // The buffer that a write is tried again from may have moved, and may have grown.
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
    if (auto loaded = load_authorities(context); !loaded) return loaded;
    if (auto loaded = load_certificate(context); !loaded) return loaded;
    SSL_CTX_set_app_data(context, this);
    SSL_CTX_set_info_callback(context, observe);
    SSL_CTX_set_cert_verify_callback(context, judge, this);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr); // otherwise the verdict would be ignored
    return {};
}

Status AmqpTls::load_authorities(SSL_CTX* context) const {
    if (ca_.empty()) {
        const bool loaded = ca_directory_.empty()
                                ? SSL_CTX_set_default_verify_paths(context) == 1
                                : SSL_CTX_load_verify_dir(context, ca_directory_.c_str()) == 1;
        return loaded ? Status() : fail(ErrorKind::credentials, "tls.ca: " + openssl_error());
    }
    const OwnedBio bio = bio_of(ca_);
    int count = 0;
    while (const OwnedX509 certificate{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
        ++count;
    }
    ERR_clear_error(); // the end of the text
    return count > 0
               ? Status()
               : fail(ErrorKind::credentials, "tls.ca: there is no certificate in it (PEM is expected)");
}

Status AmqpTls::load_certificate(SSL_CTX* context) const {
    if (certificate_.empty()) return {};
    const OwnedBio bio = bio_of(certificate_);
    const OwnedX509 certificate(PEM_read_bio_X509_AUX(bio.get(), nullptr, no_password, nullptr));
    if (!certificate || SSL_CTX_use_certificate(context, certificate.get()) != 1)
        return fail(ErrorKind::credentials, "tls.certificate: " + openssl_error());
    while (X509* issuer = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr))
        SSL_CTX_add0_chain_cert(context, issuer); // takes it over
    ERR_clear_error();
    const OwnedBio key_bio = bio_of(key_);
    const OwnedKey key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_password, nullptr));
    if (!key)
        return fail(ErrorKind::credentials, "tls.key: there is no unencrypted key in it: " + openssl_error());
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
        return fail(ErrorKind::credentials, "tls.key does not belong to tls.certificate: " + openssl_error());
    return {};
}

// librabbitmq keeps the session to itself, and names the server after the address it connects to. The
// handshake's first event is where both are put right.
void AmqpTls::observe(const SSL* session, int where, int /*value*/) {
    if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
    SSL* own = const_cast<SSL*>(session); // it is ours; only the callback's type is const
    auto* self = static_cast<AmqpTls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(own)));
    if (self->session_ != nullptr) return;
    self->session_ = own;
    const std::unique_ptr<ASN1_OCTET_STRING, Release<ASN1_OCTET_STRING_free>> address(
        a2i_IPADDRESS(self->host_.c_str()));
    SSL_ctrl(own, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             address ? nullptr : self->host_.data()); // addresses are not named
}

int AmqpTls::judge(X509_STORE_CTX* context, void* self) {
    return static_cast<AmqpTls*>(self)->judge(context) ? 1 : 0;
}

bool AmqpTls::judge(X509_STORE_CTX* context) {
    X509* certificate = X509_STORE_CTX_get0_cert(context);
    if (trust_ == Trust::any) {
        X509_STORE_CTX_set_error(context, X509_V_OK);
        return true;
    }
    if (trust_ == Trust::pin) {
        const std::string pin = certificate == nullptr ? std::string() : pin_of(certificate);
        const bool pinned = !pin.empty() && std::ranges::find(pins_, pin) != pins_.end();
        if (!pinned) problem_ = fmt::format("its key {} is not one of tls.pins", pin);
        X509_STORE_CTX_set_error(context, pinned ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
        return pinned;
    }
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context);
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host_.c_str()) != 1)
        X509_VERIFY_PARAM_set1_host(parameters, host_.c_str(), host_.size());
    if (X509_verify_cert(context) == 1) return true;
    problem_ =
        fmt::format("its certificate is not trusted: {}; name its CA in tls.ca, or correct the host name",
                    X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    return false;
}

} // namespace meshprobe
