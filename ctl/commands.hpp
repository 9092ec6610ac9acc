// The subcommands of meshprobectl. Each is one file, ctl/NAME.cpp, with one function declared here and one
// row in the table below; main.cpp finds it, parses its options and calls it. What all share stands in
// ctl/output.hpp.
#pragma once

#include "lib/command_line.hpp"
#include "lib/exit_code.hpp"

#include <array>
#include <span>
#include <string_view>

namespace meshprobe {

namespace command {

// Each gets its own arguments only: the word that named the command is not among them.
ExitCode apply(const CommandLine& line);
ExitCode backfill(const CommandLine& line);
ExitCode check(const CommandLine& line);
ExitCode compare(const CommandLine& line);
ExitCode config(const CommandLine& line);
ExitCode convert(const CommandLine& line);
ExitCode coverage(const CommandLine& line);
ExitCode disable(const CommandLine& line);
ExitCode enable(const CommandLine& line);
ExitCode explain(const CommandLine& line);
ExitCode gaps(const CommandLine& line);
ExitCode hosts(const CommandLine& line);
ExitCode import(const CommandLine& line);
ExitCode limits(const CommandLine& line);
ExitCode mesh(const CommandLine& line);
ExitCode once(const CommandLine& line);
ExitCode plan(const CommandLine& line);
ExitCode run(const CommandLine& line);
ExitCode spool(const CommandLine& line);
ExitCode status(const CommandLine& line);
ExitCode survey(const CommandLine& line);
ExitCode transform(const CommandLine& line);
ExitCode trust(const CommandLine& line);

} // namespace command

struct Command {
    std::string_view name;
    std::string_view usage;          ///< what follows "meshprobectl": "mesh list|show|accept [NAME]"
    std::string_view purpose;        ///< one line, lower case, no full stop
    std::span<const Option> options; ///< besides --root, --json, --help and --version
    ExitCode (*function)(const CommandLine&);
};

/// For commands that print a table.
inline constexpr Option no_legend{"no-legend", "", "print neither headings nor totals"};

namespace command_options {

inline constexpr std::array backfill{
    Option{"since", "TIME", "from this time on: \"2026-11-01 14:00\", \"3 days ago\", RFC 3339, @SECONDS"},
    Option{"until", "TIME", "up to this time (default: now)"},
    Option{"gaps", "", "only what the ledger of gaps says is missing, from the archives that miss it"},
    Option{"refetch", "",
           "only what archives with \"when-full: refetch\" dropped, once they have room again"},
    Option{"all", "", "of all hosts"},
    Option{"task", "TASK", "of this task only (default: of all tasks of the host)"},
    Option{"event-type", "TYPE", "these only; may be given several times"},
    Option{"archive", "NAME", "into these archives only; may be given several times"},
    Option{"again", "", "also what was delivered already, for an archive that is new or lost something"},
    Option{"jobs", "N", "at most N hosts at a time (default: 4)"},
    Option{"status", "", "show the back-fills and how far they are"},
    Option{"resume", "", "go on with all that were broken off or stopped"},
    Option{"cancel", "", "forget back-fills that do not run; what was fetched stays"},
    no_legend,
};
inline constexpr std::array check{
    Option{"connect", "", "try every mesh, host and archive, too, and list the firewall openings"},
    no_legend,
};
inline constexpr std::array compare{
    Option{"amqp", "URL", "listen to the exchange of this broker, or of the archive of that name"},
    Option{"archive", "NAME", "our side: this archive, in shadow or of type sqlite"},
    Option{"exchange", "NAME", "bind to this exchange (default: osg.ps.raw, or the archive's)"},
    Option{"routing-key", "PATTERN", "bind with this (default: perfsonar.raw.#)"},
    Option{"for", "DURATION", "listen for so long (default: 1h)"},
    Option{"grace", "DURATION", "what is younger may still come to either side (default: 15min)"},
    Option{"since", "TIME", "results from this time on"},
    Option{"until", "TIME", "results up to this time"},
    Option{"all", "", "show what both have, too"},
    no_legend,
};
inline constexpr std::array config{
    Option{"task", "TASK", "show this task only"},
    no_legend,
};
inline constexpr std::array one_task{
    Option{"task", "TASK", "this task of the host only"},
};
inline constexpr std::array convert{
    Option{"format", "NAME", "raw (the default), esmond, pscheduler, opensearch or lines"},
};
inline constexpr std::array coverage{
    Option{"mesh", "MESH", "this mesh only"},
    Option{"record", "", "note what stopped in the ledger of gaps, for back-filling"},
    no_legend,
};
inline constexpr std::array explain{no_legend};
inline constexpr std::array gaps{no_legend};
inline constexpr std::array hosts{no_legend};
inline constexpr std::array import{
    Option{"config", "FILE", "the old configuration: config.ini, or RSV's directory of metrics"},
    Option{"no-config", "", "take over the checkpoints only"},
    Option{"task", "TASK", "the task that goes on (default: default)"},
    Option{"force", "", "also where meshprobe collects already, and over files that say something else"},
    Option{"dry-run", "", "change nothing; say what would be done, and print the configuration"},
    no_legend,
};
inline constexpr std::array limits{
    Option{"task", "JSON", "try: the task, as JSON or the name of a file that holds it"},
    Option{"hints", "JSON", "try: who asks, likewise; such as '{\"requester\": \"192.0.2.1\"}'"},
};
inline constexpr std::array status{no_legend};
inline constexpr std::array mesh{
    Option{"task", "NAME", "expand: this task only"},
    Option{"match", "ADDRESS", "expand: what this address schedules only; may be given several times"},
    Option{"requesting-agent", "FILE",
           "expand, hosts, validate: the agent's own addresses, for classes that select among them"},
    Option{"allow-private", "", "hosts: measurement archives at private and loopback addresses, too"},
    no_legend,
};
inline constexpr std::array once{
    Option{"jobs", "N", "run at most N probes at a time (default: 8)"},
    no_legend,
};
inline constexpr std::array plan{no_legend};

inline constexpr std::array spool{
    Option{"all", "", "retry: all failed segments; drop: all segments"},
    Option{"failed", "", "drop: all failed segments"},
    Option{"yes", "", "drop: yes, they are not needed any more"},
    no_legend,
};
inline constexpr std::array survey{
    Option{"write", "FILE",
           "write a configuration to begin with; - for standard output, instead of the report"},
    Option{"allow-private", "", "measurement archives at private and loopback addresses, too"},
    Option{"proxy", "URL", "reach everything through this proxy: http://, https://, socks5h://, ..."},
    Option{"requesting-agent", "FILE", "the agent's own addresses, for classes that select among them"},
    Option{"jobs", "N", "ask at most N hosts at a time (default: 16)"},
    no_legend,
};
inline constexpr std::array transform{
    Option{"script", "FILE", "try: the jq program in this file instead of a transform of the configuration"},
    Option{"args", "JSON", "try: an object of what the program calls $NAME"},
    Option{"output-raw", "", "try: send all results as one text, as output-raw: true does"},
};
inline constexpr std::array trust{
    Option{"accept", "", "trust the key that the host shows now"},
    Option{"forget", "", "remember whatever key the next run sees"},
    no_legend,
};

} // namespace command_options

/// Sorted by name.
inline constexpr std::array commands{
    Command{
        "apply", "apply", "make an edited configuration take effect, if it can be used", {}, command::apply},
    Command{"backfill",
            "backfill HOST...|--all --since TIME [--until TIME] | HOST...|--all --gaps | "
            "--refetch | --status | --resume | --cancel [HOST...]",
            "fetch the past of hosts, or the gaps in what was collected of it, beside the regular runs",
            command_options::backfill, command::backfill},
    Command{"check", "check [--connect]", "report every problem of the configuration", command_options::check,
            command::check},
    Command{"compare", "compare FILE|- | compare --amqp URL",
            "show which results only meshprobe has, and which only another collector",
            command_options::compare, command::compare},
    Command{"config", "config [HOST] [--task TASK]",
            "show the configuration that is in force, and where each value comes from",
            command_options::config, command::config},
    Command{"convert", "convert [FILE|-]... [--format NAME]",
            "print results that pScheduler pushes as the messages that collecting them gives",
            command_options::convert, command::convert},
    Command{"coverage", "coverage [HOST...] [--mesh MESH]",
            "show which results the meshes expect and which of them are missing, since when and why",
            command_options::coverage, command::coverage},
    Command{"disable", "disable HOST [--task TASK]", "switch a host off for good, mesh-listed or not",
            command_options::one_task, command::disable},
    Command{"enable", "enable HOST [--task TASK]", "switch a host on, mesh-listed or not",
            command_options::one_task, command::enable},
    Command{"explain", "explain SRC DST [EVENT] [TIME]",
            "say where a result is on its way from its test to the archives, or was lost",
            command_options::explain, command::explain},
    Command{"gaps", "gaps [HOST...]", "list what was skipped, of which series, and which archive misses it",
            command_options::gaps, command::gaps},
    Command{"hosts", "hosts [PATTERN...]", "list the measurement hosts, their meshes and their instances",
            command_options::hosts, command::hosts},
    Command{"import", "import ps-collector|rsv [DIR]",
            "go on where an old collector stopped, with its checkpoints and its configuration",
            command_options::import, command::import},
    Command{"limits", "limits [check [FILE...] | try FILE --task JSON --hints JSON]",
            "check limit documents of pScheduler, or show what one says of a task", command_options::limits,
            command::limits},
    Command{"mesh",
            "mesh [list | show [NAME...] | accept NAME... | expand FILE|URL | hosts FILE|URL | "
            "validate FILE|URL]",
            "show the meshes, accept removals that are held, or look into any mesh document",
            command_options::mesh, command::mesh},
    Command{"once", "once", "refresh, collect and deliver once, with or without systemd",
            command_options::once, command::once},
    Command{"plan", "plan", "print the units that the generator would write now", command_options::plan,
            command::plan},
    Command{"run", "run HOST [--task TASK]", "collect from a host now, and show what the probe says",
            command_options::one_task, command::run},
    Command{"spool",
            "spool [list [ARCHIVE] | show SEGMENT | retry ARCHIVE SEGMENT... | export ARCHIVE FILE | "
            "drop ARCHIVE SEGMENT...]",
            "show what waits for delivery or was refused, and do something about it", command_options::spool,
            command::spool},
    Command{"status", "status [HOST...]",
            "show how hosts, meshes and archives are, and what waits for a person", command_options::status,
            command::status},
    Command{"survey", "survey FILE|URL",
            "see what the hosts of any mesh are like, and write a configuration to begin with",
            command_options::survey, command::survey},
    Command{"transform", "transform try NAME|--script FILE [FILE|-]",
            "show what a transform makes of messages", command_options::transform, command::transform},
    Command{"trust", "trust [HOST...] [--accept | --forget]",
            "list the remembered keys of measurement hosts, or accept one that changed",
            command_options::trust, command::trust},
};

} // namespace meshprobe
