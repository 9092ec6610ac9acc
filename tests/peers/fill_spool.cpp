// fill-spool ROOT ARCHIVE [--segments N] [--messages N] [--points N] [--event-types A,B] [--hosts N]
//            [--buckets N] [--start N] [--ts SECONDS] [--bad-body N] [--big N]
//            [--domain NAME] [--format NAME]
// Puts segments into the queue of an archive, as a probe's commits would: for tests of
// archivers that need no probe. Prints the number of messages, points and bytes.
#include "lib/command_line.hpp"
#include "lib/file.hpp"
#include "lib/format/format.hpp"
#include "lib/instance.hpp"
#include "lib/spool/segment.hpp"
#include "lib/spool/segment_name.hpp"
#include "lib/spool/spool.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using namespace meshprobe;

constexpr std::array options{
    Option{"segments", "N", "how many"},
    Option{"messages", "N", "in each segment"},
    Option{"points", "N", "in each message"},
    Option{"event-types", "LIST", "used in turn"},
    Option{"hosts", "N", "used in turn"},
    Option{"domain", "NAME", "of the hosts"},
    Option{"buckets", "N", "of each histogram; 0: plain numbers"},
    Option{"start", "N", "number of the first segment"},
    Option{"ts", "SECONDS", "timestamp of the first point"},
    Option{"bad-body", "N", "every Nth message has a body of another shape"},
    Option{"format", "NAME", "of the messages (raw)"},
    Option{"big", "N", "the last message of the first segment has N bytes more"},
};

struct Total {
    std::uint64_t messages = 0;
    std::uint64_t points = 0;
    std::uint64_t bytes = 0;
};

class Filler {
  public:
    explicit Filler(const CommandLine& line) : line_(line) {
        std::string names =
            line.value("event-types").value_or("throughput,packet-loss-rate,histogram-owdelay");
        for (std::size_t start = 0, end = 0; end != std::string::npos; start = end + 1) {
            end = names.find(',', start);
            event_types_.push_back(names.substr(start, end == std::string::npos ? end : end - start));
        }
    }

    Status fill(Total& total) {
        const std::uint64_t start = number("start", 0);
        for (std::uint64_t segment = start; segment < start + segments_; ++segment) {
            if (auto written = write(segment, segment == start, total); !written) return written;
        }
        return {};
    }

  private:
    [[nodiscard]] std::uint64_t number(std::string_view option, std::uint64_t otherwise) const {
        const auto text = line_.value(option);
        return text ? std::strtoull(text->c_str(), nullptr, 10) : otherwise;
    }

    [[nodiscard]] std::uint64_t first_time(std::uint64_t segment, std::uint64_t message) const {
        return ts_ + (segment / hosts_) * messages_ * points_ + message / event_types_.size() * points_;
    }

    /// Of another format than raw, by the code that probes use.
    [[nodiscard]] std::string formatted(std::uint64_t segment, std::uint64_t message,
                                        const std::string& event_type) const {
        const auto host = segment % hosts_;
        const auto address = fmt::format("\"192.0.2.{}\"", 1 + host);
        const SeriesSubject subject{fmt::format("{:032x}", host),
                                    {.subject_type = "\"point-to-point\"",
                                     .source = address,
                                     .destination = "\"198.51.100.1\"",
                                     .tool_name = "\"pscheduler/powstream\"",
                                     .measurement_agent = address,
                                     .input_source = fmt::format("\"ps{}.example.org\"", host),
                                     .input_destination = "\"ps9.example.org\"",
                                     .test_type = "\"latencybg\"",
                                     .time_duration = "\"60\"",
                                     .ip_transport_protocol = {}}};
        const std::string value = event_type.starts_with("histogram") ? R"({"1.5":3,"2.25":1})" : "0.25";
        const std::string padded = value + std::string(16, ' ');
        const auto format = make_format(format_, subject, event_type);
        std::vector<Point> points;
        for (std::uint64_t point = 0; point < std::min<std::uint64_t>(points_, format->most_points());
             ++point) {
            points.push_back({static_cast<Timestamp>(first_time(segment, message) + point),
                              {std::string_view(padded).substr(0, value.size()), true}});
        }
        std::string text;
        format->write(text, points, std::chrono::system_clock::from_time_t(static_cast<std::time_t>(ts_)));
        return text;
    }

    std::string body(std::uint64_t segment, std::uint64_t message, const std::string& event_type) const {
        const std::uint64_t first = first_time(segment, message);
        std::string text = fmt::format(
            R"({{"meta":{{"subject_type":"point-to-point","source":"192.0.2.1","destination":"192.0.2.2",)"
            R"("tool_name":"pscheduler/powstream","measurement_agent":"192.0.2.1","input_source":"ps{0}.example.org",)"
            R"("input_destination":"ps9.example.org","org_metadata_key":"{1:032x}","rsv-timestamp":"1700000000.5",)"
            R"("event-type":"{2}","summaries":0,"ts_start":{3}}},"version":2,"datapoints":{{)",
            segment % hosts_, segment % hosts_, event_type, first);
        for (std::uint64_t point = 0; point < points_; ++point) {
            text += fmt::format("{}\"{}\":", point == 0 ? "" : ",", first + point);
            if (buckets_ == 0) {
                text += fmt::format("{}.25", segment + point);
                continue;
            }
            text += '{';
            for (std::uint64_t bucket = 0; bucket < buckets_; ++bucket) {
                text += fmt::format("{}\"{}.{:02}\":{}", bucket == 0 ? "" : ",", 10 + point % 7, bucket,
                                    1 + bucket % 5);
            }
            text += '}';
        }
        return text + "}}";
    }

    Status write(std::uint64_t segment, bool is_first, Total& total) {
        const std::string host =
            fmt::format("ps{}.{}", segment % hosts_, line_.value("domain").value_or("example.org"));
        const std::string archive = line_.arguments[1];
        SegmentBuilder builder(
            {"meshprobe@" + host, host, "default", archive, fmt::format("run{:08}", segment), format_});
        for (std::uint64_t message = 0; message < messages_; ++message) {
            const std::string& event_type = event_types_[message % event_types_.size()];
            std::string text = format_ == "raw" ? body(segment, message, event_type)
                                                : formatted(segment, message, event_type);
            if (is_first && message + 1 == messages_) text.append(number("big", 0), ' ');
            if (const auto nth = number("bad-body", 0); nth > 0 && message % nth == nth - 1)
                text = "{\"meta\":7}";
            builder.add(event_type, points_, text);
            total.bytes += text.size();
        }
        total.messages += builder.messages();
        total.points += builder.points();
        const Spool spool(line_.paths, archive);
        if (auto created = spool.create(); !created) return created;
        const SegmentName name{1'700'000'000'000'000 + static_cast<std::int64_t>(segment),
                               hash_instance_name(host), 0};
        const auto hidden = spool.queue() / ("." + name.text());
        if (auto written = write_file_atomically(hidden, std::move(builder).finish(), 0640); !written)
            return written;
        std::filesystem::rename(hidden, spool.queue() / name.text());
        return {};
    }

    const CommandLine& line_;
    const std::uint64_t segments_ = number("segments", 1);
    const std::uint64_t messages_ = number("messages", 10);
    const std::uint64_t points_ = number("points", 10);
    const std::uint64_t hosts_ = number("hosts", 1);
    const std::uint64_t buckets_ = number("buckets", 0);
    const std::uint64_t ts_ = number("ts", 1'700'000'000);
    const std::string format_ = line_.value("format").value_or("raw");
    std::vector<std::string> event_types_;
};

} // namespace

int main(int argc, char** argv) {
    auto line = parse_command_line({argv, static_cast<std::size_t>(argc)}, options);
    const auto format = line ? line->value("format") : std::nullopt;
    const bool is_known = !format || std::ranges::find(format_names, *format) != format_names.end();
    if (!line || line->help || line->arguments.size() != 2 || !is_known) {
        fmt::print(stderr, "fill-spool: {}\n{}", line ? "" : line.error().message,
                   help_text("fill-spool [OPTIONS] ROOT ARCHIVE", "Puts segments into a spool.", options));
        return 2;
    }
    line->paths = Paths(line->arguments[0]);
    Total total;
    if (auto filled = Filler(*line).fill(total); !filled) {
        fmt::print(stderr, "fill-spool: {}\n", filled.error().message);
        return 1;
    }
    fmt::print("{} {} {}\n", total.messages, total.points, total.bytes);
}
