#include "ctl/import/tree.hpp"

#include "lib/file.hpp"
#include "lib/host_name.hpp"
#include "lib/instance.hpp"
#include "lib/json.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace meshprobe::legacy {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_checkpoint = 256U << 10;
constexpr std::size_t most_names = 1'000'000; ///< in one directory
constexpr std::size_t longest_key = 128;      ///< as the probe has it, and so …
constexpr std::size_t longest_event_type = 64;
constexpr Timestamp hour = 3600;
constexpr Timestamp farthest_future = 12 * hour;
/// How far back a series begins that was never met. The old collectors looked back about as far.
constexpr Timestamp look_back = hour;

bool is_plain(std::string_view text, std::size_t longest, std::string_view punctuation) {
    return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               punctuation.find(c) != std::string_view::npos;
    });
}

Result<std::vector<std::string>> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
        if (names.size() == most_names) {
            return fail(ErrorKind::storage,
                        fmt::format("{}: more than {} entries", directory.string(), most_names));
        }
        names.push_back(at->path().filename().string());
    }
    if (error) return fail_errno("read " + directory.string(), error.value());
    std::ranges::sort(names);
    return names;
}

std::string_view key_of(std::string_view id) {
    return id.substr(0, id.find(' '));
}

bool is_real_directory(const fs::path& path) {
    std::error_code error;
    return fs::is_directory(fs::symlink_status(path, error));
}

/// The last one published; nullopt: `why` says what it is instead.
std::optional<Timestamp> last_published(const nlohmann::json& next_start, Timestamp now, std::string& why) {
    if (!next_start.is_number()) {
        why = fmt::format("expected UNIX seconds, got {}", describe_json(next_start));
        return std::nullopt;
    }
    const double seconds = std::ceil(next_start.get<double>());
    if (!(seconds > 1 && seconds <= static_cast<double>(latest_timestamp))) {
        why = fmt::format("{} is no time", next_start.dump());
        return std::nullopt;
    }
    const auto last = static_cast<Timestamp>(seconds) - 1;
    if (last > now + farthest_future) {
        why = fmt::format("{} lies in the future: nothing was published up to then", format_utc(last));
        return std::nullopt;
    }
    return last;
}

class TreeReader {
  public:
    TreeReader(fs::path directory, Timestamp now) : now_(now) { tree_.directory = std::move(directory); }

    Result<Tree> read() {
        const auto names = names_in(tree_.directory);
        if (!names) return fail(names.error());
        for (const auto& name : *names)
            read_host(name);
        share_out();
        for (auto& [text, host] : hosts_) {
            if (!host.series.empty()) tree_.hosts.push_back(std::move(host));
        }
        return std::move(tree_);
    }

  private:
    void note(const fs::path& path, std::string_view why) {
        tree_.problems.push_back(fmt::format("{}: {}", path.string(), why));
    }

    void read_host(const std::string& name) {
        const auto path = tree_.directory / name;
        if (!is_real_directory(path)) return note(path, "expected a directory of checkpoints of a host");
        const auto host = parse_host_name(name);
        if (!host) return note(path, host.error().message);
        if (auto fits = check_instance({.host = host->text()}); !fits)
            return note(path, fits.error().message);
        const auto keys = names_in(path);
        if (!keys) return note(path, keys.error().message);
        // Its default port written out or not: it is one host here, and what either has sent was sent.
        auto& delivered = hosts_[host->text()];
        delivered.host = host->text();
        for (const auto& key : *keys) {
            if (key.starts_with("tmp")) {
                ++tree_.leftovers;
            } else {
                read_checkpoint_file(path / key, key, delivered);
            }
        }
    }

    void read_checkpoint_file(const fs::path& path, const std::string& key, DeliveredHost& host) {
        if (!is_plain(key, longest_key, "_.-")) return note(path, "is not named as a metadata key");
        const auto text = read_file(path, largest_checkpoint, Links::refuse);
        if (!text) {
            tree_.problems.push_back(text.error().message);
            return;
        }
        const auto json = parse_json_text(*text);
        if (!json) return note(path, json.error().message);
        if (!json->is_object()) {
            return note(path,
                        fmt::format("expected a JSON object of event types, got {}", describe_json(*json)));
        }
        bool is_used = false;
        for (const auto& [event_type, next_start] : json->items()) {
            std::string why;
            std::optional<Timestamp> last;
            if (is_plain(event_type, longest_event_type, "_-")) {
                last = last_published(next_start, now_, why);
            } else {
                why = "is no event type";
            }
            if (!last) {
                note(path, fmt::format("\"{}\": {}", event_type, why));
                continue;
            }
            auto& newest = host.series[fmt::format("{} {}", key, event_type)];
            newest = std::max(newest, *last);
            is_used = true;
        }
        if (is_used) ++host.keys;
    }

    /// A key that several hosts have goes to the one that published it last, with what any of them published.
    void share_out() {
        struct Owner {
            DeliveredHost* host = nullptr;
            Timestamp last = 0;
        };
        std::map<std::string_view, Owner> owners;
        for (auto& [text, host] : hosts_) {
            for (const auto& [id, last] : host.series) {
                auto& owner = owners[key_of(id)];
                if (owner.host == nullptr || last > owner.last) owner = {&host, last};
            }
        }
        std::vector<std::pair<DeliveredHost*, std::string>> shared;
        for (auto& [text, host] : hosts_) {
            for (const auto& [id, last] : host.series) {
                if (owners.at(key_of(id)).host != &host) shared.emplace_back(&host, id);
            }
        }
        for (const auto& [host, id] : shared) {
            auto& owner = *owners.at(key_of(id)).host;
            auto& newest = owner.series[id];
            newest = std::max(newest, host->series.at(id));
        }
        std::map<DeliveredHost*, std::string> others;
        for (const auto& [host, id] : shared)
            others[host] = owners.at(key_of(id)).host->host;
        owners.clear(); // it refers to what goes now
        for (const auto& [host, id] : shared)
            host->series.erase(id);
        for (const auto& [host, other] : others) {
            if (host->series.empty()) tree_.other_names.push_back({host->host, other});
            host->keys = host->key_names().size();
        }
    }

    Timestamp now_;
    Tree tree_;
    std::map<std::string, DeliveredHost> hosts_;
};

bool holds_something(const fs::path& directory) {
    const auto names = names_in(directory);
    return names && !names->empty();
}

Result<fs::path> find_metric(const fs::path& directory, std::span<const std::string_view> metrics) {
    const auto own_name =
        (directory.filename().empty() ? directory.parent_path() : directory).filename().string();
    if (std::ranges::find(metrics, std::string_view(own_name)) != metrics.end()) return directory;
    std::string found;
    std::string known;
    std::size_t count = 0;
    for (const auto metric : metrics) {
        known += fmt::format("{}{}", known.empty() ? "" : " or ", metric);
        if (!holds_something(directory / metric)) continue;
        found += fmt::format("{}{}", found.empty() ? "" : " and ", metric);
        ++count;
    }
    if (count == 1) return directory / found;
    std::error_code error;
    if (!fs::is_directory(directory, error)) {
        return fail(ErrorKind::usage, fmt::format("{}: {}", directory.string(),
                                                  error ? error.message() : "it is no directory"));
    }
    if (count == 0) {
        return fail(
            ErrorKind::usage,
            fmt::format("{} holds no checkpoints: expected a directory {} in it, with one directory for "
                        "each host (tmpdirectory of the old configuration)",
                        directory.string(), known));
    }
    return fail(
        ErrorKind::usage,
        fmt::format("{} holds checkpoints of {}; name the directory of the one whose messages meshprobe "
                    "is to go on with",
                    directory.string(), found));
}

} // namespace

std::vector<std::string> DeliveredHost::key_names() const {
    std::vector<std::string> names;
    for (const auto& [id, last] : series) {
        if (names.empty() || names.back() != key_of(id)) names.emplace_back(key_of(id));
    }
    return names;
}

Timestamp DeliveredHost::newest(Timestamp now) const {
    Timestamp newest = 0;
    for (const auto& [id, last] : series) {
        if (last <= now) newest = std::max(newest, last);
    }
    return newest == 0 ? now : newest;
}

Handover DeliveredHost::handover(Timestamp now) const {
    Handover handover;
    handover.series.reserve(series.size());
    for (const auto& [id, last] : series)
        handover.series.push_back({id, last});
    // The old collector asked last after it published this: what it has not seen was updated later.
    auto& progress = handover.progress;
    progress.polled_until = newest(now);
    progress.since = std::max<Timestamp>(1, progress.polled_until - look_back);
    progress.reread_at = progress.polled_until;
    return handover;
}

Result<Tree> read_tree(const fs::path& directory, std::span<const std::string_view> metrics, Timestamp now) {
    auto metric = find_metric(directory, metrics);
    if (!metric) return fail(metric.error());
    return TreeReader(std::move(*metric), now).read();
}

} // namespace meshprobe::legacy
