// One run as pScheduler hands it to its archivers (pScheduler: "run document"), taken apart. Three forms of
// it are about: the document alone (what the archivers http, rabbitmq, kafka … send), the whole request that
// an archiver plug-in reads ({"data", "task-href", "run-href", "result": the document}), and either of them
// with "headers" that whatever passed it on has added.
#pragma once

#include "lib/error.hpp"
#include "lib/json_text/json_object.hpp"
#include "lib/record/point.hpp"
#include "lib/units_of_measure.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// Larger ones are refused. Packet by packet (`output-raw`), a test of a day fits.
inline constexpr std::size_t largest_run_document = 16U << 20;

class RunDocument {
  public:
    /// `protocol` errors: no JSON, or without what every run has: a test's type and a start.
    [[nodiscard]] static Result<RunDocument> parse(std::string_view text);

    std::string test_type;
    JsonObject spec;     ///< of the test
    JsonValue spec_text; ///< the same
    std::string tool;    ///< "iperf3"; empty: not told
    Timestamp start = 0;
    std::optional<Microseconds> duration; ///< as planned, slack included
    std::string lead;                     ///< the participant that led it; empty: not told
    std::string observer;                 ///< who was told to be the measurement agent; empty: nobody was
    JsonValue result;                     ///< merged; absent or null: there is none
    std::string run_href;

  private:
    RunDocument() = default;

    [[nodiscard]] Status read();
    [[nodiscard]] JsonObject unwrap(const JsonObject& top);
    [[nodiscard]] Status read_test(const JsonObject& document);
    [[nodiscard]] Status read_times(const JsonObject& document);
    void read_people(const JsonObject& top, const JsonObject& document);

    std::unique_ptr<const std::string>
        text_; ///< what all views are of, with the padding that JsonCursor wants
    std::string_view view_;
};

/// "2026-05-19T10:00:05-04:00" with whatever fraction of a second, which is cut off; without a zone it is
/// UTC.
[[nodiscard]] std::optional<Timestamp> parse_timestamp(std::string_view text);

/// "h.example.org" of "https://h.example.org:443/…"; empty: no URL.
[[nodiscard]] std::string host_of_url(std::string_view url);

} // namespace meshprobe
