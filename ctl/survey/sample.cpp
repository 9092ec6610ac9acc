#include "ctl/survey/sample.hpp"

#include "probe/fetch/archive_url.hpp"
#include "probe/fetch/array_scanner.hpp"
#include "probe/fetch/points.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string_view>

namespace meshprobe::survey {

namespace {

constexpr std::size_t most_kept_uris = 200; ///< of an event type
constexpr std::size_t series_per_type = 2;
constexpr std::uint64_t most_sample_points = 10'000;
constexpr std::uint64_t largest_sample = 32ULL << 20;

/// Tests of these run a few times a day; an hour tells nothing of them.
bool is_rare(std::string_view event_type) {
    constexpr std::array<std::string_view, 3> beginnings{"throughput", "packet-retransmits", "failures"};
    return std::ranges::any_of(beginnings, [&](auto beginning) { return event_type.starts_with(beginning); });
}

class Sampler {
  public:
    Sampler(HttpSession& session, const std::string& archive_url, Timestamp now)
        : session_(session), archive_url_(archive_url), now_(now) {}

    void read(TypeSample& sample, const ActiveSeries::Type& type) {
        const std::size_t count = std::min(series_per_type, type.uris.size());
        for (std::size_t i = 0; i < count; ++i)
            read(sample, type.uris[i * type.uris.size() / count]);
    }

    [[nodiscard]] Timestamp newest() const { return newest_; }

  private:
    /// Of one series while it arrives.
    struct Reading {
        PointReader reader;
        std::uint64_t points = 0;
        std::uint64_t bytes = 0;
        Timestamp newest = 0;
        ArrayScanner scanner{[this](std::string_view batch) -> Status {
            const auto read = reader.read(batch);
            points += read.size();
            if (!read.empty()) newest = std::max(newest, read.back().ts);
            return {};
        }};
    };

    void read(TypeSample& sample, const std::string& base_uri) {
        const auto url = resolve(archive_url_, base_uri);
        if (!url) return;
        const auto reading = std::make_shared<Reading>();
        HttpRequest request;
        request.url = fmt::format("{}?time-start={}&time-end={}&limit={}", *url, now_ - sample.window, now_,
                                  most_sample_points);
        request.headers = {"Accept: application/json"};
        request.max_bytes = largest_sample;
        request.on_body = [reading](std::string_view chunk) {
            reading->bytes += chunk.size();
            return reading->scanner.feed(chunk);
        };
        session_.start(std::move(request), [this, &sample, reading](const Result<HttpResponse>& answer) {
            if (!answer || answer->status < 200 || answer->status > 299 || !reading->scanner.finish()) return;
            ++sample.sampled;
            sample.points += reading->points;
            sample.bytes += reading->points > 0 ? reading->bytes : 0;
            newest_ = std::max(newest_, std::min(reading->newest, now_));
        });
    }

    HttpSession& session_;
    const std::string& archive_url_;
    Timestamp now_;
    Timestamp newest_ = 0;
};

} // namespace

void ActiveSeries::add(const std::string& event_type, const std::string& base_uri) {
    Type& type = types_[event_type];
    ++type.count;
    ++count_;
    if (type.uris.size() < most_kept_uris) type.uris.push_back(base_uri);
}

Samples sample(HttpSession& session, const std::string& archive_url, const ActiveSeries& active,
               Timestamp now, const std::function<bool()>& stop) {
    Samples samples;
    samples.types.reserve(active.types().size()); // answers refer to them
    Sampler sampler(session, archive_url, now);
    for (const auto& [event_type, type] : active.types()) {
        samples.types.push_back(
            {.event_type = event_type, .series = type.count, .window = is_rare(event_type) ? day : hour});
        sampler.read(samples.types.back(), type);
    }
    if (!session.run(stop)) return samples;
    for (TypeSample& quiet : samples.types) {
        if (quiet.points > 0 || quiet.window == day) continue;
        quiet.window = day;
        quiet.sampled = 0;
        sampler.read(quiet, active.types().at(quiet.event_type));
    }
    static_cast<void>(session.run(stop)); // what was not read is told by the numbers
    samples.newest = sampler.newest();
    return samples;
}

} // namespace meshprobe::survey
