#include "lib/privilege.hpp"

#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace meshprobe {

Status become_owner_of(const std::filesystem::path& directory) {
    if (::geteuid() != 0) return {};
    struct stat info {};
    if (::stat(directory.c_str(), &info) < 0) return fail_errno("stat " + directory.string());
    if (info.st_uid == 0) return {};

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
    // Groups first: they cannot be changed any more once the user is another one.
    if (::initgroups(entry.pw_name, entry.pw_gid) < 0) return fail_errno("initgroups");
    if (::setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid) < 0) return fail_errno("setresgid");
    if (::setresuid(info.st_uid, info.st_uid, info.st_uid) < 0) return fail_errno("setresuid");
    // A process that was root's has the whole bounding set: without this, a set-user-ID program would give it
    // back.
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail_errno("prctl");
    return {};
}

} // namespace meshprobe
