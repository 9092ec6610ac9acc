#include "lib/spool/quota.hpp"
#include "lib/spool/segment_name.hpp"
#include "lib/spool/spool.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <fstream>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;

namespace {

std::string name(int usec, unsigned n = 0) {
    return SegmentName{usec, 0xabc, n}.text();
}

std::string segment(std::size_t size = 100, const std::string& instance = "meshprobe@h") {
    SegmentBuilder builder({instance, "h", "default", "a", "R", "raw"}, 0, 0);
    builder.add("throughput", 3, std::string(size, 'x'));
    return std::move(builder).finish();
}

void put(const std::filesystem::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
}

mode_t mode_of(const std::filesystem::path& path) {
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 07777;
}

struct Fixture {
    TemporaryDirectory directory;
    Paths paths{directory.path()};
    Spool spool{paths, "a"};

    Fixture() { REQUIRE(spool.create()); }
    void queue(const std::string& file, const std::string& content = segment()) const {
        put(spool.queue() / file, content);
    }
};

} // namespace

TEST_CASE_METHOD(Fixture, "a directory that somebody removed is made again") {
    std::filesystem::remove(spool.queue());
    REQUIRE(spool.create());
    CHECK(std::filesystem::is_directory(spool.queue()));
}

TEST_CASE_METHOD(Fixture, "directories are for the group, whatever the umask") {
    const mode_t before = ::umask(0077);
    const Spool other(paths, "b");
    REQUIRE(other.create());
    REQUIRE(other.create()); // again
    ::umask(before);
    CHECK(mode_of(other.queue()) == 02770);
    CHECK(mode_of(other.failed()) == 02770);
}

TEST_CASE_METHOD(Fixture, "the list is in delivery order and holds segments only") {
    for (const std::string& file : {name(30), name(9), name(9, 2), "." + name(5), std::string("README"),
                                    name(5) + "~", std::string(".nfs0001")})
        queue(file);
    CHECK(spool.list() == std::vector{name(9), name(9, 2), name(30)});
    CHECK(Spool(paths, "absent").list()->empty());
}

TEST_CASE_METHOD(Fixture, "usage counts queued and failed segments") {
    queue(name(1), std::string(10, 'x'));
    queue(name(2), std::string(20, 'x'));
    queue("." + name(3), std::string(40, 'x'));
    REQUIRE(spool.put_failed(name(4), std::string(80, 'x'), "because"));
    const auto usage = spool.usage();
    REQUIRE(usage);
    CHECK(usage->segments == 2);
    CHECK(usage->bytes == 30);
    CHECK(usage->failed_segments == 1);
    CHECK(usage->failed_bytes == 80);
}

TEST_CASE_METHOD(Fixture, "removing takes what is there and minds nothing that is not") {
    queue(name(1));
    queue(name(2));
    REQUIRE(spool.remove({name(1), name(7)}));
    CHECK(spool.list() == std::vector{name(2)});
    CHECK_FALSE(spool.remove({"../failed/" + name(2)}));
    CHECK_FALSE(spool.remove({"." + name(2)}));
}

TEST_CASE_METHOD(Fixture, "reading tells gone from damaged") {
    queue(name(1));
    queue(name(2), segment().substr(1));
    CHECK((*spool.read(name(1)))->messages().size() == 1);
    const auto damaged = spool.read(name(2));
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().kind == ErrorKind::storage);
    CHECK(damaged.error().message.find(name(2)) != std::string::npos);
    const auto gone = spool.read(name(3));
    REQUIRE(gone);
    CHECK_FALSE(*gone);
}

TEST_CASE_METHOD(Fixture, "what is set aside keeps its bytes and says why, on one line") {
    queue(name(1), "damaged");
    REQUIRE(spool.set_aside(name(1), "crc32c differs\nreally"));
    CHECK(spool.list()->empty());
    CHECK(spool.list_failed() == std::vector{name(1)});
    CHECK(spool.failed_reason(name(1)) == "crc32c differs really");
    CHECK(read_file(spool.failed() / name(1), 100) == "damaged");
}

TEST_CASE_METHOD(Fixture, "refused messages come back with their ids") {
    queue(name(1), segment(1));
    REQUIRE(spool.put_failed(name(1), segment(1), "first"));
    REQUIRE(spool.put_failed(name(1), segment(2), "again after a crash"));
    CHECK(mode_of(spool.failed() / name(1)) == 0640);
    CHECK_FALSE(spool.retry(name(1))); // still queued: the archiver died before it removed the original
    REQUIRE(spool.remove({name(1)}));
    CHECK(spool.failed_reason(name(1)) == "again after a crash");
    REQUIRE(spool.retry(name(1)));
    CHECK(spool.list_failed()->empty());
    CHECK_FALSE(std::filesystem::exists(spool.failed() / (name(1) + ".reason")));
    CHECK((*spool.read(name(1)))->messages()[0].id == "R-0");
    CHECK_FALSE(spool.retry(name(1))); // no longer there
}

TEST_CASE_METHOD(Fixture, "spools are directories with an archive's name") {
    REQUIRE(Spool(paths, "zz").create());
    put(paths.spool() / "file", "");
    std::filesystem::create_directory(paths.spool() / "Not An Archive");
    CHECK(list_spools(paths) == std::vector<std::string>{"a", "zz"});
    CHECK(list_spools(Paths(directory.path() / "nowhere"))->empty());
}

TEST_CASE_METHOD(Fixture, "the default quota is at most a tenth of the file system") {
    struct statvfs info {};
    REQUIRE(::statvfs(directory.path().c_str(), &info) == 0);
    const auto tenth = static_cast<std::uint64_t>(info.f_frsize) * info.f_blocks / 10;
    CHECK(spool_quota(spool, {}) == std::min(default_spool_quota, tenth));
    CHECK(spool_quota(Spool(paths, "absent"), {}) == std::min(default_spool_quota, tenth));
    CHECK(spool_quota(spool, 5) == 5U);
}

TEST_CASE_METHOD(Fixture, "a spool is filling at 80 % and full at its quota") {
    queue(name(1), std::string(79, 'x'));
    CHECK(spool_state(spool, 100)->fill == SpoolFill::ok);
    REQUIRE(spool.put_failed(name(2), "x", "refused")); // counts too
    const auto filling = spool_state(spool, 100);
    CHECK(filling->fill == SpoolFill::filling);
    CHECK(filling->bytes == 80);
    CHECK(filling->quota == 100);
    queue(name(3), std::string(20, 'x'));
    CHECK(spool_state(spool, 100)->fill == SpoolFill::full);
}

TEST_CASE_METHOD(Fixture, "a long backlog is counted once a minute") {
    for (int i = 0; i < 3000; ++i)
        queue(name(i), "x");
    struct stat info {};
    REQUIRE(::stat(spool.queue().c_str(), &info) == 0);
    if (info.st_size <= 64 << 10) return; // this file system keeps no size of directories
    CHECK(spool_state(spool, 10000)->bytes == 3000);
    queue(name(9000), "xxxx");
    CHECK(spool_state(spool, 10000)->bytes == 3000);
    ::timespec old[2] = {{1, 0}, {1, 0}};
    REQUIRE(::utimensat(AT_FDCWD, (spool.directory() / ".bytes").c_str(), old, 0) == 0);
    CHECK(spool_state(spool, 10000)->bytes == 3004);
}

TEST_CASE_METHOD(Fixture, "room is made from the oldest on, failed ones first, after they were noted") {
    const std::string content = segment(1000);
    for (const int usec : {1, 2, 3, 4})
        queue(name(usec), content);
    REQUIRE(spool.put_failed(name(9), content, "refused"));
    const std::uint64_t quota = content.size() * 4;

    std::vector<std::string> noted;
    const auto dropped =
        make_room(spool, quota, [&](const Segment* read, const DroppedSegment& drop) -> Status {
            CHECK(read != nullptr);
            CHECK(std::filesystem::exists((drop.failed ? spool.failed() : spool.queue()) / drop.name));
            noted.push_back(drop.name);
            return {};
        });
    REQUIRE(dropped);
    CHECK(noted == std::vector{name(9), name(1)});
    REQUIRE(dropped->size() == 2);
    CHECK((*dropped)[0].failed);
    CHECK((*dropped)[1].instance == "meshprobe@h");
    CHECK((*dropped)[1].points == 3);
    CHECK((*dropped)[1].bytes == content.size());
    CHECK((*dropped)[1].committed_usec == 1);
    CHECK(spool.list() == std::vector{name(2), name(3), name(4)});
    CHECK(make_room(spool, quota, [](auto*, auto&) -> Status { return {}; })->empty());
}

TEST_CASE_METHOD(Fixture, "what cannot be noted is not dropped; what is damaged can be") {
    queue(name(1), "damaged");
    queue(name(2), segment(1000));
    const auto dropped = make_room(spool, 10, [&](const Segment* read, const DroppedSegment&) -> Status {
        if (read == nullptr) return {};
        return fail(ErrorKind::storage, "no");
    });
    CHECK_FALSE(dropped);
    CHECK(spool.list() == std::vector{name(2)});
}
