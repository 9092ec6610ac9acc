// meshprobectl import: goes on where an old collector stopped.
#include "ctl/commands.hpp"
#include "ctl/import/settings.hpp"
#include "ctl/import/take_over.hpp"
#include "ctl/import/tree.hpp"
#include "ctl/output.hpp"
#include "lib/file.hpp"
#include "lib/json.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

namespace meshprobe {

namespace {

namespace fs = std::filesystem;
using namespace legacy;
using nlohmann::ordered_json;

constexpr std::array<std::string_view, 1> ps_collector_metrics{"org.osg.general.perfsonar-rabbitmq-simple"};
constexpr std::array<std::string_view, 3> rsv_metrics{"org.osg.general.perfsonar-rabbitmq-simple",
                                                      "org.osg.general.perfsonar-activemq-simple",
                                                      "org.osg.general.perfsonar-simple"};
constexpr std::size_t largest_drop_in = 4U << 20;

struct Collector {
    std::string_view name;
    std::span<const std::string_view> metrics;
    std::string_view configuration; ///< where it has it, below the root
    std::string_view tree;          ///< where it keeps its checkpoints unless told otherwise
};
constexpr std::array collectors{
    Collector{"ps-collector", ps_collector_metrics, "etc/ps-collector/config.ini", "/var/lib/ps-collector"},
    Collector{"rsv", rsv_metrics, "etc/rsv/metrics", "/usr/local/rsv-perfsonar-timestamps"},
};

/// What becomes of the configuration, or of the credential.
struct WrittenFile {
    fs::path path;
    std::string text;
    mode_t mode = 0644;
    std::string outcome; ///< "written", "unchanged", "overwritten", "refused", "failed"
    std::string reason;

    [[nodiscard]] bool is_there() const { return outcome != "refused" && outcome != "failed"; }
};

class Import {
  public:
    Import(const CommandLine& line, const Collector& collector)
        : line_(line), collector_(collector), task_(line.value("task").value_or(std::string(default_task))) {}

    [[nodiscard]] ExitCode run();

  private:
    [[nodiscard]] Status read_configuration(const std::optional<fs::path>& directory);
    [[nodiscard]] Result<legacy::Settings> read_settings(const fs::path& file, std::string_view metric) const;
    void write_configuration();
    void write(WrittenFile& file) const;
    [[nodiscard]] ExitCode verdict() const;
    void complain_of_all() const;
    void print(ExitCode code) const;
    void print_as_json(ExitCode code) const;

    const CommandLine& line_;
    const Collector& collector_;
    const std::string task_;
    std::optional<legacy::Settings> settings_;
    fs::path source_; ///< of the settings
    Tree tree_;
    std::vector<TakenOver> hosts_;
    std::vector<WrittenFile> files_;
};

Result<legacy::Settings> Import::read_settings(const fs::path& file, std::string_view metric) const {
    return collector_.name == "rsv" ? read_rsv(file, metric) : read_ps_collector(file);
}

/// That it is not where it is expected is no error: the checkpoints are what matters.
Status Import::read_configuration(const std::optional<fs::path>& directory) {
    if (line_.has("no-config")) return {};
    std::vector<fs::path> places;
    const auto named = line_.value("config");
    if (named) {
        places.emplace_back(*named);
    } else {
        if (directory && collector_.name == "ps-collector") places.push_back(*directory / "config.ini");
        places.push_back(line_.paths.root() / collector_.configuration);
    }
    for (const auto& place : places) {
        std::error_code error;
        if (!named && !fs::exists(place, error)) continue;
        const std::string metric = tree_.directory.filename().string();
        auto settings =
            read_settings(place, metric.empty() ? collector_.metrics.front() : std::string_view(metric));
        if (!settings) return fail(settings.error());
        settings_ = std::move(*settings);
        source_ = place;
        return {};
    }
    return {};
}

void Import::write(WrittenFile& file) const {
    const auto is = [&](std::string_view outcome, std::string reason = {}) {
        file.outcome = outcome;
        file.reason = std::move(reason);
    };
    const auto before = read_file_if_exists(file.path, largest_drop_in);
    if (!before) return is("failed", before.error().message);
    if (*before == file.text) return is("unchanged");
    if (*before && !line_.has("force"))
        return is("refused", "it is there already, and says something else; move it away, or use --force");
    if (!line_.has("dry-run")) {
        if (auto made = make_directories(file.path.parent_path(), file.mode == 0600 ? 0700 : 0755); !made)
            return is("failed", made.error().message);
        if (auto written = write_file_durably(file.path, file.text, file.mode); !written)
            return is("failed", written.error().message);
    }
    is(*before ? "overwritten" : "written");
}

void Import::write_configuration() {
    if (!settings_) return;
    const auto name = broker_name(collector_.name);
    if (settings_->broker && !settings_->broker->password.empty()) {
        files_.push_back(
            {line_.paths.credentials("archive") / name, settings_->broker->password + "\n", 0600, {}, {}});
    }
    files_.push_back({line_.paths.configuration_directory() / "meshprobe.yaml.d" /
                          fmt::format("50-{}.yaml", collector_.name),
                      drop_in_of(*settings_, collector_.name, source_.string(), task_),
                      0644,
                      {},
                      {}});
    for (auto& file : files_)
        write(file);
}

ExitCode Import::verdict() const {
    const bool refused =
        std::ranges::any_of(hosts_, [](const TakenOver& host) { return !host.reason.empty(); }) ||
        std::ranges::any_of(files_, [](const WrittenFile& file) { return !file.is_there(); });
    if (refused) return ExitCode::failure;
    const bool damaged = !tree_.problems.empty() || (settings_ && !settings_->problems.empty());
    if (damaged) return hosts_.empty() ? ExitCode::failure : ExitCode::partial;
    return ExitCode::success;
}

void Import::complain_of_all() const {
    const auto say = [](const std::string& text) {
        fmt::print(stderr, "meshprobectl: {}\n", one_line(text));
    };
    for (const auto& problem : tree_.problems)
        say(problem);
    for (const auto& problem : settings_ ? settings_->problems : std::vector<std::string>{})
        say(problem);
    for (const auto& host : hosts_) {
        if (!host.reason.empty()) say(fmt::format("{}: {}", host.instance.host, host.reason));
    }
    for (const auto& file : files_) {
        if (!file.is_there()) say(fmt::format("{}: {}", file.path.string(), file.reason));
    }
}

void Import::print(ExitCode code) const {
    const bool legend = !line_.has("no-legend");
    Table table({"HOST", "STATE", "KEYS", "SERIES", "GOES ON AT"});
    for (const auto& host : hosts_) {
        table.add({host.instance.host, std::string(outcome_name(host.outcome)), std::to_string(host.keys),
                   std::to_string(host.series), local_time((host.newest + 1) * 1'000'000)});
    }
    table.print(legend);
    if (!legend) return;
    const bool is_dry = line_.has("dry-run");
    fmt::print("\n{} in {}{}\n", counted(hosts_.size(), "host"), tree_.directory.string(),
               is_dry ? "; nothing is changed, this is what would be done" : "");

    for (const auto& [host, other] : tree_.other_names)
        fmt::print("{} has the keys of {}, which goes on with them: it is another name of it\n", host, other);
    if (tree_.leftovers > 0) fmt::print("{} passed over\n", counted(tree_.leftovers, "unfinished file"));
    if (!settings_) {
        fmt::print("no configuration of {} is taken over; --config FILE names it\n", collector_.name);
    }
    for (const auto& file : files_) {
        fmt::print("{}: {}\n", file.path.string(),
                   is_dry && file.is_there() ? "would be " + file.outcome : file.outcome);
    }
    if (is_dry && settings_) fmt::print("\n{}", files_.back().text);
    if (!is_dry && code != ExitCode::failure) {
        fmt::print(
            "\nNext: meshprobectl check; then start meshprobe.target, with the old collector stopped.\n");
    }
}

void Import::print_as_json(ExitCode code) const {
    auto hosts = ordered_json::array();
    for (const auto& host : hosts_) {
        hosts.push_back({{"host", host.instance.host},
                         {"instance", host.instance.name()},
                         {"state", outcome_name(host.outcome)},
                         {"reason", host.reason.empty() ? ordered_json() : ordered_json(host.reason)},
                         {"keys", host.keys},
                         {"series", host.series},
                         {"newest", format_utc(host.newest)}});
    }

    auto other_names = ordered_json::array();
    for (const auto& [host, other] : tree_.other_names)
        other_names.push_back({{"host", host}, {"of", other}});
    auto files = ordered_json::array();
    for (const auto& file : files_) {
        const bool is_secret = file.mode == 0600;
        files.push_back({{"file", file.path.string()},
                         {"state", file.outcome},
                         {"reason", file.reason.empty() ? ordered_json() : ordered_json(file.reason)},
                         {"text", is_secret ? ordered_json() : ordered_json(file.text)}});
    }
    auto problems = tree_.problems;
    if (settings_) problems.insert(problems.end(), settings_->problems.begin(), settings_->problems.end());
    print_json({{"collector", collector_.name},
                {"directory", tree_.directory.string()},
                {"dry-run", line_.has("dry-run")},
                {"hosts", hosts},
                {"other-names", other_names},
                {"files", files},
                {"problems", problems},
                {"exit", to_int(code)}});
}

ExitCode Import::run() {
    std::optional<fs::path> directory;
    if (line_.arguments.size() > 1) {
        directory = fs::path(line_.arguments[1]).lexically_normal();
        // As a shell completes it: the name of the metric is what stands before the slash.
        if (!directory->has_filename()) directory = directory->parent_path();
    }
    const Timestamp now = now_usec() / 1'000'000;
    if (!directory) {
        if (auto read = read_configuration({}); !read) return complain(read.error());
        directory =
            settings_ && !settings_->tree.empty() ? fs::path(settings_->tree) : fs::path(collector_.tree);
    }
    auto tree = read_tree(*directory, collector_.metrics, now);
    if (!tree) return complain(tree.error());
    tree_ = std::move(*tree);
    if (auto read = read_configuration(directory); !read) return complain(read.error());

    // States first: what applies an edited configuration at once must find them.
    hosts_ =
        take_over(line_.paths, tree_.hosts,
                  {.task = task_, .force = line_.has("force"), .dry_run = line_.has("dry-run"), .now = now});
    write_configuration();
    const auto code = verdict();
    complain_of_all();
    if (line_.json) {
        print_as_json(code);
    } else {
        print(code);
    }
    return code;
}

} // namespace

namespace command {

ExitCode import(const CommandLine& line) {
    if (line.arguments.empty() || line.arguments.size() > 2) {
        return complain_about_usage("import",
                                    "say of which collector, and where its checkpoints are: ps-collector "
                                    "or rsv, and a directory");
    }
    const auto collector =
        std::ranges::find(collectors, std::string_view(line.arguments.front()), &Collector::name);
    if (collector == collectors.end()) {
        return complain_about_usage(
            "import",
            fmt::format("there is no collector \"{}\"; it is ps-collector or rsv", line.arguments.front()));
    }
    if (line.has("config") && line.has("no-config"))
        return complain_about_usage("import", "--config and --no-config exclude each other");
    if (const auto task = line.value("task"); task && !is_valid_name(*task)) {
        return complain_about_usage("import",
                                    fmt::format("--task: \"{}\" cannot be the name of a task", *task));
    }
    return Import(line, *collector).run();
}

} // namespace command
} // namespace meshprobe
