#include "lib/file.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

using namespace meshprobe;

TEST_CASE("files are read within bounds and never block") {
    const test::TemporaryDirectory directory;
    const auto file = directory.path() / "file";
    REQUIRE(write_file_durably(file, "0123456789", 0640));
    CHECK(*read_file(file, 10) == "0123456789");
    CHECK_FALSE(read_file(file, 9));

    struct stat info {};
    REQUIRE(::stat(file.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0640);

    const auto link = directory.path() / "link";
    std::filesystem::create_symlink(file, link);
    CHECK(read_file(link, 10));
    CHECK_FALSE(read_file(link, 10, Links::refuse));

    const auto fifo = directory.path() / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    CHECK_FALSE(read_file(fifo, 10)); // would hang for ever if it were opened plainly
    CHECK_FALSE(read_file(directory.path(), 10));
    CHECK_FALSE(read_file("/dev/zero", 10));

    CHECK_FALSE(read_file(directory.path() / "absent", 10));
    const auto absent = read_file_if_exists(directory.path() / "absent", 10);
    REQUIRE(absent);
    CHECK_FALSE(*absent);
}

TEST_CASE("a failed write leaves the old file and no other") {
    const test::TemporaryDirectory directory;
    const auto file = directory.path() / "file";
    REQUIRE(write_file_atomically(file, "old"));
    std::filesystem::create_directory(directory.path() / "taken");
    CHECK_FALSE(write_file_atomically(directory.path() / "taken", "new")); // rename onto a directory
    CHECK_FALSE(write_file_durably(directory.path() / "absent" / "file", "new"));
    CHECK(*read_file(file, 10) == "old");
    CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 2);
}

TEST_CASE("a lock is held by one") {
    const test::TemporaryDirectory directory;
    auto first = FileLock::try_acquire(directory.path() / "lock");
    REQUIRE(first);
    REQUIRE(*first);
    const auto second = FileLock::try_acquire(directory.path() / "lock");
    REQUIRE(second);
    CHECK_FALSE(*second);
    first->reset();
    CHECK(*FileLock::try_acquire(directory.path() / "lock"));
}

TEST_CASE("directories are made with their parents") {
    const test::TemporaryDirectory directory;
    CHECK(make_directories(directory.path() / "a" / "b" / "c"));
    CHECK(std::filesystem::is_directory(directory.path() / "a" / "b" / "c"));
    CHECK(make_directories(directory.path() / "a" / "b" / "c"));
    REQUIRE(write_file_atomically(directory.path() / "file", ""));
    CHECK_FALSE(make_directories(directory.path() / "file" / "x"));
}
