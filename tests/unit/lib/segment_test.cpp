#include "lib/spool/crc32c.hpp"
#include "lib/spool/segment.hpp"
#include "lib/spool/segment_name.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>

using namespace meshprobe;

namespace {

SegmentHeader example_header() {
    return {"meshprobe@\\x5b2001:db8::1\\x5d:8443",
            "[2001:db8::1]:8443",
            "default",
            "local",
            "1795341600000000-ab",
            "raw"};
}

std::string example() {
    SegmentBuilder builder(example_header(), 7);
    builder.add("throughput", 2, R"({"meta":{"a":"b"},"datapoints":{"1":2,"3":4}})");
    builder.add("packet-loss-rate", 1, "");
    builder.add("histogram-owdelay", 200, std::string(700, 'x'));
    return std::move(builder).finish();
}

bool is_refused(std::string bytes) {
    const auto segment = Segment::parse(std::move(bytes));
    return !segment && segment.error().kind == ErrorKind::storage && !segment.error().message.empty();
}

} // namespace

TEST_CASE("what a builder makes is read back") {
    const auto segment = Segment::parse(example());
    REQUIRE(segment);
    CHECK(segment->header() == example_header());
    CHECK(segment->points() == 203);
    REQUIRE(segment->messages().size() == 3);
    const Message& first = segment->messages()[0];
    CHECK(first.id == "1795341600000000-ab-7");
    CHECK(first.event_type == "throughput");
    CHECK(first.points == 2);
    CHECK(first.body == R"({"meta":{"a":"b"},"datapoints":{"1":2,"3":4}})");
    CHECK(segment->messages()[1].body.empty());
    CHECK(segment->messages()[2].id == "1795341600000000-ab-9");
    CHECK(segment->messages()[2].body.size() == 700);
}

TEST_CASE("its lines are the documented ones") {
    SegmentBuilder builder({"meshprobe@h", "h", "default", "local", "R", "raw"});
    builder.add("throughput", 2, "{}");
    CHECK(std::move(builder).finish() ==
          "{\"segment\":1,\"instance\":\"meshprobe@h\",\"host\":\"h\",\"task\":\"default\",\"archive\":"
          "\"local\","
          "\"run\":\"R\",\"format\":\"raw\"}\n"
          "{\"id\":\"R-0\",\"event-type\":\"throughput\",\"points\":2,\"size\":2}\n{}\n"
          "{\"messages\":1,\"points\":2,\"crc32c\":\"63493dd5\"}\n");
}

TEST_CASE("a segment without messages is a segment") {
    const auto segment = Segment::parse(SegmentBuilder(example_header()).finish());
    REQUIRE(segment);
    CHECK(segment->messages().empty());
}

TEST_CASE("views stay good when the segment moves") {
    SegmentBuilder builder({"i", "h", "t", "a", "r", "f"}, 0, 0); // short enough for a string's own buffer
    builder.add("e", 1, "b");
    auto segment = Segment::parse(std::move(builder).finish());
    REQUIRE(segment);
    const Segment moved = std::move(*segment);
    CHECK(moved.messages()[0].body == "b");
    CHECK(moved.messages()[0].id == "r-0");
}

TEST_CASE("messages copied into another segment keep their ids") {
    const auto segment = Segment::parse(example());
    REQUIRE(segment);
    SegmentBuilder builder(segment->header());
    builder.add(segment->messages()[2]);
    const auto copy = Segment::parse(std::move(builder).finish());
    REQUIRE(copy);
    CHECK(copy->messages()[0].id == "1795341600000000-ab-9");
    CHECK(copy->messages()[0].body == segment->messages()[2].body);
}

TEST_CASE("hostile names cannot break out of their line") {
    auto header = example_header();
    header.host = "a\"b\\c\nd\x01";
    SegmentBuilder builder(header);
    builder.add("evil\",\"points\":9\n{}", 1, "x");
    const auto segment = Segment::parse(std::move(builder).finish());
    REQUIRE(segment);
    CHECK(segment->header().host == header.host);
    CHECK(segment->messages()[0].event_type == "evil_,_points_:9_{}");
}

TEST_CASE("every truncation is noticed") {
    const std::string whole = example();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        INFO(size);
        REQUIRE(is_refused(whole.substr(0, size)));
    }
}

TEST_CASE("every flipped bit is noticed") {
    const std::string whole = example();
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        std::string flipped = whole;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        INFO(bit);
        REQUIRE(is_refused(std::move(flipped)));
    }
}

TEST_CASE("bytes that are inserted, doubled or left out are noticed") {
    const std::string whole = example();
    std::mt19937 random(1);
    for (int trial = 0; trial < 3000; ++trial) {
        const std::size_t at = random() % whole.size();
        const std::size_t count = 1 + random() % 40;
        std::string changed = whole;
        switch (trial % 3) {
        case 0:
            changed.insert(at, count, static_cast<char>(random() & 0xff));
            break;
        case 1:
            changed.insert(at, whole.substr(at, count));
            break;
        default:
            changed.erase(at, count);
        }
        if (changed == whole) continue;
        REQUIRE(is_refused(std::move(changed)));
    }
}

TEST_CASE("sizes that lie are errors even with a good checksum") {
    const std::string line =
        "{\"segment\":1,\"instance\":\"i\",\"host\":\"h\",\"task\":\"t\",\"archive\":\"a\",\"run\":\"r\","
        "\"format\":\"raw\"}\n";
    const auto sealed = [](const std::string& covered, const char* counts) {
        char checksum[9];
        std::snprintf(checksum, sizeof checksum, "%08x", crc32c(covered));
        return covered + "{" + counts + ",\"crc32c\":\"" + checksum + "\"}\n";
    };
    const std::string one = "\"messages\":1,\"points\":1";
    REQUIRE(Segment::parse(
        sealed(line + "{\"id\":\"r-0\",\"event-type\":\"e\",\"points\":1,\"size\":1}\nx\n", one.c_str())));
    for (const char* size :
         {"0", "2", "3", "1000", "18446744073709551615", "18446744073709551616", "01", "-1", "1e0"}) {
        INFO(size);
        CHECK(is_refused(
            sealed(line + "{\"id\":\"r-0\",\"event-type\":\"e\",\"points\":1,\"size\":" + size + "}\nx\n",
                   one.c_str())));
    }
    CHECK(is_refused(sealed(line, "\"messages\":1,\"points\":0")));
    CHECK(is_refused(sealed("{\"segment\":2" + line.substr(12), "\"messages\":0,\"points\":0")));
}

TEST_CASE("what is larger than a segment may be is refused") {
    CHECK(is_refused(std::string(max_segment_size + 1, '\n')));
}

TEST_CASE("reading names the file") {
    const auto segment = Segment::read("/dev/null");
    REQUIRE_FALSE(segment);
    CHECK(segment.error().message.find("/dev/null") != std::string::npos);
}

TEST_CASE("crc32c is the published one") {
    CHECK(crc32c("123456789") == 0xe3069283); // RFC 3720, B.4 and the common check value
    CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
    CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
    CHECK(crc32c("") == 0);
    CHECK(crc32c_from_tables("123456789") == 0xe3069283);
}

TEST_CASE("hardware and tables agree, whole and in pieces") {
    if (!has_crc32c_hardware()) WARN("this processor computes no CRC-32C: only the tables are tested");
    std::mt19937 random(2);
    for (int trial = 0; trial < 500; ++trial) {
        std::string bytes(random() % 300, '\0');
        for (char& c : bytes)
            c = static_cast<char>(random() & 0xff);
        const std::size_t cut = bytes.empty() ? 0 : random() % bytes.size();
        const auto whole = crc32c(bytes);
        REQUIRE(crc32c_from_tables(bytes) == whole);
        REQUIRE(crc32c(std::string_view(bytes).substr(cut), crc32c(bytes.substr(0, cut))) == whole);
        REQUIRE(crc32c_from_tables(std::string_view(bytes).substr(cut), crc32c(bytes.substr(0, cut))) ==
                whole);
    }
}

TEST_CASE("names of segments sort in delivery order and are read strictly") {
    const SegmentName name{1795341600000000, 0x0123456789abcdef, 7};
    CHECK(name.text() == "1795341600000000-0123456789abcdef-007");
    const auto parsed = parse_segment_name(name.text());
    REQUIRE(parsed);
    CHECK(parsed->usec == name.usec);
    CHECK(parsed->instance_hash == name.instance_hash);
    CHECK(parsed->n == 7);
    CHECK(SegmentName{99, ~0ULL, 999}.text() < SegmentName{100, 0, 0}.text());
    CHECK(SegmentName{100, 5, 9}.text() < SegmentName{100, 5, 10}.text());
    for (const char* bad :
         {"", ".1795341600000000-0123456789abcdef-007", "1795341600000000-0123456789ABCDEF-007",
          "1795341600000000-0123456789abcdef-07", "1795341600000000-0123456789abcdef-007x",
          "179534160000000-0123456789abcdef-0007", "1795341600000000_0123456789abcdef-007",
          "+795341600000000-0123456789abcdef-007", "../1600000000000-0123456789abcdef-007"}) {
        INFO(bad);
        CHECK_FALSE(parse_segment_name(bad));
    }
}

TEST_CASE("instances are told apart by the published SipHash-2-4") {
    // The reference implementation's vectors: messages 00, 00 01, … under the key 00 01 … 0f.
    CHECK(hash_instance_name("") == 0x726fdb47dd0e0e31);
    std::string message;
    for (char c = 0; c < 15; ++c)
        message += c;
    CHECK(hash_instance_name(message.substr(0, 1)) == 0x74f839c593dc67fd);
    CHECK(hash_instance_name(message.substr(0, 8)) == 0x93f5f5799a932462);
    CHECK(hash_instance_name(message) == 0xa129ca6149be45e5);
}
