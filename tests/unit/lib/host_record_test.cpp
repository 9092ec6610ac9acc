#include "lib/file.hpp"
#include "lib/host_record.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <filesystem>
#include <string>

using namespace meshprobe;

namespace {

HostRecord record_of(const std::string& host, std::size_t archives = 1) {
    HostRecord record;
    record.host = host;
    for (std::size_t i = 0; i < archives; ++i)
        record.measurement_archives.push_back(fmt::format("https://{}/{}/", host, i));
    record.meshes = {"m"};
    return record;
}

HostRecords records_of(const std::vector<std::string>& hosts) {
    HostRecords records;
    for (const auto& host : hosts)
        records.emplace(host, record_of(host));
    return records;
}

struct Root {
    test::TemporaryDirectory directory;
    Paths paths{directory.path()};

    Root() { REQUIRE(make_directories(paths.mesh())); }
    void write(const std::string& text) const { REQUIRE(write_file_atomically(paths.host_records(), text)); }
    [[nodiscard]] bool knows(const std::string& host) const {
        const auto read = read_host_record(paths, host);
        if (!read) FAIL(read.error().message);
        if (*read) CHECK((*read)->host == host);
        return read->has_value();
    }
};

} // namespace

TEST_CASE("a record is read as it was written") {
    const Root root;
    CHECK_FALSE(root.knows("a.example.org"));
    CHECK(read_host_records(root.paths)->empty());

    HostRecord record = record_of("[2001:db8::1]:8443", 2);
    record.addresses = {"2001:db8::1"};
    record.alias_of = "b.example.org";
    root.write(format_host_records({{record.host, record}}));
    const auto read = read_host_record(root.paths, record.host);
    REQUIRE(read);
    REQUIRE(*read);
    CHECK((*read)->measurement_archives == record.measurement_archives);
    CHECK((*read)->meshes == record.meshes);
    CHECK((*read)->addresses == record.addresses);
    CHECK((*read)->alias_of == record.alias_of);
    CHECK(read_host_records(root.paths)->at(record.host).alias_of == record.alias_of);
}

TEST_CASE("each host is found among any number of others, short and long, and no other") {
    const Root root;
    for (const std::size_t count : {0U, 1U, 2U, 3U, 7U, 64U, 500U}) {
        HostRecords records;
        for (std::size_t i = 0; i < count; ++i) {
            const auto host =
                fmt::format("ps{}.example.org", i * 7919 % 100'000);          // no order of their lengths
            records.emplace(host, record_of(host, i % 5 == 0 ? 100 : i % 3)); // some longer than a block
        }
        root.write(format_host_records(records));
        for (const auto& [host, record] : records) {
            INFO(host << " of " << count);
            CHECK(root.knows(host));
            CHECK_FALSE(root.knows(host + ".x"));
            CHECK_FALSE(root.knows(host.substr(0, host.size() - 1)));
        }
        CHECK_FALSE(root.knows("a"));
        CHECK_FALSE(root.knows("z"));
        CHECK(read_host_records(root.paths)->size() == count);
    }
}

TEST_CASE("a file that refresh did not write is an error that says what to do") {
    const Root root;
    for (const auto* text :
         {"[]\n", "{\"host\":\"a\"}\n", "\n", "{\"host\":\"a\",\"measurement-archives\":7"}) {
        root.write(text);
        const auto one = read_host_record(root.paths, "a");
        REQUIRE_FALSE(one);
        CHECK(one.error().message.find("remove it and run") != std::string::npos);
        CHECK_FALSE(read_host_records(root.paths));
    }
    root.write("{\"host\":\"a\",\"meshes\":[\"" + std::string(2U << 20U, 'x') + "\n");
    CHECK_FALSE(read_host_record(root.paths, "a"));
    std::filesystem::remove(root.paths.host_records());
    std::filesystem::create_symlink("/etc/hostname", root.paths.host_records());
    CHECK_FALSE(read_host_record(root.paths, "a"));
    CHECK_FALSE(read_host_records(root.paths));
}

TEST_CASE("the hosts of two files") {
    const auto both = [](const std::vector<std::string>& preferred, const std::vector<std::string>& other) {
        return merge_host_records(format_host_records(records_of(preferred)),
                                  format_host_records(records_of(other)));
    };
    CHECK(both({}, {}).empty());
    CHECK(both({"a", "c"}, {}) == format_host_records(records_of({"a", "c"})));
    CHECK(both({}, {"a", "c"}) == format_host_records(records_of({"a", "c"})));
    CHECK(both({"b", "c", "e"}, {"a", "b", "d", "f"}) ==
          format_host_records(records_of({"a", "b", "c", "d", "e", "f"})));

    HostRecords changed = records_of({"a", "b"});
    changed.at("a").alias_of = "b";
    CHECK(merge_host_records(format_host_records(changed), format_host_records(records_of({"a", "b"}))) ==
          format_host_records(changed));
    CHECK(merge_host_records(format_host_records(changed), "\nbroken\n{\"host\":\n") ==
          format_host_records(changed));
}
