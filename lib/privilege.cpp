#include "lib/privilege.hpp"

#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>

namespace meshprobe {

namespace {

struct Owner {
    std::string name;
    uid_t user = 0;
    gid_t group = 0;
};

/// nullopt: the caller is not root, or the owner is.
Result<std::optional<Owner>> other_owner_of(const std::filesystem::path& directory) {
    if (::geteuid() != 0) return std::optional<Owner>{};
    struct stat info {};
    if (::stat(directory.c_str(), &info) < 0) return fail_errno("stat " + directory.string());
    if (info.st_uid == 0) return std::optional<Owner>{};

    struct passwd entry {};
    struct passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    const int error = ::getpwuid_r(info.st_uid, &entry, buffer.data(), buffer.size(), &found);
    if (error != 0 || found == nullptr) {
        return fail(ErrorKind::storage,
                    fmt::format("{}: its owner, user {}, does not exist; run \"systemd-sysusers\" and "
                                "\"systemd-tmpfiles --create\"",
                                directory.string(), info.st_uid));
    }
    return std::optional(Owner{entry.pw_name, info.st_uid, entry.pw_gid});
}

} // namespace

Status become_owner_of(const std::filesystem::path& directory) {
    const auto owner = other_owner_of(directory);
    if (!owner) return fail(owner.error());
    if (!*owner) return {};
    const auto& [name, user, group] = **owner;
    // Groups first: they cannot be changed any more once the user is another one.
    if (::initgroups(name.c_str(), group) < 0) return fail_errno("initgroups");
    if (::setresgid(group, group, group) < 0) return fail_errno("setresgid");
    if (::setresuid(user, user, user) < 0) return fail_errno("setresuid");
    // A process that was root's has the whole bounding set: without this, a set-user-ID program would give it
    // back.
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail_errno("prctl");
    return {};
}

Result<ActingOwner> ActingOwner::of(const std::filesystem::path& directory) {
    const auto owner = other_owner_of(directory);
    if (!owner) return fail(owner.error());
    ActingOwner acting;
    if (!*owner) return acting;
    const int count = ::getgroups(0, nullptr);
    acting.groups_.resize(static_cast<std::size_t>(std::max(count, 0)));
    if (count < 0 || ::getgroups(count, acting.groups_.data()) < 0) return fail_errno("getgroups");
    acting.is_acting_ = true; // from here on there is something to undo
    if (::initgroups((*owner)->name.c_str(), (*owner)->group) < 0) return fail_errno("initgroups");
    if (::setegid((*owner)->group) < 0) return fail_errno("setegid");
    if (::seteuid((*owner)->user) < 0) return fail_errno("seteuid");
    return acting;
}

ActingOwner::~ActingOwner() {
    if (!is_acting_) return;
    // A process whose real and saved user are root's may always become root again.
    static_cast<void>(::seteuid(0));
    static_cast<void>(::setegid(0));
    static_cast<void>(::setgroups(groups_.size(), groups_.data()));
}

} // namespace meshprobe
