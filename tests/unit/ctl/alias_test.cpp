#include "ctl/refresh/alias.hpp"

#include <catch2/catch.hpp>

using namespace meshprobe;

namespace {

using Names = std::set<std::string>;
using Resolved = std::map<std::string, Names>;

constexpr std::int64_t hour = 3600LL * 1'000'000;
constexpr std::int64_t noon = 1'700'000'000LL * 1'000'000;

} // namespace

TEST_CASE("names with the same set of addresses are one host: the one in use, else the first") {
    const Names hosts{"a.example.org", "b.example.org", "c.example.org", "d.example.org:8443"};
    const Resolved resolved{{"a.example.org", {"192.0.2.1", "2001:db8::1"}},
                            {"b.example.org", {"2001:db8::1", "192.0.2.1"}},
                            {"c.example.org", {"192.0.2.1"}},
                            {"d.example.org:8443", {"192.0.2.1", "2001:db8::1"}}};
    const auto fresh = merge_same_addresses(hosts, {}, resolved, {}, noon);
    CHECK(fresh.at("a.example.org").alias_of.empty());
    CHECK(fresh.at("b.example.org").alias_of == "a.example.org");
    CHECK(fresh.at("c.example.org").alias_of.empty());      // a part of them is not the same set
    CHECK(fresh.at("d.example.org:8443").alias_of.empty()); // another port is another archive

    const auto used = merge_same_addresses(hosts, {}, resolved, {"b.example.org"}, noon);
    CHECK(used.at("a.example.org").alias_of == "b.example.org");
}

TEST_CASE("hosts that do not resolve are no aliases of each other") {
    const auto book = merge_same_addresses({"a", "b"}, {}, {}, {}, noon);
    CHECK(book.at("a").alias_of.empty());
    CHECK(book.at("b").alias_of.empty());
}

TEST_CASE("flapping DNS changes no decision, a day of separation does") {
    const Names hosts{"a", "b"};
    auto book = merge_same_addresses(hosts, {}, {{"a", {"1"}}, {"b", {"1"}}}, {}, noon);
    REQUIRE(book.at("b").alias_of == "a");

    SECTION("no answer") {
        book = merge_same_addresses(hosts, book, {}, {"a"}, noon + 100 * hour);
    }
    SECTION("a part of the addresses") {
        book = merge_same_addresses(hosts, book, {{"a", {"1", "2"}}, {"b", {"1"}}}, {"a"}, noon + 100 * hour);
    }
    SECTION("others for a while") {
        for (int index = 1; index <= 10; ++index) {
            const std::string answer = index % 2 == 0 ? "1" : "9";
            book = merge_same_addresses(hosts, book, {{"a", {"1"}}, {"b", {answer}}}, {"a"},
                                        noon + 20 * hour * index);
        }
    }
    CHECK(book.at("b").alias_of == "a");

    const Resolved apart{{"a", {"1"}}, {"b", {"9"}}};
    book = merge_same_addresses(hosts, book, apart, {"a"}, noon + 300 * hour);
    CHECK(book.at("b").alias_of == "a");
    book = merge_same_addresses(hosts, book, apart, {"a"}, noon + 325 * hour);
    CHECK(book.at("b").alias_of.empty());
}

TEST_CASE("when the host that was collected vanishes, its alias takes over") {
    const auto book =
        merge_same_addresses({"a", "b", "c"}, {}, {{"a", {"1"}}, {"b", {"1"}}, {"c", {"1"}}}, {}, noon);
    const auto next = merge_same_addresses({"b", "c"}, book, {}, {"a"}, noon);
    CHECK(next.at("b").alias_of.empty());
    CHECK(next.at("c").alias_of == "b");
    CHECK(next.size() == 2);
}

TEST_CASE("nothing is an alias of an alias") {
    // a has alias b; c turns out to be the same host as a, and is in use.
    auto book = merge_same_addresses({"a", "b"}, {}, {{"a", {"1"}}, {"b", {"1"}}}, {}, noon);
    book =
        merge_same_addresses({"a", "b", "c"}, book, {{"a", {"1"}}, {"b", {"1"}}, {"c", {"1"}}}, {"c"}, noon);
    CHECK(book.at("c").alias_of.empty());
    CHECK(book.at("a").alias_of == "c");
    CHECK(book.at("b").alias_of == "c");
}

TEST_CASE("the book survives its file, and a damaged file is an empty book") {
    const auto book = merge_same_addresses({"a", "b"}, {}, {{"a", {"1"}}, {"b", {"1"}}}, {}, noon);
    CHECK(parse_address_book(format_address_book(book)) == book);
    CHECK(parse_address_book("{\"a\":").empty());
    CHECK(parse_address_book("{\"a\":{\"addresses\":7}}").empty());
}

TEST_CASE("names are resolved in parallel; those that do not are left out") {
    const auto resolved = resolve_hosts({"127.0.0.1", "[::1]:8443", "localhost", "nothing.invalid"}, 4,
                                        std::chrono::seconds(20), {});
    CHECK(resolved.at("127.0.0.1") == Names{"127.0.0.1"});
    CHECK(resolved.at("[::1]:8443") == Names{"::1"});
    CHECK_FALSE(resolved.contains("nothing.invalid"));
    CHECK(resolve_hosts({"127.0.0.1"}, 4, std::chrono::seconds(0), {}).empty());
}
