#include "archiver/session.hpp"

#include "archiver/deliver.hpp"
#include "lib/command_line.hpp"
#include "lib/config/archivers.hpp"
#include "lib/config/load.hpp"
#include "lib/file.hpp"
#include "lib/privilege.hpp"

#include <fmt/format.h>

#include <csignal>
#include <optional>
#include <string_view>
#include <vector>

namespace meshprobe {
namespace {

std::string unknown(const Config& config, const std::string& name) {
    std::vector<std::string_view> names;
    for (const auto& [known, archive] : config.archives)
        names.push_back(known);
    if (const auto guess = nearest(name, names)) {
        return fmt::format("there is no archive \"{}\" in the configuration (did you mean \"{}\"?)", name,
                           *guess);
    }
    return fmt::format("there is no archive \"{}\" in the configuration; it has: {}", name,
                       fmt::join(names, ", "));
}

/// The archive, or why it cannot be served.
Result<Archive> find_archive(const LoadedConfig& loaded, const std::string& name) {
    const std::string section = "archives." + name;
    for (const Problem& problem : loaded.problems) {
        if (problem.scope == Problem::Scope::entry &&
            (problem.path == section || problem.path.starts_with(section + "."))) {
            return fail(ErrorKind::configuration,
                        fmt::format("archive \"{}\" is disabled by an error: {}", name, problem.text()));
        }
    }
    const auto found = loaded.config.archives.find(name);
    if (found == loaded.config.archives.end())
        return fail(ErrorKind::configuration, unknown(loaded.config, name));
    if (found->second.faulty) {
        return fail(ErrorKind::configuration,
                    fmt::format("archive \"{}\" has errors in its section; see meshprobectl check", name));
    }
    if (!found->second.enabled) {
        return fail(
            ErrorKind::configuration,
            fmt::format(
                "archive \"{}\" is disabled; set archives.{}.enabled: true to deliver what its spool holds",
                name, name));
    }
    return found->second;
}

/// Two archivers of one archive would deliver everything twice.
Result<FileLock> lock(const Paths& paths, const std::string& name) {
    const auto directory = paths.archiver_states();
    if (auto made = make_directories(directory); !made) return fail(made.error());
    auto lock = FileLock::try_acquire(directory / fmt::format(".{}.lock", name));
    if (!lock) return fail(lock.error());
    if (!*lock) {
        return fail(ErrorKind::refused, fmt::format("another meshprobe-archive delivers \"{}\" already; see "
                                                    "{} status meshprobe-archive@{}",
                                                    name, systemctl(paths.scope()), name));
    }
    return std::move(**lock);
}

ExitCode drain_exit_code(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::unreachable:
    case ErrorKind::protocol:
    case ErrorKind::untrusted:
    case ErrorKind::credentials:
    case ErrorKind::storage:
        return exit_code(kind);
    default:
        return ExitCode::left_over;
    }
}

/// The reason that keeps an archiver from starting is to be seen by status, which cannot read its journal;
/// one that is at work keeps its own state.
void note_failure(const Paths& paths, const std::string& name, const Journal& journal, const Error& error) {
    if (paths.has_owners()) {
        if (const auto became = become_owner_of(paths.local_archive()); !became) return;
    }
    if (const auto locked = lock(paths, name)) Reporter(journal, paths, name).failed(error.message);
}

/// Is there an archive of this name that somebody expects to be served?
bool is_expected(const Config& config, const std::string& name) {
    const auto found = config.archives.find(name);
    return found != config.archives.end() && found->second.enabled;
}

Result<LoadedConfig> load(const Paths& paths, const Journal& journal) {
    auto loaded = load_config(paths);
    if (loaded && loaded->kept) {
        journal.log(Priority::warning, message::configuration_kept,
                    "the configuration is broken as a whole; going on with the last good one, see "
                    "meshprobectl check");
    }
    return loaded;
}

} // namespace

ExitCode run_archiver(const Paths& paths, const std::string& name, bool drain, const Journal& journal) {
    const auto give_up = [&](const Error& error, ExitCode code) {
        journal.log(Priority::error, fmt::format("{}: {}", name, error.message));
        return code;
    };
    std::signal(SIGPIPE, SIG_IGN); // a broker that hangs up is an error of write(), not a death
    const auto loaded = load(paths, journal);
    if (!loaded) return give_up(loaded.error(), exit_code(loaded.error().kind));
    const auto archive = find_archive(*loaded, name);
    if (!archive) {
        if (is_expected(loaded->config, name)) note_failure(paths, name, journal, archive.error());
        return give_up(archive.error(), exit_code(archive.error().kind));
    }
    const auto stop = Stop::on_signals();
    if (!stop) return give_up(stop.error(), ExitCode::failure);

    const Archiver* archiver = find_archiver(archive->archiver);
    const bool confirms = archiver == nullptr || archiver->confirms || archive->shadow;
    Reporter reporter(journal, paths, name, confirms);
    // Secrets are read here, while a hand run by root still may.
    const auto type = make_archive({paths, *archive, reporter, *stop});
    if (!type) {
        note_failure(paths, name, journal, type.error());
        return give_up(type.error(), exit_code(type.error().kind));
    }
    if (paths.has_owners()) {
        if (auto became = become_owner_of(paths.local_archive()); !became)
            return give_up(became.error(), exit_code(became.error().kind));
    }
    const auto locked = lock(paths, name);
    if (!locked) {
        const auto kind = locked.error().kind;
        if (drain) return give_up(locked.error(), drain_exit_code(kind));
        const bool is_second = kind == ErrorKind::refused;
        return give_up(locked.error(), is_second ? ExitCode::failure : exit_code(kind));
    }
    const Spool spool(paths, name);
    if (auto created = spool.create(); !created) {
        reporter.failed(created.error().message);
        return give_up(created.error(), exit_code(created.error().kind));
    }

    Delivery delivery(spool, **type, reporter, *stop, {.drain = drain, .idle = archive->idle});
    const auto delivered = delivery.run();
    if (delivered && drain && reporter.damaged_segments() > 0) {
        const auto segments = counted(reporter.damaged_segments(), "damaged segment");
        return give_up(
            {ErrorKind::storage, segments + " could not be delivered; see meshprobectl spool list"},
            ExitCode::left_over);
    }
    if (delivered) return ExitCode::success;
    if (!drain) reporter.failed(delivered.error().message);
    if (delivery.left() == 0) return give_up(delivered.error(), exit_code(delivered.error().kind));
    return give_up(delivered.error(), drain_exit_code(delivered.error().kind));
}

} // namespace meshprobe
