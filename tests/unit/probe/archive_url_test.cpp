#include "probe/fetch/archive_url.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

namespace {

const std::string https = "https://ma.example.net/esmond/perfsonar/archive/";
const std::string http = "http://ma.example.net/esmond/perfsonar/archive/";

using Urls = std::vector<std::string>;

} // namespace

TEST_CASE("https comes first, http only if it was allowed") {
    CHECK(candidate_urls({http}, "", false) == Urls{https});
    CHECK(candidate_urls({http}, "", true) == Urls{https, http});
    CHECK(candidate_urls({https, http}, "", true) == Urls{https, http});
}

TEST_CASE("what worked last comes first, as long as it is allowed and configured") {
    CHECK(candidate_urls({https}, http, true) == Urls{http, https});
    CHECK(candidate_urls({https}, http, false) == Urls{https});
    CHECK(candidate_urls({https}, "https://other.example.net/esmond/perfsonar/archive/", true) ==
          Urls{https, http});
}

TEST_CASE("all archives of a host are tried in their order") {
    const std::string second = "https://ma.example.net:8443/esmond/perfsonar/archive/";
    CHECK(candidate_urls({https, second}, "", false) == Urls{https, second});
    CHECK(candidate_urls({https, second}, second, false) == Urls{second, https});
}

TEST_CASE("other services of the hosts are found in the same way") {
    const std::string of_https = "https://ma.example.net/opensearch/";
    const std::string of_http = "http://ma.example.net/opensearch/";
    CHECK(service_urls({https, http}, "/opensearch/", "", false) == Urls{of_https});
    CHECK(service_urls({https}, "/opensearch/", "", true) == Urls{of_https, of_http});
    CHECK(service_urls({https}, "/opensearch/", of_http, true) == Urls{of_http, of_https});
    CHECK(service_urls({https}, "/opensearch/", of_http, false) == Urls{of_https});
}

TEST_CASE("a URL without the standard path or the last slash gets it") {
    CHECK(candidate_urls({"https://ma.example.net"}, "", false) == Urls{https});
    CHECK(candidate_urls({"https://ma.example.net/"}, "", false) == Urls{https});
    CHECK(candidate_urls({"https://ma.example.net/esmond/perfsonar/archive"}, "", false) == Urls{https});
    CHECK(candidate_urls({"http://[2001:db8::1]:8080/x"}, "", false) ==
          Urls{"https://[2001:db8::1]:8080/x/"});
}

TEST_CASE("of a document's URI only the path counts") {
    CHECK(resolve(https, "/esmond/perfsonar/archive/0f/throughput/base") ==
          "https://ma.example.net/esmond/perfsonar/archive/0f/throughput/base");
    CHECK(resolve("https://ma.example.net:8443/x/", "http://10.0.0.1/y/base/0") ==
          "https://ma.example.net:8443/y/base/0");
}

TEST_CASE("a URI that is no plain path is refused") {
    const auto uri =
        GENERATE(as<std::string>{}, "", "relative", "//evil.example.org/x", "/a/../../etc/passwd", "/a/..",
                 "/./a", "/a%2e%2e/b", "/a\\b", "/a b", "/a?b=c", "/a#b", "file:///etc/passwd", "http://host",
                 "/a\r\nHost: x", "/a@b\x01", "/\xc3\xa9");
    CAPTURE(uri);
    const auto resolved = resolve(https, uri);
    REQUIRE_FALSE(resolved);
    CHECK(resolved.error().kind == ErrorKind::protocol);
}

TEST_CASE("twins differ in their scheme only") {
    CHECK(differ_in_scheme_only(http, https));
    CHECK_FALSE(differ_in_scheme_only(http, http));
    CHECK_FALSE(differ_in_scheme_only(http, "https://other.example.net/esmond/perfsonar/archive/"));
}
