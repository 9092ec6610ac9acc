#include "archiver/compression.hpp"
#include "archiver/rotated_files.hpp"
#include "lib/file.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <zstd.h>

#include <fstream>

using namespace meshprobe;

namespace {

std::chrono::system_clock::time_point at(std::int64_t seconds) {
    return std::chrono::system_clock::time_point(std::chrono::seconds(seconds));
}
constexpr std::int64_t start = 1'700'000'000; // 2023-11-14T22:13:20Z

class Rotated {
  public:
    void write(const std::string& name, std::string_view text = "x\n") const {
        std::ofstream(directory.path() / name, std::ios::binary) << text;
    }
    void rotate_at(std::int64_t seconds) const {
        write("x.json");
        REQUIRE(rotate(path, at(seconds)));
        CHECK_FALSE(std::filesystem::exists(path));
    }
    /// Names after "x.json.2023", in order.
    [[nodiscard]] std::string names() const {
        const auto files = rotated_files(path);
        REQUIRE(files);
        std::string text;
        for (const RotatedFile& file : *files) {
            CHECK(file.is_compressed == (file.path.extension() == ".zst"));
            text += (text.empty() ? "" : " ") + file.path.filename().string().substr(11);
        }
        return text;
    }

    test::TemporaryDirectory directory;
    const std::filesystem::path path = directory.path() / "x.json";
};

std::string unpack(const std::filesystem::path& path) {
    const std::string packed = read_file(path, 64U << 20).value();
    std::string text(32U << 20, '\0');
    const std::size_t size = ZSTD_decompress(text.data(), text.size(), packed.data(), packed.size());
    REQUIRE_FALSE(ZSTD_isError(size));
    text.resize(size);
    return text;
}

} // namespace

TEST_CASE("a rotated file has the time in its name") {
    const Rotated rotated;
    rotated.rotate_at(start);
    CHECK(rotated.names() == "1114T221320Z");
}

TEST_CASE("names come in the order of the rotations, whatever the clock says") {
    const Rotated rotated;
    for (int times = 0; times < 3; ++times)
        rotated.rotate_at(start);
    std::filesystem::remove(rotated.path.string() + ".20231114T221320Z");
    std::filesystem::remove(rotated.path.string() + ".20231114T221321Z");
    rotated.rotate_at(start);
    rotated.write("x.json.20231114T221330Z.zst");
    rotated.rotate_at(start - 100);
    CHECK(rotated.names() == "1114T221322Z 1114T221323Z 1114T221330Z.zst 1114T221331Z");
}

TEST_CASE("only what looks like one of the file's is") {
    const Rotated rotated;
    for (const char* name :
         {"x.json", "x.json.1", "x.json.20231114T221320", "x.json.20231114T221320Z.gz",
          "x.json.20231114T22132xZ", "y.json.20231114T221320Z", "x.json.20231114T221320Zzst",
          "x.json-20231114T221320Z", "ax.json.20231114T221320Z"})
        rotated.write(name);
    CHECK(rotated.names().empty());
}

TEST_CASE("what a crash left of a compression is removed, and nothing else") {
    const Rotated rotated;
    rotated.write(".x.json.20231114T221320Z.zst");
    rotated.write(".x.json.20231114T221320Z");
    rotated.write(".x.json.zst");
    rotated.write("x.json.20231114T221320Z");
    CHECK(rotated.names() == "1114T221320Z");
    CHECK_FALSE(std::filesystem::exists(rotated.directory.path() / ".x.json.20231114T221320Z.zst"));
    CHECK(std::filesystem::exists(rotated.directory.path() / ".x.json.20231114T221320Z"));
    CHECK(std::filesystem::exists(rotated.directory.path() / ".x.json.zst"));
}

TEST_CASE("a file is compressed step by step") {
    const Rotated rotated;
    const std::size_t lines = GENERATE(0U, 1U, 300'000U);
    std::string text;
    for (std::size_t line = 0; line < lines; ++line)
        text += std::to_string(line * 7919) + "\n";
    rotated.write("x.json.20231114T221320Z", text);
    std::filesystem::permissions(rotated.path.string() + ".20231114T221320Z", std::filesystem::perms(0640));

    const auto zstd = ZstdLibrary::load();
    REQUIRE(zstd);
    auto compression = Compression::begin(*zstd, rotated.path.string() + ".20231114T221320Z");
    REQUIRE(compression);
    int steps = 0;
    for (bool more = true; more; ++steps) {
        CHECK(std::filesystem::exists(rotated.path.string() + ".20231114T221320Z"));
        const auto step = compression->step();
        REQUIRE(step);
        more = *step;
    }
    CHECK(steps == static_cast<int>(text.size() >> 20) + (text.size() % (1U << 20) > 0 ? 2 : 1));
    CHECK(rotated.names() == "1114T221320Z.zst");
    CHECK(unpack(rotated.path.string() + ".20231114T221320Z.zst") == text);
    CHECK(std::filesystem::status(rotated.path.string() + ".20231114T221320Z.zst").permissions() ==
          std::filesystem::perms(0640));
}

TEST_CASE("a compression that fails leaves the file, and no half of another") {
    const Rotated rotated;
    rotated.write("x.json.20231114T221320Z");
    const auto zstd = ZstdLibrary::load();
    REQUIRE(zstd);
    auto compression = Compression::begin(*zstd, rotated.path.string() + ".20231114T221320Z");
    REQUIRE(compression);
    // its name is taken by what cannot be replaced
    std::filesystem::create_directory(rotated.path.string() + ".20231114T221320Z.zst");
    REQUIRE(compression->step());
    const auto step = compression->step();
    REQUIRE_FALSE(step);
    CHECK(step.error().message.find(rotated.path.string()) != std::string::npos);
    CHECK(std::filesystem::exists(rotated.path.string() + ".20231114T221320Z"));
    CHECK_FALSE(std::filesystem::exists(rotated.directory.path() / ".x.json.20231114T221320Z.zst"));
}
