#include "lib/config/checks.hpp"
#include "lib/config/judge_archive.hpp"
#include "lib/config/judge_parts.hpp"
#include "lib/config/socket_url.hpp"

#include <fmt/core.h>

namespace meshprobe {

namespace {

void judge_url(Reader& reader, const Node::Entry& entry, const Archive& archive, std::string_view schemes,
               std::string_view example) {
    if (archive.url.empty())
        return reader.error(entry.mark, fmt::format("expected a url: such as {}, got none", example));
    if (const auto wrong = check::url(archive.url, schemes); !wrong.empty())
        return error_at(reader, entry, "url", wrong);
    if (const auto url = parse_socket_url(archive.url); !url)
        error_at(reader, entry, "url", url.error().message);
}

void warn_without_format(Reader& reader, const Node::Entry& entry, const Archive& archive) {
    if (archive.syslog.format != SyslogFormat::none) return;
    for (const std::string_view key : {"facility", "severity", "identifier"}) {
        if (entry.value->find(key) == nullptr) continue;
        warning_at(reader, entry, key, "means nothing without syslog-format:");
    }
}

} // namespace

void judge_syslog(Reader& reader, const Node::Entry& entry, Archive& archive) {
    if (archive.path.empty()) archive.path = "/dev/log";
    if (entry.value->find("syslog-format") == nullptr) archive.syslog.format = SyslogFormat::rfc3164;
    if (archive.syslog.format == SyslogFormat::none)
        error_at(reader, entry, "syslog-format", "the archiver syslog needs rfc3164 or rfc5424");
}

void judge_tcp(Reader& reader, const Node::Entry& entry, Archive& archive) {
    judge_url(reader, entry, archive, "tcp tls", "tls://logs.example.org:6514");
    warn_without_format(reader, entry, archive);
    if (archive.url.starts_with("tcp://") && entry.value->find("tls") != nullptr)
        warning_at(reader, entry, "tls", "means nothing to a tcp:// URL; for TLS it is tls://");
}

void judge_udp(Reader& reader, const Node::Entry& entry, Archive& archive) {
    judge_url(reader, entry, archive, "udp", "udp://logs.example.org:514");
    warn_without_format(reader, entry, archive);
}

} // namespace meshprobe
