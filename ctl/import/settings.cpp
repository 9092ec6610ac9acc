#include "ctl/import/settings.hpp"

#include "lib/file.hpp"
#include "lib/host_name.hpp"
#include "lib/percent_encoding.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <system_error>

namespace meshprobe::legacy {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_ini = 1U << 20;
constexpr std::size_t most_drop_ins = 1000;
constexpr std::string_view mesh_reader = "org.osg.local.network-monitoring-local";
constexpr std::string_view ps_collector_metric = "org.osg.general.perfsonar-rabbitmq-simple";

std::string args_of(std::string_view metric) {
    return fmt::format("{} args", metric);
}

/// Sorted by name, as both read them.
std::vector<fs::path> files_in(const fs::path& directory, const std::function<bool(std::string_view)>& is_one,
                               std::vector<std::string>& problems) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
        std::error_code unreadable; // then reading it tells
        if (!is_one(at->path().filename().string()) || fs::is_directory(at->path(), unreadable)) continue;
        if (files.size() == most_drop_ins) break;
        files.push_back(at->path());
    }
    if (error) problems.push_back(fmt::format("{}: {}", directory.string(), error.message()));
    std::ranges::sort(files);
    return files;
}

void read_into(Ini& ini, const fs::path& file, std::vector<std::string>& problems) {
    const auto text = read_file(file, largest_ini);
    if (text) {
        ini.read(*text, file.string(), problems);
    } else {
        problems.push_back(text.error().message);
    }
}

/// By commas; blanks and empty ones do not count.
std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> items;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(",\n"), text.size());
        if (const auto item = stripped(text.substr(0, end)); !item.empty()) items.emplace_back(item);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return items;
}

bool is_true(const std::optional<std::string>& value) {
    if (!value) return false;
    constexpr std::array<std::string_view, 7> words{"true", "True", "TRUE", "yes", "Yes", "on", "1"};
    return std::ranges::find(words, std::string_view(*value)) != words.end();
}

class SettingsReader {
  public:
    SettingsReader(const Ini& ini, Settings& settings) : ini_(ini), settings_(settings) {}

    std::optional<std::string> get(std::string_view section, std::string_view key) const {
        return ini_.get(section, key);
    }
    void note(std::string text) { settings_.notes.push_back(std::move(text)); }

    std::optional<Microseconds> duration(std::string_view section, std::string_view key, Seconds unit) {
        const auto text = get(section, key);
        if (!text) return std::nullopt;
        unsigned number = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
        constexpr unsigned most = 10'000'000;
        if (error != std::errc{} || end != text->data() + text->size() || number == 0 || number > most) {
            settings_.problems.push_back(fmt::format(
                "[{}] {}: expected a whole number greater than 0, got \"{}\"", section, key, *text));
            return std::nullopt;
        }
        return number * unit;
    }

    void add_mesh(std::string_view section, std::string_view key, const std::string& url) {
        if (const auto good = parse_url(url); !good) {
            settings_.problems.push_back(fmt::format("[{}] {}: {}", section, key, good.error().message));
        } else if (std::ranges::find(settings_.meshes, url) == settings_.meshes.end()) {
            settings_.meshes.push_back(url);
        }
    }

    void read_event_types(std::string_view section) {
        const auto is_type = [](std::string_view name) {
            return name.size() <= 64 && std::ranges::all_of(name, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                   });
        };
        for (auto& name : split_list(get(section, "allowedevents").value_or(""))) {
            if (is_type(name)) {
                settings_.event_types.push_back(std::move(name));
            } else {
                settings_.problems.push_back(
                    fmt::format("[{}] allowedEvents: \"{}\" is no event type", section, name));
            }
        }
    }

    void read_broker(std::string_view section) {
        const auto host = get(section, "rabbit_host");
        if (!host) return;
        const auto good = parse_host_name(*host);
        if (!good) {
            settings_.problems.push_back(fmt::format("[{}] rabbit_host: {}", section, good.error().message));
            return;
        }
        settings_.broker = Broker{.host = good->text(),
                                  .virtual_host = get(section, "virtual_host").value_or("/"),
                                  .user = get(section, "username").value_or(""),
                                  .password = get(section, "password").value_or(""),
                                  .exchange = get(section, "exchange").value_or("")};
        if (settings_.broker->exchange.empty()) {
            settings_.problems.push_back(
                fmt::format("[{}] exchange: it is missing; osg.ps.raw is taken", section));
        }
    }

    void read_common(std::string_view section) {
        read_event_types(section);
        settings_.certificate = get(section, "usercert").value_or("");
        settings_.key = get(section, "userkey").value_or("");
        settings_.tree = get(section, "tmpdirectory").value_or("");
        if (is_true(get(section, "summary")))
            note("summary: summaries are not sent, since the consumers of raw results want none; "
                 "\"summaries:\" of the task names those that are to be");
        if (get(section, "maxstart"))
            note("maxstart: what lies further back than catch-up (30 days) is recorded as a gap instead");
        if (get(section, "mq-max-message-size"))
            note("mq-max-message-size: it never had an effect; a limit of type size would");
    }

  private:
    const Ini& ini_;
    Settings& settings_;
};

void read_ps_collector_sections(const Ini& ini, SettingsReader& reader, Settings& settings) {
    const Seconds unit = is_true(reader.get("Scheduler", "debug")) ? Seconds(1) : Seconds(60);
    settings.mesh_refresh = reader.duration("Scheduler", "mesh_interval", unit);
    settings.interval = reader.duration("Scheduler", "probe_interval", unit);
    settings.timeout = reader.duration("Scheduler", "query_timeout", unit);
    for (const auto& url : split_list(reader.get("Mesh", "endpoint").value_or("")))
        reader.add_mesh("Mesh", "endpoint", url);
    const auto args = args_of(ps_collector_metric);
    reader.read_common(args);
    reader.read_broker("rabbitmq");
    if (is_true(reader.get("Oneshot", "enable")))
        reader.note("[Oneshot]: a range of the past is fetched by hand, not by the configuration");
    if (is_true(reader.get("Push", "enabled"))) {
        reader.note("[Push]: results that pScheduler pushes are not consumed; \"meshprobectl convert\" makes "
                    "the same messages of them");
    }

    constexpr std::array<std::string_view, 6> own{"General", "Scheduler", "Oneshot",
                                                  "Mesh",    "rabbitmq",  "Push"};
    for (const auto& [name, section] : ini.sections()) {
        if (std::ranges::find(own, std::string_view(name)) != own.end() || name == args) continue;
        const auto host = parse_host_name(name);
        const bool is_host =
            host && name.find_first_of(".:") != std::string::npos && section.contains("interval");
        if (!is_host) {
            reader.note(fmt::format("[{}]: not known; passed over", name));
        } else if (const auto interval = reader.duration(name, "interval", unit)) {
            settings.host_intervals.insert_or_assign(host->text(), *interval);
        }
    }
}

/// "*/15 * * * *": whatever else cron knows, a timer says otherwise.
std::optional<Microseconds> cron_interval(std::string_view text) {
    constexpr std::string_view begin = "*/";
    if (text == "* * * * *") return std::chrono::minutes(1);
    if (!text.starts_with(begin)) return std::nullopt;
    unsigned minutes = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data() + begin.size(), last, minutes);
    if (error != std::errc{} || std::string_view(end, last) != " * * * *" || minutes == 0 || minutes > 60)
        return std::nullopt;
    return std::chrono::minutes(minutes);
}

void read_rsv_sections(SettingsReader& reader, std::string_view metric, Settings& settings) {
    const auto args = args_of(metric);
    const auto interval_of = [&](std::string_view section) -> std::optional<Microseconds> {
        const auto text = reader.get(section, "cron-interval");
        if (!text) return std::nullopt;
        auto interval = cron_interval(*text);
        if (!interval) {
            reader.note(fmt::format("[{}] cron-interval: \"{}\" is not taken over; see calendar: of a task",
                                    section, *text));
        }
        return interval;
    };
    settings.interval = interval_of(metric);
    settings.mesh_refresh = interval_of(mesh_reader);
    settings.timeout = reader.duration(args, "timeout", Seconds(1));
    settings.first_run = reader.duration(args, "start", Seconds(1));
    reader.read_common(args);
    reader.read_broker(args);
    if (const auto queue = reader.get(args, "directoryqueue")) {
        reader.note(
            fmt::format("directoryqueue {}: this version has no archiver for ActiveMQ (stomp)", *queue));
    }
    if (const auto goc = reader.get(args, "goc"))
        reader.note(fmt::format("goc {}: this version has no archiver for a central esmond", *goc));

    const auto mesh_args = args_of(mesh_reader);
    constexpr unsigned most_meshes = 100;
    std::vector<std::string> keys{"super_mesh"};
    for (unsigned i = 0; i < most_meshes; ++i)
        keys.push_back(fmt::format("mesh{}", i));
    for (const auto& key : keys) {
        if (const auto url = reader.get(mesh_args, key)) reader.add_mesh(mesh_args, key, *url);
    }
}

} // namespace

std::string Broker::url() const {
    const std::string login = user.empty() ? "" : percent_encode(user) + "@";
    return fmt::format("amqp://{}{}/{}", login, host, percent_encode(virtual_host));
}

Result<Settings> read_ps_collector(const fs::path& file) {
    Settings settings;
    Ini ini;
    const auto text = read_file(file, largest_ini);
    if (!text) return fail(text.error());
    ini.read(*text, file.string(), settings.problems);
    if (const auto directory = ini.get("General", "config_directory")) {
        const auto is_drop_in = [](std::string_view name) {
            return !name.starts_with('.') && !name.ends_with(".rpmsave") && !name.ends_with(".rpmnew");
        };
        for (const auto& drop_in : files_in(file.parent_path() / *directory, is_drop_in, settings.problems))
            read_into(ini, drop_in, settings.problems);
    }
    SettingsReader reader(ini, settings);
    read_ps_collector_sections(ini, reader, settings);
    return settings;
}

Result<Settings> read_rsv(const fs::path& directory, std::string_view metric) {
    Settings settings;
    Ini ini(Ini::Comments::inline_too);
    std::error_code error;
    if (!fs::is_directory(directory, error)) {
        const auto text = read_file(directory, largest_ini);
        if (!text) return fail(text.error());
        ini.read(*text, directory.string(), settings.problems);
    } else {
        const auto is_metric = [](std::string_view name) {
            return !name.starts_with('.') && name.ends_with(".conf");
        };
        for (const auto& file : files_in(directory, is_metric, settings.problems))
            read_into(ini, file, settings.problems);
    }
    SettingsReader reader(ini, settings);
    read_rsv_sections(reader, metric, settings);
    return settings;
}

} // namespace meshprobe::legacy
