// What the configuration of an old collector says, in our terms; and the file of ours that says the same.
#pragma once

#include "ctl/import/ini.hpp"
#include "lib/error.hpp"
#include "lib/units_of_measure.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::legacy {

struct Broker {
    std::string host;
    std::string virtual_host;
    std::string user;
    std::string password; ///< for a credential, never for the file
    std::string exchange;

    /// Without the password.
    [[nodiscard]] std::string url() const;
};

struct Settings {
    std::vector<std::string> meshes; ///< URLs
    std::optional<Microseconds> mesh_refresh;
    std::optional<Microseconds> interval;
    std::optional<Microseconds> timeout;
    std::optional<Microseconds> first_run;
    std::vector<std::string> event_types;
    std::map<std::string, Microseconds> host_intervals; ///< by HostName::text()
    std::optional<Broker> broker;
    std::string certificate; ///< of the client, and its key
    std::string key;
    std::string tree; ///< the directory of the checkpoints

    std::vector<std::string> notes;    ///< what is not taken over, and why
    std::vector<std::string> problems; ///< what cannot be read
};

/// Of ps-collector: "config.ini", and the directory of drop-ins that it names.
[[nodiscard]] Result<Settings> read_ps_collector(const std::filesystem::path& file);
/// Of RSV: one file for each metric, in a directory, or one of them. `metric`: whose settings count.
[[nodiscard]] Result<Settings> read_rsv(const std::filesystem::path& directory, std::string_view metric);

/// meshprobe.yaml.d/NAME: `collector` gives names and the credential of the broker, `task` goes on with its
/// work.
[[nodiscard]] std::string drop_in_of(const Settings& settings, std::string_view collector,
                                     std::string_view source, std::string_view task = "default");

/// How the broker of an old collector, and its password, are called.
[[nodiscard]] std::string broker_name(std::string_view collector);

} // namespace meshprobe::legacy
