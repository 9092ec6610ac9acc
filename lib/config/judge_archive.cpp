#include "lib/config/judge_archive.hpp"

#include "lib/config/amqp_url.hpp"
#include "lib/config/archivers.hpp"
#include "lib/config/checks.hpp"
#include "lib/config/judge.hpp"
#include "lib/config/judge_parts.hpp"
#include "lib/config/suggest.hpp"

#include <fmt/core.h>

namespace meshprobe {

namespace {

constexpr std::string_view common_keys =
    "archiver enabled shadow format transform idle quota when-full description site country contact version "
    "labels";

void warn_of_unused(Reader& reader, const Node::Entry& entry, const Archive& archive,
                    const Archiver& archiver) {
    for (const auto& [key, value] : entry.value->entries) {
        const bool is_of_shadow = archive.shadow && key == "retention";
        if (is_of_shadow || check::is_one_of(key, common_keys) || check::is_one_of(key, archiver.keys))
            continue;
        warning_at(reader, entry, key,
                   fmt::format("\"{}\" means nothing to the archiver {}", key, archiver.name));
    }
}

/// Who the archiver will be to the broker must be clear before it dials.
void judge_identity(Reader& reader, const Node::Entry& entry, const Archive& archive, const AmqpUrl& url) {
    const bool has_certificate = url.tls && !archive.connection.certificate.empty();
    if (!archive.credential.empty() && url.user.empty()) {
        error_at(reader, entry, "credential", "there is a credential, but no user in the URL");
    } else if (url.external && !has_certificate) {
        error_at(reader, entry, "url", "auth_mechanism=external needs tls.certificate and tls.key");
    } else if (!url.user.empty() && archive.credential.empty() && !url.password && !has_certificate) {
        warning_at(reader, entry, "url",
                   fmt::format("there is no password for user {}; put it into "
                               "/etc/meshprobe/credentials/archive/NAME and set credential: NAME",
                               quote(url.user)));
    }
}

} // namespace

void judge_rabbitmq(Reader& reader, const Node::Entry& entry, Archive& archive) {
    if (!entry.value->find("exchange")) {
        const bool is_usual = archive.format == "raw" && archive.transform.empty();
        if (!is_usual) {
            reader.error(entry.mark,
                         "expected an exchange: for what consumers of osg.ps.raw do not expect there, "
                         "got none");
        }
        archive.exchange = "osg.ps.raw";
    }
    if (!entry.value->find("routing-key"))
        archive.routing_key = fmt::format("perfsonar.{}.{{event-type}}", archive.format);
    warn_of_password(reader, entry, "url", archive.url, "prefer credential:");
    if (!archive.connection.proxy.empty()) {
        error_at(reader, entry, "proxy",
                 "AMQP goes through no proxy; use a network namespace, or connect-to");
    }
    if (archive.url.empty()) {
        return reader.error(entry.mark,
                            "expected a url: such as amqps://user@host.example.org/vhost, got none");
    }
    if (const auto wrong = check::url(archive.url, "amqps amqp"); !wrong.empty())
        return error_at(reader, entry, "url", wrong);
    const auto url = parse_amqp_url(archive.url);
    if (!url) return error_at(reader, entry, "url", url.error().message);
    judge_identity(reader, entry, archive, *url);
}

void judge_sqlite(Reader& reader, const Node::Entry& entry, Archive& archive) {
    if (archive.format == "raw" && archive.transform.empty()) return;
    error_at(reader, entry, archive.format != "raw" ? "format" : "transform",
             "the archiver sqlite stores format raw without transform only");
}

void judge(Reader& reader, const Node::Entry& entry, Archive& archive) {
    const Archiver* archiver = find_archiver(archive.archiver);
    if (archiver == nullptr) {
        return reader.error(entry.mark, fmt::format("expected an archiver:, got none; this version has {}",
                                                    enumerate(archiver_names(), "and")));
    }
    judge_fixed_trust(reader, entry, archive.connection);
    if (archive.shadow) {
        warning_at(reader, entry, "shadow",
                   "nothing is delivered to this archive; \"meshprobectl compare\" shows what would be");
    }
    warn_of_unused(reader, entry, archive, *archiver);
    if (archive.format == "lines" && !archive.transform.empty() && archive.archiver != "sqlite") {
        error_at(reader, entry, "transform",
                 "jq reads JSON, and format lines is none; transform another format");
    }
    archiver->judge(reader, entry, archive);
}

} // namespace meshprobe
