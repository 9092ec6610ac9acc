#include "archiver/syslog_header.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>

using namespace meshprobe;

namespace {

using namespace std::chrono_literals;

constexpr auto moment = std::chrono::system_clock::time_point(1'700'000'000s + 42us); // 2023-11-14T22:13:20Z

std::string machine() {
    std::array<char, 256> name{};
    REQUIRE(gethostname(name.data(), name.size() - 1) == 0);
    return name.data();
}

std::string header_of(const SyslogSettings& settings, SyslogHeader::To to,
                      std::string_view event_type = "throughput", const std::string& host = "h",
                      std::chrono::system_clock::time_point now = moment) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    const SegmentHeader segment{"meshprobe@h", host, "default", "a", "r", "raw"};
    const Message message{"r-7", event_type, 1, "{}"};
    std::string text = "before ";
    SyslogHeader(settings, to).append(text, {1, &segment, &message}, now);
    return text;
}

} // namespace

TEST_CASE("no header is none") {
    CHECK(header_of({}, SyslogHeader::To::another) == "before ");
}

TEST_CASE("as syslog(3) writes it, and with the machine's name to others") {
    SyslogSettings settings{.format = SyslogFormat::rfc3164};
    CHECK(header_of(settings, SyslogHeader::To::this_machine) ==
          fmt::format("before <14>Nov 14 22:13:20 meshprobe[{}]: ", getpid()));
    settings.identifier = "results";
    settings.facility = SyslogFacility::local7;
    settings.severity = SyslogSeverity::debug;
    CHECK(header_of(settings, SyslogHeader::To::another, "e", "h", moment - 24h * 10) ==
          fmt::format("before <191>Nov  4 22:13:20 {} results[{}]: ", machine(), getpid()));
}

TEST_CASE("with structured data") {
    const SyslogSettings settings{.format = SyslogFormat::rfc5424, .facility = SyslogFacility::kern};
    const auto to = GENERATE(SyslogHeader::To::this_machine, SyslogHeader::To::another);
    CHECK(header_of(settings, to, "throughput/average/86400", "ps1.example.org") ==
          fmt::format("before <6>1 2023-11-14T22:13:20.000042Z {} meshprobe {} throughput [meshprobe@32473 "
                      R"(id="r-7" host="ps1.example.org" event-type="throughput/average/86400" )"
                      R"(task="default" archive="a"] )",
                      machine(), getpid()));
}

TEST_CASE("nothing gets out of its place") {
    const SyslogSettings settings{.format = SyslogFormat::rfc5424};
    const auto header =
        header_of(settings, SyslogHeader::To::another, "a b] \"x\" " + std::string(40, 'y'), "[::1]\\");
    CHECK(header.find(fmt::format(" {} a_b]_\"x\"_yyyyyyyyyyyyyyyyyyyyyyy [meshprobe@32473 id=", getpid())) !=
          std::string::npos);
    CHECK(header.find(R"(host="[::1\]\\" event-type="a b\] \"x\" yyyy)") != std::string::npos);
}

TEST_CASE("codes of facilities") {
    CHECK(facility_code(SyslogFacility::kern) == 0);
    CHECK(facility_code(SyslogFacility::cron) == 9);
    CHECK(facility_code(SyslogFacility::ftp) == 11);
    CHECK(facility_code(SyslogFacility::local0) == 16);
    CHECK(facility_code(SyslogFacility::local7) == 23);
}
