// What a transform costs, against the jq command with the same program on the same messages:
//
//   jq_path [MESSAGES]       2000 raw messages of histograms, some 30 kB each, unless said otherwise
//
// Both are timed from start to end, so compiling counts on both sides. CPU time is that of all processes; the
// ratios in one run are what can be compared between machines.
#include "lib/format/raw.hpp"
#include "lib/transform/jq_transform.hpp"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace meshprobe;

namespace {

constexpr std::size_t points_each = 60;

std::vector<std::string> make_messages(std::size_t count) {
    std::mt19937 random(1); // NOLINT: the same ones each time
    const SeriesSubject subject{"0123456789abcdef0123456789abcdef", {}};
    const RawFormat format(subject, "histogram-owdelay");
    std::vector<std::string> messages(count);
    Timestamp ts = 1'700'000'000;
    for (auto& message : messages) {
        std::vector<std::string> values;
        for (std::size_t i = 0; i < points_each; ++i) {
            std::string value = "{";
            const double start = 5 + static_cast<double>(random() % 300) / 10;
            for (unsigned bucket = 0; bucket < 40; ++bucket)
                value += fmt::format(R"({}"{:.2f}":{})", bucket == 0 ? "" : ",", start + 0.01 * bucket,
                                     1 + random() % 200);
            values.push_back(value + "}");
        }
        std::vector<Point> points;
        for (const auto& value : values)
            points.push_back({ts += 60, {value, true}});
        format.write(message, points, std::chrono::system_clock::now());
    }
    return messages;
}

double cpu_seconds(int who) {
    rusage usage{};
    ::getrusage(who, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Cost {
    double wall = 0;
    double cpu = 0;
};

template <class Work>
Cost measure(Work work) {
    const auto start = std::chrono::steady_clock::now();
    const double cpu = cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN);
    work();
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
            cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN) - cpu};
}

void transform_all(const std::string& program, const std::vector<std::string>& messages) {
    JqTransform transform(
        {.name = "bench", .script = program, .arguments = {}, .output_raw = false, .description = {}},
        MESHPROBE_BINARY_DIR "/bin/meshprobe-jq");
    for (const auto& message : messages) {
        const auto sent = transform.apply(message);
        if (sent) continue;
        fmt::print(stderr, "jq_path: {}\n", sent.error().message);
        std::exit(1);
    }
}

void command_all(const std::string& program, const std::string& file) {
    const auto command = fmt::format("jq -c '{}' {} >/dev/null", program, file);
    if (std::system(command.c_str()) == 0) return; // NOLINT
    fmt::print(stderr, "jq_path: the command jq is missing, or it failed\n");
    std::exit(1);
}

} // namespace

int main(int argc, char** argv) {
    const auto arguments = std::span(argv, static_cast<std::size_t>(argc));
    const auto messages =
        make_messages(argc > 1 ? std::max(std::strtoul(arguments[1], nullptr, 10), 1UL) : 2000);
    std::size_t bytes = 0;
    const auto file = fmt::format("/tmp/meshprobe-jq-path.{}", ::getpid());
    {
        std::ofstream out(file);
        for (const auto& message : messages) {
            out << message << '\n';
            bytes += message.size();
        }
    }
    fmt::print("{} messages, {:.1f} MB\n{:<52} {:>10} {:>10} {:>14} {:>14}\n", messages.size(),
               static_cast<double>(bytes) / 1e6, "", "MB/s", "jq: MB/s", "of its time", "of its CPU");
    for (const std::string program : {".", "{site: \"a\"} + .", ".meta.source",
                                      ".datapoints |= map_values(to_entries | map(.value) | add)"}) {
        const auto ours = measure([&] { transform_all(program, messages); });
        const auto theirs = measure([&] { command_all(program, file); });
        fmt::print("{:<52} {:>10.1f} {:>10.1f} {:>13.2f}x {:>13.2f}x\n", program,
                   static_cast<double>(bytes) / 1e6 / ours.wall,
                   static_cast<double>(bytes) / 1e6 / theirs.wall, ours.wall / theirs.wall,
                   ours.cpu / theirs.cpu);
    }
    ::unlink(file.c_str());
    return 0;
}
