#include "ctl/explain/verdict.hpp"

#include "ctl/output.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace meshprobe::explain {

namespace {

/// A result that was fetched a moment ago waits for as long as an archiver may take on a good day.
constexpr std::int64_t usual_wait = 600;

std::string at(Timestamp seconds) {
    return local_time(seconds * 1'000'000);
}

std::string range_text(const ChainFacts& facts) {
    return fmt::format("between {} and {}", at(facts.from), at(facts.until));
}

class Way {
  public:
    explicit Way(const ChainFacts& facts) : facts_(facts) {}

    std::vector<Step> walk() {
        look_at_mesh();
        look_at_instance();
        look_at_host();
        look_at_test();
        look_at_fetching();
        look_at_limits();
        for (const ArchiveFacts& archive : facts_.archives)
            look_at_archive(archive);
        return std::move(steps_);
    }

  private:
    void yes(Station station, std::string text, std::string archive = {}) {
        steps_.push_back({station, Mark::yes, std::move(text), Cause::none, std::move(archive)});
    }
    void no(Station station, Cause cause, std::string text, std::string archive = {}) {
        steps_.push_back({station, Mark::no, std::move(text), cause, std::move(archive)});
    }
    void unknown(Station station, std::string text, std::string archive = {}) {
        steps_.push_back({station, Mark::unknown, std::move(text), Cause::none, std::move(archive)});
    }

    [[nodiscard]] bool is_here() const { return facts_.newest > 0 || facts_.is_forgotten; }

    void look_at_mesh() {
        const Wanted& wanted = facts_.wanted;
        if (!wanted.meshes.empty()) {
            const auto& test = wanted.test;
            return yes(Station::expected,
                       fmt::format("mesh {}, task {}: {}{} every {}, in the measurement archive of {}",
                                   fmt::join(wanted.meshes, ", "), test.task, test.type,
                                   test.ip_version == 0 ? "" : fmt::format(" over IPv{}", test.ip_version),
                                   format_duration(std::chrono::seconds(test.every)), wanted.archive));
        }
        if (facts_.is_known) {
            return unknown(Station::expected,
                           fmt::format("no mesh asks for it, but {} measures it", wanted.archive));
        }
        no(Station::expected, Cause::not_expected,
           facts_.stranger.empty() ? "no mesh asks for such a test between these two" : facts_.stranger);
    }

    void look_at_instance() {
        if (facts_.host.empty()) return unknown(Station::collected, "there is no measurement archive to ask");
        const std::string alias = facts_.host == facts_.wanted.archive
                                      ? ""
                                      : fmt::format(", of which {} is an alias", facts_.wanted.archive);
        if (!facts_.uncollected.empty())
            return no(Station::collected, Cause::not_collected, facts_.uncollected + alias);
        yes(Station::collected, fmt::format("by {}{}", facts_.instance, alias));
    }

    void look_at_host() {
        if (facts_.host.empty()) return unknown(Station::host_up, "nobody knows");
        if (!facts_.last) {
            return unknown(Station::host_up, facts_.is_last_unreadable
                                                 ? "the result of its last run may not be read by this user"
                                                 : "no run is known since the last boot");
        }
        const LastResult& last = *facts_.last;
        const Timestamp success = last.last_success_usec / 1'000'000;
        if (success >= (facts_.is_about_now ? facts_.from : facts_.until))
            return yes(Station::host_up, fmt::format("asked with success at {}", at(success)));
        const std::string since = success == 0 ? "never since the last boot" : "last at " + at(success);
        if (last.bad_runs > 0) {
            return no(
                Station::host_up, Cause::host_down,
                fmt::format("{} since {}: {}", last.outcome, local_time(last.since_usec), last.message));
        }
        if (last.outcome == "failed")
            return no(Station::host_up, Cause::run_failed, fmt::format("its runs fail: {}", last.message));
        if (is_here()) return yes(Station::host_up, fmt::format("asked with success {}", since));
        no(Station::host_up, Cause::not_asked, fmt::format("asked with success {}", since));
    }

    [[nodiscard]] bool went_wrong() const {
        return std::ranges::any_of(steps_, [](const Step& step) { return step.mark == Mark::no; });
    }

    [[nodiscard]] bool was_not_asked_for() const {
        return facts_.until < facts_.collected_from && !facts_.is_backfilled;
    }

    void look_at_test() {
        if (facts_.newest > 0)
            return yes(Station::test_ran, fmt::format("it has a result of {}", at(facts_.newest)));
        if (facts_.is_forgotten) {
            return unknown(Station::test_ran,
                           fmt::format("results go on until {}; single ones of then are not remembered",
                                       at(facts_.latest)));
        }
        if (facts_.failed > 0) {
            return no(Station::test_ran, Cause::failures,
                      fmt::format("it failed at {}: {}", at(facts_.failed),
                                  facts_.failure.empty() ? "the text is in no archive of this machine"
                                                         : facts_.failure));
        }
        if (went_wrong() || !facts_.excluding_limit.empty() || facts_.gap || !facts_.last ||
            was_not_asked_for()) {
            return unknown(Station::test_ran, facts_.latest == 0 ? "no result of it was ever received"
                                                                 : "last known result: " + at(facts_.latest));
        }
        const std::string other = facts_.reverse_reports ? "; the other way round there are results" : "";
        if (facts_.latest == 0) {
            return no(Station::test_ran, Cause::never_seen,
                      fmt::format("{} never listed a result of it{}", facts_.wanted.archive, other));
        }
        if (facts_.latest < facts_.from) {
            return no(Station::test_ran, Cause::silent,
                      fmt::format("{} has none since {}{}", facts_.wanted.archive, at(facts_.latest), other));
        }
        no(Station::test_ran, Cause::silent,
           fmt::format("{} has none {}, but later ones", facts_.wanted.archive, range_text(facts_)));
    }

    void look_at_fetching() {
        if (facts_.newest > 0) return yes(Station::fetched, fmt::format("newest: {}", at(facts_.newest)));
        if (facts_.gap) {
            const Gap& gap = *facts_.gap;
            return no(Station::fetched, Cause::gap,
                      fmt::format("skipped from {} to {}: {}{}", at(gap.since), at(gap.until), gap.reason,
                                  gap.archive.empty() ? "" : ", missing in " + gap.archive));
        }
        if (facts_.failed > 0) return yes(Station::fetched, "its failure was");
        if (was_not_asked_for()) {
            return no(Station::fetched, Cause::too_early,
                      fmt::format("{} is collected from {} on: what is older was never asked for",
                                  facts_.host, at(facts_.collected_from)));
        }
        unknown(Station::fetched, "nothing of it");
    }

    /// Received, and yet nowhere: only a limit takes results away without a trace.
    [[nodiscard]] bool is_nowhere() const {
        const auto lost = [](const ArchiveFacts& archive) {
            return archive.can_be_asked && !archive.is_shadow && !archive.is_outdated &&
                   archive.newest == 0 && archive.queued.empty() && archive.refused.empty() &&
                   archive.fault.empty() && archive.skipped.empty();
        };
        return facts_.newest > 0 && !facts_.archives.empty() && std::ranges::all_of(facts_.archives, lost);
    }

    void look_at_limits() {
        if (!facts_.excluding_limit.empty()) return no(Station::limits, Cause::limit, facts_.excluding_limit);
        if (facts_.host.empty()) return unknown(Station::limits, "there is nothing to judge");
        if (facts_.judging.empty()) return yes(Station::limits, "none would leave it out");
        const std::string names = fmt::format("{}", fmt::join(facts_.judging, ", "));
        const std::string counts = facts_.last && !facts_.last->limits.empty()
                                       ? fmt::format("; the last run: {}", facts_.last->limits)
                                       : "";
        if (is_nowhere()) {
            return no(Station::limits, Cause::limit,
                      fmt::format("it was received and is in no archive: dropped by {}{}", names, counts));
        }
        if (facts_.newest > 0) return yes(Station::limits, fmt::format("it passed {}{}", names, counts));
        unknown(Station::limits, fmt::format("{} judge each result{}", names, counts));
    }

    void look_at_archive(const ArchiveFacts& archive) {
        const auto& name = archive.name;
        if (!archive.fault.empty())
            return no(Station::spool, Cause::archive_off, fmt::format("{}: {}", name, archive.fault), name);
        const bool is_delivered = archive.can_be_asked && archive.newest > 0;
        const std::int64_t wait = facts_.now - archive.queued_usec / 1'000'000;
        // Of what comes all the time, the newest one is always on its way.
        const bool is_on_its_way =
            facts_.is_about_now && archive.has_delivered && archive.trouble.empty() && wait <= usual_wait;
        const bool is_waiting =
            !archive.queued.empty() && !is_delivered && (archive.can_be_asked || !is_on_its_way);
        if (!archive.refused.empty() && !is_delivered) {
            no(Station::spool, Cause::refused,
               fmt::format("{} refused it: {} ({})", name,
                           archive.reason.empty() ? "no reason is noted" : archive.reason, archive.refused),
               name);
        } else if (is_waiting) {
            no(Station::spool, Cause::waiting,
               fmt::format("it waits for {} since {} ({}){}", name, local_time(archive.queued_usec),
                           archive.queued, archive.trouble.empty() ? "" : ": " + archive.trouble),
               name);
        } else if (!is_here()) {
            unknown(Station::spool, fmt::format("there is nothing of it to deliver to {}", name), name);
        } else {
            yes(Station::spool, fmt::format("nothing of it is held up on its way to {}", name), name);
        }
        confirm(archive, is_waiting || !archive.refused.empty());
    }

    void confirm(const ArchiveFacts& archive, bool is_held) {
        const auto& name = archive.name;
        if (archive.can_be_asked && archive.newest > 0)
            return yes(Station::confirmed, fmt::format("{} has it: {}", name, at(archive.newest)), name);
        if (archive.is_shadow) {
            return unknown(Station::confirmed,
                           fmt::format("{} is in shadow: nothing is delivered to it", name), name);
        }
        if (archive.is_outdated)
            return unknown(Station::confirmed, fmt::format("{} keeps nothing that old", name), name);
        if (!archive.skipped.empty() && !is_held) {
            return no(Station::confirmed, Cause::gap,
                      fmt::format("it was skipped for {}: {}", name, archive.skipped), name);
        }
        if (is_held || !is_here())
            return unknown(Station::confirmed, fmt::format("{} does not have it", name), name);
        if (!archive.can_be_asked) {
            return yes(Station::confirmed,
                       archive.queued.empty()
                           ? fmt::format("{} confirmed it: it is in the spool no more", name)
                           : fmt::format("{} confirmed what came before; the newest is on its way", name),
                       name);
        }
        if (facts_.is_forgotten && facts_.newest == 0)
            return unknown(Station::confirmed, fmt::format("{} has none {}", name, range_text(facts_)), name);
        no(Station::confirmed, Cause::undelivered, fmt::format("{} does not have it", name), name);
    }

    const ChainFacts& facts_;
    std::vector<Step> steps_;
};

std::string advice_on(Cause cause, const Step& step, const ChainFacts& facts, Scope scope) {
    const std::string& host = facts.host;
    switch (cause) {
    case Cause::none:
        break;
    case Cause::not_expected:
        return fmt::format("see what a mesh asks for: meshprobectl mesh expand URL --match {}",
                           facts.wanted.source);
    case Cause::not_collected:
        return fmt::format("meshprobectl status {}; meshprobectl config {}", host, host);
    case Cause::host_down:
        if (facts.last && facts.last->outcome == "untrusted")
            return fmt::format("check its key, then: meshprobectl trust {} --accept", host);
        return fmt::format("see whether {} answers, and tell whoever runs it; it is asked on", host);
    case Cause::run_failed:
        return fmt::format("{} {}", journal_of_unit(scope), facts.instance);
    case Cause::not_asked:
        return fmt::format("{} start {}.timer, or now: meshprobectl run {}", systemctl(scope), facts.instance,
                           host);
    case Cause::failures:
        return "tell whoever runs the two hosts what the failure says; nothing is wrong here";
    case Cause::silent:
    case Cause::never_seen:
        return fmt::format("see at {} whether pScheduler runs the test; nothing is wrong here",
                           facts.wanted.source);
    case Cause::gap:
        return fmt::format("meshprobectl gaps {} shows what was skipped and why", host);
    case Cause::too_early:
        return fmt::format("meshprobectl backfill {} --since @{} fetches it", host, facts.from);
    case Cause::limit:
        return fmt::format("meshprobectl config {} shows the limits of its task", host);
    case Cause::archive_off:
        return fmt::format("meshprobectl check; archives.{} in the configuration", step.archive);
    case Cause::waiting:
        return fmt::format("{} meshprobe-archive@{}", journal_of_unit(scope), step.archive);
    case Cause::refused:
        return fmt::format("mend the reason, then: meshprobectl spool retry {} --all", step.archive);
    case Cause::undelivered:
        return fmt::format(
            "see whether somebody dropped it, or it was older than archives.{}.retention allows: {} "
            "meshprobe-archive@{}",
            step.archive, journal_of_unit(scope), step.archive);
    }
    return {};
}

} // namespace

std::string_view name_of(Station station) {
    constexpr std::array<std::string_view, 8> names{"expected", "collected", "host-up", "test-ran",
                                                    "fetched",  "limits",    "spool",   "confirmed"};
    return names.at(static_cast<std::size_t>(station));
}

std::string_view text_of(Station station) {
    constexpr std::array<std::string_view, 8> texts{"expected", "collected", "host up", "test ran",
                                                    "fetched",  "limits",    "spool",   "confirmed"};
    return texts.at(static_cast<std::size_t>(station));
}

std::string_view name_of(Mark mark) {
    constexpr std::array<std::string_view, 3> names{"yes", "no", "unknown"};
    return names.at(static_cast<std::size_t>(mark));
}

std::string_view name_of(Cause cause) {
    constexpr std::array<std::string_view, 16> names{
        "none",        "not-expected", "not-collected", "host-down",  "run-failed", "not-asked",
        "failures",    "silent",       "never-seen",    "too-early",  "gap",        "limit",
        "archive-off", "waiting",      "refused",       "undelivered"};
    return names.at(static_cast<std::size_t>(cause));
}

std::string_view name_of(Verdict::Kind kind) {
    constexpr std::array<std::string_view, 3> names{"arrived", "missing", "unclear"};
    return names.at(static_cast<std::size_t>(kind));
}

std::vector<Step> steps_of(const ChainFacts& facts) {
    return Way(facts).walk();
}

Verdict verdict_of(const std::vector<Step>& steps, const ChainFacts& facts, Scope scope) {
    const auto wrong = std::ranges::find(steps, Mark::no, &Step::mark);
    const bool is_confirmed = std::ranges::any_of(
        steps, [](const Step& step) { return step.station == Station::confirmed && step.mark == Mark::yes; });
    Verdict verdict;
    const bool has_come = facts.newest > 0 && is_confirmed;
    // Whatever is wrong by now, this result got through; another archive may still lack it.
    const bool is_about_delivery = wrong != steps.end() && wrong->station >= Station::limits;
    if (wrong != steps.end() && (!has_come || is_about_delivery || facts.is_about_now)) {
        verdict.kind = Verdict::Kind::missing;
        verdict.cause = wrong->cause;
        verdict.text = fmt::format("{}: {}", text_of(wrong->station), wrong->text);
        verdict.advice = advice_on(wrong->cause, *wrong, facts, scope);
    } else if (has_come) {
        verdict.kind = Verdict::Kind::arrived;
        verdict.text = facts.is_about_now ? "it arrives" : "it has arrived";
    } else if (facts.newest > 0 && facts.archives.empty()) {
        verdict.kind = Verdict::Kind::missing;
        verdict.cause = Cause::archive_off;
        verdict.text = "it is collected, but its task feeds no archive";
        verdict.advice = fmt::format("meshprobectl config {}", facts.host);
    } else if (facts.newest > 0 && std::ranges::all_of(facts.archives, &ArchiveFacts::is_shadow)) {
        verdict.text = "it is collected, and delivered nowhere: its archives are in shadow";
        verdict.advice = fmt::format("archives.{}.shadow in the configuration", facts.archives.front().name);
    } else {
        verdict.text = "what is known here does not tell";
        verdict.advice = facts.host.empty() ? "" : fmt::format("meshprobectl run {} asks it now", facts.host);
    }
    return verdict;
}

const Verdict& worst(const std::vector<Verdict>& verdicts) {
    for (const auto kind : {Verdict::Kind::missing, Verdict::Kind::unclear}) {
        const auto found = std::ranges::find(verdicts, kind, &Verdict::kind);
        if (found != verdicts.end()) return *found;
    }
    return verdicts.front();
}

} // namespace meshprobe::explain
