// libcurl brings librtmp and libldap, these bring GnuTLS, and its constructor makes ready in every run what
// no probe uses: 1 MiB of the 16 that a probe may take. GnuTLS asks first whether it shall, by this function
// that a program may define (gnutls.h: GNUTLS_SKIP_GLOBAL_INIT). A libcurl that itself speaks TLS through
// GnuTLS calls gnutls_global_init(), which is not kept from anything by it.

// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming): its
// name
extern "C" int _gnutls_global_init_skip();

// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming)
int _gnutls_global_init_skip() {
    return 1;
}
