#include "ctl/backfill/refetch.hpp"

#include "lib/spool/quota.hpp"

#include <filesystem>
#include <system_error>

namespace meshprobe {

namespace {

/// Left by a command that was killed, it counts like the mark.
std::filesystem::path claim_of(const Spool& spool) {
    return refetch_mark(spool).string() + ".claimed";
}

/// False: there is no such file.
Result<bool> rename_if_there(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::error_code error;
    std::filesystem::rename(from, to, error);
    if (!error) return true;
    if (error == std::errc::no_such_file_or_directory) return false;
    return fail_errno("rename " + from.string(), error.value());
}

} // namespace

Result<std::vector<std::string>> claim_refetches(const Paths& paths, const Config& config) {
    std::vector<std::string> archives;
    for (const auto& [name, archive] : config.archives) {
        if (!archive.enabled || archive.when_full != WhenFull::refetch) continue;
        const Spool spool(paths, name);
        std::error_code error;
        const bool is_claimed = std::filesystem::exists(claim_of(spool), error);
        if (!is_claimed && !std::filesystem::exists(refetch_mark(spool), error)) continue;
        const auto state = spool_state(spool, archive.quota);
        if (!state) return fail(state.error());
        if (state->fill != SpoolFill::ok) continue;
        if (const auto renamed = rename_if_there(refetch_mark(spool), claim_of(spool)); !renamed)
            return fail(renamed.error());
        archives.push_back(name);
    }
    return archives;
}

Status settle_refetches(const Paths& paths, const std::vector<std::string>& archives, bool all_fetched) {
    for (const auto& name : archives) {
        const Spool spool(paths, name);
        std::error_code error;
        if (all_fetched) {
            std::filesystem::remove(claim_of(spool), error);
            if (error) return fail_errno("remove " + claim_of(spool).string(), error.value());
        } else if (const auto renamed = rename_if_there(claim_of(spool), refetch_mark(spool)); !renamed) {
            return fail(renamed.error());
        }
    }
    return {};
}

} // namespace meshprobe
