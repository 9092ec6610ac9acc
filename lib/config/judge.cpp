#include "lib/config/judge.hpp"

#include "lib/config/amqp_url.hpp"
#include "lib/config/checks.hpp"
#include "lib/config/suggest.hpp"
#include "lib/format/format.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace meshprobe {

namespace {

/// At the key if it is written down, else at the entry.
void error(Reader& reader, const Node::Entry& entry, std::string_view key, const std::string& message) {
    const auto found = entry.value->entries.find(key);
    if (found == entry.value->entries.end()) {
        reader.error(entry.mark, message);
    } else {
        const auto step = reader.enter(key);
        reader.error(found->second.value->mark, message);
    }
}

void warning(Reader& reader, const Node::Entry& entry, std::string_view key, const std::string& message) {
    const auto found = entry.value->entries.find(key);
    if (found == entry.value->entries.end()) {
        reader.warning(entry.mark, message);
    } else {
        const auto step = reader.enter(key);
        reader.warning(found->second.value->mark, message);
    }
}

void warn_of_password(Reader& reader, const Node::Entry& entry, std::string_view key, std::string_view url,
                      std::string_view instead) {
    if (!check::has_password(url)) return;
    warning(reader, entry, key,
            fmt::format("a password in a URL is seen by everybody who may read this file; {}", instead));
}

void judge_trust(Reader& reader, const Node::Entry& entry, const Connection& connection) {
    if (connection.trust == Trust::pin && connection.pins.empty()) {
        error(reader, entry, "tls", "tls.trust is \"pin\", but tls.pins names no key");
    }
    if (connection.certificate.empty() && !connection.key.empty()) {
        error(reader, entry, "tls", "tls.key is given without tls.certificate");
    }
}

bool is_ipv6(std::string_view address) {
    return address.find(':') != std::string_view::npos;
}

void judge_connection(Reader& reader, const Node::Entry& entry, const Connection& connection) {
    judge_trust(reader, entry, connection);
    const auto& bind = connection.bind_address;
    const auto impossible = is_ipv6(bind) ? IpVersion::v4 : IpVersion::v6;
    if (!bind.empty() && connection.ip_version == impossible) {
        error(reader, entry, "bind-address",
              fmt::format("from {} nothing can be reached with ip-version {}", bind,
                          impossible == IpVersion::v4 ? 4 : 6));
    }
    if (connection.proxy.empty() && !connection.proxy_credential.empty()) {
        warning(reader, entry, "proxy-credential", "means nothing without a proxy:");
    }
    if (entry.value->find("proxy") != nullptr)
        warn_of_password(reader, entry, "proxy", connection.proxy, "prefer proxy-credential:");
}

/// What each type of context must be told, and what means nothing to it.
void judge_context(Reader& reader, const Node::Entry& entry, const Context& context) {
    struct Need {
        ContextType type;
        std::string_view type_name;
        std::string_view key;
        const std::string& value;
        bool required;
    };
    const std::array needs{Need{ContextType::linuxnns, "linuxnns", "namespace", context.name_space, true},
                           Need{ContextType::linuxvrf, "linuxvrf", "interface", context.interface, true},
                           Need{ContextType::plugin, "plugin", "program", context.program, true},
                           Need{ContextType::plugin, "plugin", "data", context.data, false}};
    const Node* written = entry.value->find("context");
    for (const auto& need : needs) {
        if (need.type == context.type && need.required && need.value.empty()) {
            error(reader, entry, "context",
                  fmt::format("a context of type {} needs context.{}", need.type_name, need.key));
        }
        // A more general section may well have given what another type here leaves unused.
        if (need.type != context.type && written != nullptr && written->find(need.key) != nullptr) {
            error(reader, entry, "context",
                  fmt::format("context.{} is for type {}", need.key, need.type_name));
        }
    }
}

/// Nobody is there to accept a changed key of a mesh or an archive.
void judge_fixed_trust(Reader& reader, const Node::Entry& entry, const Connection& connection) {
    judge_connection(reader, entry, connection);
    if (connection.trust == Trust::first_use) {
        error(reader, entry, "tls",
              "tls.trust \"first-use\" is for measurement hosts only; expected ca, pin or any");
    }
}

/// Who the archiver will be to the broker must be clear before it dials.
void judge_identity(Reader& reader, const Node::Entry& entry, const Archive& archive, const AmqpUrl& url) {
    const bool has_certificate = url.tls && !archive.connection.certificate.empty();
    if (!archive.credential.empty() && url.user.empty()) {
        error(reader, entry, "credential", "there is a credential, but no user in the URL");
    } else if (url.external && !has_certificate) {
        error(reader, entry, "url", "auth_mechanism=external needs tls.certificate and tls.key");
    } else if (!url.user.empty() && archive.credential.empty() && !url.password && !has_certificate) {
        warning(reader, entry, "url",
                fmt::format("there is no password for user {}; put it into "
                            "/etc/meshprobe/credentials/archive/NAME and set credential: NAME",
                            quote(url.user)));
    }
}

void judge_rabbitmq(Reader& reader, const Node::Entry& entry, const Archive& archive) {
    if (archive.url.empty()) {
        return reader.error(entry.mark,
                            "expected a url: such as amqps://user@host.example.org/vhost, got none");
    }
    if (const auto wrong = check::url(archive.url, "amqps amqp"); !wrong.empty())
        return error(reader, entry, "url", wrong);
    const auto url = parse_amqp_url(archive.url);
    if (!url) return error(reader, entry, "url", url.error().message);
    judge_identity(reader, entry, archive, *url);
    if (!archive.connection.proxy.empty()) {
        error(reader, entry, "proxy", "AMQP goes through no proxy; use a network namespace, or connect-to");
    }
}

void judge_document(Reader& reader, const Node::Entry& entry, const HttpDocument& document) {
    if (document.url.empty()) {
        return error(reader, entry, "http",
                     "collect: names http, so an http.url: is expected, such as "
                     "https://{host}/results.json, got none");
    }
    const bool has_script = document.script.find_first_not_of(" \t\n") != std::string::npos;
    if (has_script == document.file.empty()) {
        return warn_of_password(reader, entry, "http", document.url,
                                "prefer a client certificate (tls.certificate)");
    }
    error(reader, entry, "http",
          fmt::format("expected a jq program that picks the results, in http.script: or in the file that "
                      "http.file: names, got {}",
                      has_script ? "both" : "neither"));
}

void judge_summaries(Reader& reader, const Node::Entry& entry, const TaskSettings& settings,
                     const Config& config) {
    if (settings.summaries.empty()) return;
    if (std::ranges::find(settings.collect, "esmond") == settings.collect.end()) {
        warning(reader, entry, "summaries",
                "only the source esmond has summaries, and collect: does not name it");
    }
    for (const auto& name : settings.archives) {
        const auto archive = config.archives.find(name);
        if (archive == config.archives.end() || !archive->second.enabled) continue;
        if (takes_summaries(archive->second.format)) continue;
        warning(reader, entry, "summaries",
                fmt::format("archive {} gets no summaries: format {} has no place for them", quote(name),
                            archive->second.format));
    }
}

} // namespace

void judge(Reader& reader, const Node::Entry& entry, const Mesh& mesh) {
    if (mesh.url.empty() == mesh.file.empty()) {
        reader.error(entry.mark, mesh.url.empty() ? "expected a url: or a file:, got neither"
                                                  : "expected a url: or a file:, got both");
    }
    warn_of_password(reader, entry, "url", mesh.url, "prefer a client certificate (tls.certificate)");
    judge_fixed_trust(reader, entry, mesh.connection);
    if (mesh.configure_archives) {
        warning(reader, entry, "configure-archives",
                "this version takes no archives from a mesh; passed over");
    }
}

void judge(Reader& reader, const Node::Entry& entry, const Transform& transform) {
    if (transform.script.find_first_not_of(" \t\n") != std::string::npos) return;
    // An empty list is the program "." in pScheduler; an empty text is a slip.
    error(reader, entry, "script", "expected a script: with a jq program, got none; \".\" changes nothing");
}

void judge(Reader& reader, const Node::Entry& entry, Archive& archive) {
    if (archive.archiver.empty()) {
        reader.error(entry.mark, "expected an archiver:, got none; this version has sqlite and rabbitmq");
        return;
    }
    judge_fixed_trust(reader, entry, archive.connection);
    if (archive.shadow) {
        warning(reader, entry, "shadow",
                "nothing is delivered to this archive; \"meshprobectl compare\" shows what would be");
    }
    if (archive.archiver == "sqlite") {
        constexpr std::array<std::string_view, 8> unused{
            "url", "credential", "exchange", "routing-key", "unroutable", "window", "heartbeat", "tls"};
        for (const auto key : unused) {
            if (!entry.value->entries.contains(key)) continue;
            warning(reader, entry, key, fmt::format("\"{}\" means nothing to the archiver sqlite", key));
        }
        if (archive.format != "raw" || !archive.transform.empty()) {
            error(reader, entry, archive.format != "raw" ? "format" : "transform",
                  "the archiver sqlite stores format raw without transform only");
        }
        return;
    }
    judge_rabbitmq(reader, entry, archive);
    warn_of_password(reader, entry, "url", archive.url, "prefer credential:");
    if (!archive.connection.bind_address.empty()) {
        warning(reader, entry, "bind-address", "\"bind-address\" means nothing to the archiver rabbitmq");
    }
    if (!archive.shadow && (archive.retention_age || archive.retention_size)) {
        warning(reader, entry, "retention", "\"retention\" means nothing to the archiver rabbitmq");
    }
    if (archive.format == "lines" && !archive.transform.empty()) {
        error(reader, entry, "transform",
              "jq reads JSON, and format lines is none; transform another format");
    }
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
}

void judge(Reader& reader, const Node::Entry& entry, const TaskSettings& settings, const Config& config) {
    judge_connection(reader, entry, settings.connection);
    judge_context(reader, entry, settings.context);
    if (settings.archives.empty()) {
        error(reader, entry, "archives", "no archive is left; results would go nowhere");
    }
    if (settings.event_types.empty()) {
        error(reader, entry, "event-types", "no event type is left; nothing would be collected");
    }
    if (std::ranges::find(settings.collect, "http") != settings.collect.end())
        judge_document(reader, entry, settings.http);
    judge_summaries(reader, entry, settings, config);
    for (const auto& name : settings.archives) {
        if (config.archives.contains(name) || !reader.names.contains("archive")) continue;
        error(reader, entry, "archives",
              fmt::format("results would go to archive {}, which does not exist", quote(name)));
    }
    const auto takes_results = [&config](const std::string& name) {
        const auto found = config.archives.find(name);
        return found == config.archives.end() || found->second.enabled;
    };
    if (!settings.archives.empty() && settings.enabled &&
        std::ranges::none_of(settings.archives, takes_results)) {
        warning(reader, entry, "archives", "all archives named here are disabled; results go nowhere");
    }
}

} // namespace meshprobe
