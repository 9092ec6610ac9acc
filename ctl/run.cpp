// meshprobectl run: starts the probe of a host now, shows what it says, and returns what it returned.
#include "ctl/commands.hpp"
#include "ctl/output.hpp"
#include "ctl/service_manager.hpp"
#include "ctl/unit_query.hpp"
#include "lib/instance.hpp"
#include "lib/last_result.hpp"

#include <fmt/core.h>
#include <systemd/sd-journal.h>

#include <memory>

namespace meshprobe {

namespace {

constexpr Microseconds tick = std::chrono::milliseconds(200);

struct Closer {
    void operator()(sd_journal* journal) const { sd_journal_close(journal); }
};

/// What a unit, or systemd about it, writes to the journal from now on.
class Follower {
  public:
    static Result<Follower> open(Scope scope, const std::string& unit) {
        sd_journal* raw = nullptr;
        const bool is_user = scope == Scope::user;
        const int which = is_user ? SD_JOURNAL_CURRENT_USER : SD_JOURNAL_SYSTEM;
        if (const int result = sd_journal_open(&raw, SD_JOURNAL_LOCAL_ONLY | which); result < 0) {
            return fail_errno("open the journal", -result);
        }
        Follower follower;
        follower.journal_.reset(raw);
        const auto match = [raw](const std::string& field) {
            return sd_journal_add_match(raw, field.c_str(), 0);
        };
        int result = match((is_user ? "_SYSTEMD_USER_UNIT=" : "_SYSTEMD_UNIT=") + unit);
        if (result >= 0) result = sd_journal_add_disjunction(raw);
        if (result >= 0) result = match((is_user ? "USER_UNIT=" : "UNIT=") + unit);
        if (result >= 0) result = match(is_user ? fmt::format("_UID={}", ::getuid()) : "_PID=1");
        if (result >= 0) result = sd_journal_seek_tail(raw);
        if (result >= 0)
            result = sd_journal_previous(raw); // a tail that nothing was read from does not move on
        if (result < 0) return fail_errno("read the journal", -result);
        return follower;
    }

    /// True if anything was new.
    bool print_new() {
        bool any = false;
        while (sd_journal_next(journal_.get()) > 0) {
            const void* data = nullptr;
            std::size_t size = 0;
            if (sd_journal_get_data(journal_.get(), "MESSAGE", &data, &size) < 0) continue;
            constexpr std::string_view label = "MESSAGE=";
            const std::string_view text(static_cast<const char*>(data), size);
            fmt::print("{}\n", printable(text.substr(label.size())));
            any = true;
        }
        std::fflush(stdout);
        return any;
    }

    void wait(Microseconds timeout) {
        sd_journal_wait(journal_.get(), static_cast<std::uint64_t>(timeout.count()));
    }

  private:
    std::unique_ptr<sd_journal, Closer> journal_;
};

/// What the probe itself left behind. systemd forgets a service that ended well and that nothing refers to,
/// its exit status included.
int conclude(const Paths& paths, const Instance& instance, std::int64_t begun_usec, int status) {
    const auto last = read_last_result(paths, instance);
    if (!last || !*last || (*last)->finished_usec < begun_usec) return status;
    const auto& result = **last;
    fmt::print("{}: {}{}{}; {} points, {} requests\n", instance.name(), result.outcome,
               result.message.empty() ? "" : ": ", printable(result.message), result.points, result.requests);
    if (status != 0) return status;
    if (result.outcome == "partial") return to_int(ExitCode::partial);
    if (result.outcome == "unreachable") return to_int(ExitCode::unreachable);
    if (result.outcome == "deferred") return to_int(ExitCode::deferred);
    if (result.outcome == "untrusted") return to_int(ExitCode::untrusted);
    return status;
}

Result<int> run_and_follow(Scope scope, const std::string& service) {
    auto manager = ServiceManager::connect(scope);
    if (!manager) return fail(manager.error());
    auto follower = Follower::open(scope, service);
    if (!follower) return fail(follower.error());
    const auto started = manager->start(service);
    if (!started) return fail(started.error());
    if (*started == ServiceManager::Answer::masked) {
        return fail(ErrorKind::configuration,
                    fmt::format("{0} is masked: {1} unmask {0}", service, systemctl(scope)));
    }
    if (*started == ServiceManager::Answer::not_loaded) {
        return fail(ErrorKind::configuration,
                    fmt::format("systemd knows no {}; is meshprobe installed?", service));
    }
    while (manager->jobs() > 0) {
        if (auto waited = manager->wait(tick); !waited) return fail(waited.error());
        follower->print_new();
    }
    // The last lines may still be on their way through the journal's socket.
    do {
        follower->wait(tick);
    } while (follower->print_new());
    auto query = UnitQuery::connect(scope);
    if (!query) return fail(query.error());
    return query->exit_status(service);
}

} // namespace

ExitCode command::run(const CommandLine& line) {
    if (!line.paths.is_real_root()) {
        return complain_about_usage(
            "run", "--root means nothing here; by hand: meshprobe-probe --root DIR INSTANCE");
    }
    if (line.arguments.size() != 1) return complain_about_usage("run", "expected one host");
    auto instance = parse_instance(line.arguments.front());
    if (!instance) return complain_about_usage("run", instance.error().message);
    if (const auto task = line.value("task")) instance->task = *task;
    if (const auto checked = check_instance(*instance); !checked)
        return complain_about_usage("run", checked.error().message);
    const auto begun = now_usec();
    const auto status = run_and_follow(line.paths.scope(), instance->service());
    if (!status) return complain(status.error());
    return static_cast<ExitCode>(conclude(line.paths, *instance, begun, *status));
}

} // namespace meshprobe
