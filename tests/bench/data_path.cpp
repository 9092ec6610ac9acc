// What the probe's data path costs, from the bytes of a page to those of a segment:
//
//   data_path [MB…]          pages of 1, 10 and 100 MB unless said otherwise
//
// Each stage runs in a child of its own, which gives its peak memory; rates are by CPU time, the best of
// three. Ratios to memcpy and to other parsers in the same run are what can be compared between machines.
#include "lib/format/raw.hpp"
#include "lib/json.hpp"
#include "lib/spool/segment.hpp"
#include "probe/fetch/array_scanner.hpp"
#include "probe/fetch/points.hpp"
#include "probe/limit/limit_set.hpp"

#include <fmt/core.h>
#include <simdjson.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

using namespace meshprobe;

namespace {

constexpr std::size_t megabyte = 1'000'000;
constexpr std::size_t chunk_size = 16'384; // what libcurl hands on at once
constexpr std::size_t commit_size = 4U << 20;

/// About 1 MB of points without the brackets of the array, each behind a comma.
std::string histogram_points() {
    std::mt19937 random(1); // NOLINT: the same page each time
    std::string text;
    for (Timestamp ts = 1'700'000'000; text.size() < megabyte; ts += 60) {
        text += fmt::format(R"(,{{"ts": {}, "val": {{)", ts);
        const double start = 5 + static_cast<double>(random() % 300) / 10;
        for (unsigned bucket = 0; bucket < 25 + random() % 30; ++bucket) {
            text += fmt::format(R"({}"{:.2f}": {})", bucket == 0 ? "" : ", ", start + 0.01 * bucket,
                                1 + random() % 200);
        }
        text += "}}";
    }
    return text;
}

std::string scalar_points() {
    std::mt19937 random(2); // NOLINT
    std::string text;
    for (Timestamp ts = 1'700'000'000; text.size() < megabyte; ts += 60) {
        text += fmt::format(R"(,{{"ts": {}, "val": {}.0}})", ts, random());
    }
    return text;
}

/// The page is its first megabyte over and over: no stage has to hold it to read it.
void for_each_chunk(const std::string& points, std::size_t megabytes,
                    const std::function<void(std::string_view)>& take) {
    take("[");
    for (std::size_t i = 0; i < megabytes; ++i) {
        auto rest = std::string_view(points).substr(i == 0 ? 1 : 0);
        for (; !rest.empty(); rest.remove_prefix(std::min(rest.size(), chunk_size)))
            take(rest.substr(0, chunk_size));
    }
    take("]");
}

std::string whole_page(const std::string& points, std::size_t megabytes) {
    std::string page;
    for_each_chunk(points, megabytes, [&](std::string_view chunk) { page += chunk; });
    return page;
}

void must(const Status& status) {
    if (status) return;
    fmt::print(stderr, "data_path: {}\n", status.error().message);
    std::exit(1);
}

void scan(const std::string& points, std::size_t megabytes, const ArrayScanner::Sink& sink) {
    ArrayScanner scanner(sink);
    for_each_chunk(points, megabytes, [&](std::string_view chunk) { must(scanner.feed(chunk)); });
    must(scanner.finish());
}

struct Cost {
    double seconds = 0;
    long peak_kib = 0; ///< beyond what the parent had
    std::size_t result = 0;
};

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long peak_kib() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/// `work` returns something of what it made, so that it cannot be left out.
Cost measure(const std::function<std::size_t()>& work) {
    Cost best{1e9, 0, 0};
    for (int round = 0; round < 3; ++round) {
        int ends[2] = {};
        if (::pipe(ends) != 0) std::exit(1);
        const pid_t child = ::fork();
        if (child == 0) {
            const double start = cpu_seconds();
            Cost cost;
            cost.result = work();
            cost.seconds = cpu_seconds() - start;
            cost.peak_kib = peak_kib();
            if (::write(ends[1], &cost, sizeof cost) != sizeof cost) ::_exit(1);
            ::_exit(0);
        }
        Cost cost;
        ::close(ends[1]);
        const bool is_complete = ::read(ends[0], &cost, sizeof cost) == sizeof cost;
        ::close(ends[0]);
        ::waitpid(child, nullptr, 0);
        if (!is_complete) std::exit(1);
        if (cost.seconds < best.seconds) best = cost;
    }
    return best;
}

struct Stage {
    std::string_view name;
    std::function<std::size_t(const std::string& points, std::size_t megabytes)> work;
    std::size_t most_megabytes = 10'000; ///< a DOM of 100 MB does not fit everywhere
};

std::size_t copy(const std::string& points, std::size_t megabytes) {
    std::string buffer(chunk_size, ' ');
    std::size_t sum = 0;
    for_each_chunk(points, megabytes, [&](std::string_view chunk) {
        std::copy(chunk.begin(), chunk.end(), buffer.begin());
        sum += static_cast<unsigned char>(buffer[chunk.size() / 2]);
    });
    return sum;
}

std::size_t scan_only(const std::string& points, std::size_t megabytes) {
    std::size_t batches = 0;
    scan(points, megabytes, [&](std::string_view) -> Status {
        ++batches;
        return {};
    });
    return batches;
}

std::size_t parse(const std::string& points, std::size_t megabytes) {
    PointReader reader;
    std::size_t count = 0;
    scan(points, megabytes, [&](std::string_view batch) -> Status {
        count += reader.read(batch).size();
        return {};
    });
    return count;
}

/// Of the task that everybody has.
LimitSet age_limit() {
    Config config;
    auto& limit = config.limits["recent"];
    limit.name = "recent";
    limit.type = "age";
    limit.max = std::chrono::days(4000);
    return LimitSet::create(config, {"recent"}).value();
}

std::size_t parse_and_judge(const std::string& points, std::size_t megabytes) {
    MetadataEntry entry;
    auto limits = age_limit();
    SeriesLimits judges(limits, {entry, "histogram-owdelay"});
    PointReader reader;
    std::size_t count = 0;
    scan(points, megabytes, [&](std::string_view batch) -> Status {
        for (const auto& point : reader.read(batch)) {
            const auto decision = judges.judge({point.ts, point.value.text, 1'700'100'000, nullptr});
            count += decision.verdict == LimitDecision::Verdict::pass ? 1 : 0;
        }
        return {};
    });
    return count;
}

std::size_t parse_to_segment(const std::string& points, std::size_t megabytes) {
    SeriesSubject entry;
    entry.key = "0123456789abcdef0123456789abcdef";
    const RawFormat transform(entry, "histogram-owdelay");
    const SegmentHeader header{
        "meshprobe@ps.example.org", "ps.example.org", "default", "local", "run", "raw"};
    SegmentBuilder segment(header);
    PointReader reader;
    std::string body;
    std::size_t bytes = 0;
    const auto commit = [&] {
        bytes += std::move(segment).finish().size();
        segment = SegmentBuilder(header);
    };
    scan(points, megabytes, [&](std::string_view batch) -> Status {
        auto rest = reader.read(batch);
        while (!rest.empty()) {
            const auto part = rest.first(std::min(rest.size(), RawFormat::max_points));
            transform.write(body, part, std::chrono::system_clock::now());
            segment.add(transform.event_type(), part.size(), body);
            rest = rest.subspan(part.size());
        }
        if (segment.size() >= commit_size) commit();
        return {};
    });
    commit();
    return bytes;
}

/// The raw text of each value, copied; what is skipped is not validated.
std::size_t simdjson_on_demand(const std::string& points, std::size_t megabytes) {
    simdjson::ondemand::parser parser;
    std::string values;
    std::size_t count = 0;
    scan(points, megabytes, [&](std::string_view batch) -> Status {
        values.clear();
        auto document = parser.iterate(batch.data(), batch.size(), batch.size() + ArrayScanner::padding);
        for (auto element : document.get_array()) {
            auto object = element.get_object();
            count += object["ts"].get_uint64().value() % 2;
            auto value = object["val"].value();
            if (value.type().value() == simdjson::ondemand::json_type::object) {
                values += value.get_object().value().raw_json().value();
            } else {
                values += value.raw_json_token();
            }
        }
        return {};
    });
    return count + values.size();
}

std::size_t simdjson_dom(const std::string& points, std::size_t megabytes) {
    simdjson::dom::parser parser;
    std::size_t count = 0;
    scan(points, megabytes, [&](std::string_view batch) -> Status {
        count += parser.parse(batch.data(), batch.size(), false).get_array().size();
        return {};
    });
    return count;
}

std::size_t nlohmann_dom(const std::string& points, std::size_t megabytes) {
    return nlohmann::json::parse(whole_page(points, megabytes)).size();
}

void report(std::string_view kind, const std::string& points, std::size_t megabytes) {
    const std::vector<Stage> stages = {{"memcpy", copy},
                                       {"scanner", scan_only},
                                       {"scanner + points", parse},
                                       {"scanner + points + limit age", parse_and_judge},
                                       {"scanner + points + raw + segment", parse_to_segment},
                                       {"scanner + simdjson on-demand, raw copy", simdjson_on_demand},
                                       {"scanner + simdjson DOM", simdjson_dom},
                                       {"nlohmann DOM of the whole page", nlohmann_dom, 10}};
    const double bytes = static_cast<double>(points.size()) * static_cast<double>(megabytes);
    fmt::print("{} page, {} MB\n{:<40} {:>9} {:>10} {:>11}\n", kind, megabytes, "", "MB/s", "of memcpy",
               "peak MiB");
    double reference = 0;
    for (const auto& stage : stages) {
        if (megabytes > stage.most_megabytes) continue;
        const auto cost = measure([&] { return stage.work(points, megabytes); });
        const double rate = bytes / megabyte / std::max(cost.seconds, 1e-6);
        if (reference == 0) reference = rate;
        fmt::print("{:<40} {:>9.0f} {:>9.1f}% {:>11.1f}\n", stage.name, rate, 100 * rate / reference,
                   static_cast<double>(cost.peak_kib) / 1024);
    }
    fmt::print("\n");
}

} // namespace

int main(int argc, char** argv) {
    std::vector<std::size_t> sizes;
    for (const char* argument : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
        sizes.push_back(std::max(std::strtoul(argument, nullptr, 10), 1UL));
    }
    if (sizes.empty()) sizes = {1, 10, 100};
    const auto histograms = histogram_points();
    for (const auto size : sizes)
        report("histogram", histograms, size);
    report("scalar", scalar_points(), sizes.back());
    return 0;
}
