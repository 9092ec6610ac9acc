#include "lib/summary_name.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace meshprobe;

TEST_CASE("the name of summaries says event type, kind and window") {
    const auto summary = parse_summary_name("throughput/average/86400");
    REQUIRE(summary);
    CHECK(summary->event_type == "throughput");
    CHECK(summary->type == "average");
    CHECK(summary->window == "86400");
    CHECK(summary->seconds == 86400);
    CHECK(is_summary("throughput/average/86400"));
    CHECK(event_type_of("throughput/average/86400") == "throughput");

    const auto of_each = parse_summary_name("histogram-rtt/statistics/0");
    REQUIRE(of_each);
    CHECK(of_each->seconds == 0);
}

TEST_CASE("an event type is no name of summaries") {
    CHECK_FALSE(parse_summary_name("throughput"));
    CHECK_FALSE(is_summary("throughput"));
    CHECK(event_type_of("throughput") == "throughput");
}

TEST_CASE("summaries have one name each") {
    for (const char* name :
         {"", "/", "//", "throughput/average", "throughput/average/", "throughput/averages/86400",
          "throughput/average/086400", "throughput/average/1d", "throughput/average/-1",
          "throughput/average/+1", "throughput/average/0", "throughput/aggregation/0", "/average/86400",
          "through put/average/86400", "throughput/average/86400/", "throughput/average/31622401",
          "throughput/average/99999999999999999999"}) {
        CAPTURE(name);
        CHECK_FALSE(parse_summary_name(name));
    }
    CHECK_FALSE(parse_summary_name(std::string(65, 'a') + "/average/300"));
    CHECK(parse_summary_name(std::string(64, 'a') + "/average/300"));
    CHECK(parse_summary_name("throughput/average/31622400"));
}
