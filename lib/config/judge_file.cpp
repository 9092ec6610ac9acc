#include "lib/config/checks.hpp"
#include "lib/config/judge_archive.hpp"
#include "lib/config/judge_parts.hpp"

#include <fmt/core.h>

#include <array>

namespace meshprobe {

namespace {

/// What the sandbox of the service hides from it; no drop-in of ours opens that.
void warn_of_hidden(Reader& reader, const Node::Entry& entry, std::string_view path) {
    constexpr std::array<std::string_view, 5> hidden{"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"};
    for (const std::string_view directory : hidden) {
        if (!path.starts_with(directory)) continue;
        warning_at(
            reader, entry, "path",
            fmt::format("the archiver's service sees no {} of the system's (ProtectHome=, PrivateTmp=); "
                        "prefer a directory under /srv or /var",
                        directory.substr(0, directory.size() - 1)));
    }
}

} // namespace

void judge_file(Reader& reader, const Node::Entry& entry, Archive& archive) {
    if (archive.path.empty()) {
        return reader.error(entry.mark, "expected a path: such as /srv/results/{event-type}.json, got none");
    }
    if (const auto wrong = check::results_path(archive.path); !wrong.empty())
        return error_at(reader, entry, "path", wrong);
    warn_of_hidden(reader, entry, archive.path);
    const bool rotates = archive.file.rotate_size || archive.file.rotate_age;
    for (const std::string_view key : {"rotate-keep", "rotate-compress"}) {
        if (rotates || entry.value->find(key) == nullptr) continue;
        warning_at(reader, entry, key, "means nothing without rotate-size: or rotate-age:");
    }
}

} // namespace meshprobe
