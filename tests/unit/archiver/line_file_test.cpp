#include "archiver/line_file.hpp"
#include "lib/file.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

using namespace meshprobe;

namespace {

class Lines {
  public:
    void write(std::string_view text) const { std::ofstream(path, std::ios::binary | std::ios::app) << text; }
    [[nodiscard]] std::string read() const { return read_file(path, 1U << 20).value(); }
    [[nodiscard]] LineFile open() const {
        auto file = LineFile::open(path);
        REQUIRE(file);
        return std::move(*file);
    }
    [[nodiscard]] std::string error() const {
        const auto file = LineFile::open(path);
        REQUIRE_FALSE(file);
        CHECK(file.error().kind == ErrorKind::storage);
        CHECK(file.error().message.find(path.string()) != std::string::npos);
        return file.error().message;
    }

    test::TemporaryDirectory directory;
    const std::filesystem::path path = directory.path() / "x.json";
};

/// As on a disk that is full after so many bytes of a file.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(getrlimit(RLIMIT_FSIZE, &before_) == 0);
        const rlimit tiny{bytes, before_.rlim_max};
        REQUIRE(setrlimit(RLIMIT_FSIZE, &tiny) == 0);
    }
    ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    rlimit before_{};
};

} // namespace

TEST_CASE("lines are appended to what is there") {
    const Lines lines;
    lines.write("one\n");
    auto file = lines.open();
    CHECK(file.cut_off() == 0);
    REQUIRE(file.append("two\nthree\n"));
    REQUIRE(file.append("four\n"));
    CHECK(lines.read() == "one\ntwo\nthree\nfour\n");
    CHECK(file.size() == 19);
    CHECK(file.is_in_place());
}

TEST_CASE("half a line at the end is cut off") {
    struct Row {
        std::string before;
        std::string after;
    };
    const auto row = GENERATE_COPY(values<Row>({
        {"", ""},
        {"half", ""},
        {"one\n", "one\n"},
        {"one\ntwo\nhal", "one\ntwo\n"},
        {"one\n" + std::string(5, '\0'), "one\n"},
        {"one\n" + std::string(200'000, 'x'), "one\n"},
        {std::string(65'535, 'x') + "\nhalf", std::string(65'535, 'x') + "\n"},
    }));
    const Lines lines;
    lines.write(row.before);
    const auto file = lines.open();
    CHECK(lines.read() == row.after);
    CHECK(file.cut_off() == row.before.size() - row.after.size());
    CHECK(file.size() == row.after.size());
}

TEST_CASE("a large file without any line end is somebody else's, and stays as it is") {
    const Lines lines;
    lines.write("x");
    constexpr std::uintmax_t size = 80U << 20;
    std::filesystem::resize_file(lines.path, size);
    CHECK(lines.error().find("something else than lines") != std::string::npos);
    CHECK(std::filesystem::file_size(lines.path) == size);
}

TEST_CASE("it is noticed when somebody takes the file away") {
    const Lines lines;
    auto file = lines.open();
    REQUIRE(file.append("one\n"));
    SECTION("renamed") {
        std::filesystem::rename(lines.path, lines.directory.path() / "x.json.1");
    }
    SECTION("removed") {
        std::filesystem::remove(lines.path);
    }
    SECTION("another in its place") {
        std::filesystem::remove(lines.path);
        lines.write("one\n");
    }
    SECTION("emptied") {
        std::filesystem::resize_file(lines.path, 0);
    }
    CHECK_FALSE(file.is_in_place());
}

TEST_CASE("what is appended to an emptied file begins it") {
    const Lines lines;
    auto file = lines.open();
    REQUIRE(file.append("one\ntwo\n"));
    std::filesystem::resize_file(lines.path, 0);
    REQUIRE(file.append("three\n"));
    CHECK(lines.read() == "three\n");
    CHECK(file.is_in_place());
    CHECK(file.size() == 6);
}

TEST_CASE("what cannot be written as a whole is taken back") {
    const Lines lines;
    auto file = lines.open();
    REQUIRE(file.append("one\n"));
    const std::string more = "two\nthree\n" + std::string(100, 'x') + "\n";
    {
        const FileSizeLimit limit(20);
        const auto appended = file.append(more);
        REQUIRE_FALSE(appended);
        CHECK(appended.error().kind == ErrorKind::storage);
        CHECK(appended.error().message.find(lines.path.string()) == 0);
    }
    CHECK(lines.read() == "one\n");
    REQUIRE(file.append(more));
    CHECK(lines.read() == "one\n" + more);
}

TEST_CASE("only one writes to a file") {
    const Lines lines;
    auto file = lines.open();
    CHECK(lines.error().find("another program writes to it") != std::string::npos);
    // Who comes after it was put away does not mind.
    std::filesystem::rename(lines.path, lines.directory.path() / "x.json.1");
    CHECK(LineFile::open(lines.path));
}

TEST_CASE("nothing but a regular file is written to, and nothing waits") {
    const Lines lines;
    SECTION("a link") {
        std::filesystem::create_symlink(lines.directory.path() / "elsewhere", lines.path);
        CHECK_FALSE(lines.error().empty());
        CHECK_FALSE(std::filesystem::exists(lines.directory.path() / "elsewhere"));
    }
    SECTION("a FIFO") {
        REQUIRE(::mkfifo(lines.path.c_str(), 0600) == 0);
        CHECK(lines.error().find("no regular file") != std::string::npos);
    }
    SECTION("a directory") {
        std::filesystem::create_directory(lines.path);
        CHECK_FALSE(lines.error().empty());
    }
    SECTION("one in a directory that is not there") {
        const auto file = LineFile::open(lines.directory.path() / "no" / "x.json");
        CHECK_FALSE(file);
    }
}
