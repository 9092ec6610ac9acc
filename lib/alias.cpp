#include "lib/alias.hpp"

#include "lib/enabled_by_hand.hpp"
#include "lib/file.hpp"
#include "lib/host_record.hpp"
#include "lib/last_result.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace meshprobe {

namespace {

constexpr std::int64_t day_usec = 24LL * 3600 * 1'000'000;
constexpr std::int64_t mark_holds_usec = 7 * day_usec;
constexpr std::size_t largest_mark = 512;
constexpr std::uint32_t bad_runs_of_the_silent = 3;

std::filesystem::path mark_path(const Paths& paths, const Instance& instance) {
    return paths.aliases() / instance.name();
}

} // namespace

bool AliasMark::is_fresh(std::int64_t now_usec) const {
    return decided && now_usec - written_usec < mark_holds_usec;
}

Result<std::optional<AliasMark>> read_alias_mark(const Paths& paths, const Instance& instance) {
    const auto path = mark_path(paths, instance);
    const auto text = read_file_if_exists(path, largest_mark, Links::refuse);
    if (!text) return fail(text.error());
    if (!*text) return std::optional<AliasMark>{};
    std::string_view name = **text;
    if (name.ends_with('\n')) name.remove_suffix(1);
    AliasMark mark{.of = {}, .decided = !name.starts_with('?')};
    if (!mark.decided) name.remove_prefix(1);
    auto of = parse_instance(name);
    if (!of || of->task != instance.task || *of == instance) return std::optional<AliasMark>{};
    mark.of = std::move(*of);
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0)
        mark.written_usec = std::int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000;
    return std::optional(std::move(mark));
}

Status write_alias_mark(const Paths& paths, const Instance& instance, const Instance& of, bool decided) {
    if (auto made = make_directories(paths.aliases()); !made) return made;
    return write_file_durably(mark_path(paths, instance), (decided ? "" : "?") + of.name() + "\n");
}

Status remove_alias_mark(const Paths& paths, const Instance& instance) {
    const auto path = mark_path(paths, instance);
    if (::unlink(path.c_str()) < 0 && errno != ENOENT) return fail_errno("remove " + path.string());
    return {};
}

Result<Standing> standing_of(const Paths& paths, const Instance& instance, std::int64_t now_usec) {
    const auto record = read_host_record(paths, instance.host);
    if (!record) return fail(record.error());
    if (*record ? !(*record)->alias_of.empty()
                : std::ranges::count(instances_enabled_by_hand(paths), instance) == 0)
        return Standing::gone;
    return silence_of(paths, instance, now_usec);
}

Result<std::optional<Instance>> rests_for(const Paths& paths, const Instance& instance,
                                          std::int64_t now_usec) {
    auto mark = read_alias_mark(paths, instance);
    if (!mark) return fail(mark.error());
    if (!*mark || !(*mark)->is_fresh(now_usec)) return std::optional<Instance>{};
    const auto standing = standing_of(paths, (*mark)->of, now_usec);
    if (!standing) return fail(standing.error());
    if (!is_stood_in_for(*standing)) return std::optional<Instance>{};
    return std::optional(std::move((*mark)->of));
}

Result<Instance> state_of(const Paths& paths, const Instance& instance, std::int64_t now_usec) {
    auto mark = read_alias_mark(paths, instance);
    if (!mark) return fail(mark.error());
    if (!*mark || !(*mark)->decided) return instance;
    const auto standing = standing_of(paths, (*mark)->of, now_usec);
    if (!standing) return fail(standing.error());
    return is_stood_in_for(*standing) ? instance : (*mark)->of;
}

Result<Standing> silence_of(const Paths& paths, const Instance& instance, std::int64_t now_usec) {
    const auto last = read_last_result(paths, instance);
    // Without it nothing is known of earlier runs: as after a boot.
    if (!last || !*last || (*last)->bad_runs < bad_runs_of_the_silent) return Standing::collected;
    const std::int64_t good_until =
        std::max((*last)->last_success_usec, (*last)->last_success_usec == 0 ? (*last)->since_usec : 0);
    return now_usec - good_until > day_usec ? Standing::dead : Standing::silent;
}

} // namespace meshprobe
