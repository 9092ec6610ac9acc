#include "lib/config/archivers.hpp"
#include "lib/config/checks.hpp"
#include "lib/config/codec.hpp"
#include "lib/config/schema.hpp"
#include "lib/config/suggest.hpp"
#include "lib/format/format.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

using namespace std::chrono_literals;
using codec::group;
using codec::key;
using codec::of;

/// Archivers of the whole design; a newer version's configuration should get a better answer than "unknown".
struct ArchiverName {
    std::string_view type = "choice";
    void read(Reader& reader, const Node& node, std::string& value) const {
        const auto known = archiver_names();
        constexpr std::array<std::string_view, 6> planned{"amqp1",      "kafka",    "plugin",
                                                          "postgresql", "snmptrap", "stomp"};
        if (node.kind == Node::Kind::scalar && find_archiver(node.text) == nullptr &&
            std::ranges::find(planned, std::string_view(node.text)) != planned.end()) {
            reader.error(node.mark, fmt::format("this version has no archiver {}; it has {}",
                                                quote(node.text), enumerate(known, "and")));
        } else if (const auto index = reader.choice(node, known)) {
            value = known[*index];
        }
    }
    [[nodiscard]] Shown show(const std::string& value) const { return value; }
};

struct FormatName {
    std::string_view type = "choice";
    void read(Reader& reader, const Node& node, std::string& value) const {
        if (const auto index = reader.choice(node, format_names)) value = format_names.at(*index);
    }
    [[nodiscard]] Shown show(const std::string& value) const { return value; }
};

/// The name of a transform.
struct TransformName {
    std::string_view type = "name";
    void read(Reader& reader, const Node& node, std::string& value) const {
        const auto name = reader.text(node, "the name of a transform");
        if (!name) return;
        const auto known = reader.names.find("transform");
        if (known != reader.names.end() && !name->empty() && !known->second.contains(*name)) {
            const std::vector<std::string_view> words(known->second.begin(), known->second.end());
            return reader.error(
                node.mark, fmt::format("there is no transform {}{}", quote(*name), suggestion(*name, words)));
        }
        value = *name;
    }
    [[nodiscard]] Shown show(const std::string& value) const {
        return value.empty() ? Shown{} : Shown(value);
    }
};

/// Header fields of requests.
struct HttpHeaders {
    std::string_view type = "mapping of text";
    void read(Reader& reader, const Node& node,
              std::map<std::string, std::string, std::less<>>& headers) const {
        if (!reader.mapping(node)) return;
        for (const auto& [name, entry] : node.entries) {
            const auto step = reader.enter(name);
            const auto value = reader.text(*entry.value);
            if (!value) continue;
            const auto wrong = check::http_header(name, *value);
            if (!wrong.empty()) {
                reader.error(entry.mark, wrong);
                continue;
            }
            if (check::is_secret_header(name)) {
                reader.warning(entry.mark,
                               "this is seen by everybody who may read this file; prefer credential:");
            }
            headers.insert_or_assign(name, std::string(*value));
        }
    }
    [[nodiscard]] Shown show(const std::map<std::string, std::string, std::less<>>& headers) const {
        if (headers.empty()) return {};
        auto shown = headers;
        for (auto& [name, value] : shown) {
            if (check::is_secret_header(name)) value = "***";
        }
        return shown;
    }
};
constexpr auto facilities = codec::choice<SyslogFacility>(
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7");
constexpr auto severities =
    codec::choice<SyslogSeverity>("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug");

} // namespace

const Keys<Archive>& archive_keys() {
    static const Keys<Archive> keys{
        key("archiver", &Archive::archiver, ArchiverName{}),
        key("enabled", &Archive::enabled, codec::Flag{}),
        key("shadow", &Archive::shadow, codec::Flag{}),
        key("url", &Archive::url, codec::Text{"URL"}),
        key("credential", &Archive::credential, codec::Text{"path or credential", check::path_or_credential}),
        key("format", &Archive::format, FormatName{}),
        key("transform", &Archive::transform, TransformName{}),
        key("exchange", &Archive::exchange, codec::Text{"text", check::routing}),
        key("routing-key", &Archive::routing_key, codec::Text{"text", check::routing_key}),
        key("unroutable", &Archive::unroutable, codec::choice<Unroutable>("drop", "retry", "fail")),
        key("window", &Archive::window, codec::Number{1, 65535}),
        key("heartbeat", &Archive::heartbeat, codec::Duration{1s, 1h}),
        key("path", &Archive::path, codec::Text{"path", check::absolute_path}),
        of(&Archive::file, key("rotate-size", &FileSettings::rotate_size, codec::Size{65536})),
        of(&Archive::file, key("rotate-age", &FileSettings::rotate_age, codec::Duration{1s})),
        of(&Archive::file, key("rotate-keep", &FileSettings::rotate_keep, codec::Number{0, 100'000})),
        of(&Archive::file,
           key("rotate-compress", &FileSettings::rotate_compress, codec::choice<Compress>("none", "zstd"))),
        of(&Archive::socket,
           key("framing", &SocketSettings::framing, codec::choice<Framing>("newline", "octet-counted"))),
        of(&Archive::socket,
           key("payload-size", &SocketSettings::payload_size, codec::Number{1, largest_payload})),
        of(&Archive::syslog, key("syslog-format", &SyslogSettings::format,
                                 codec::choice<SyslogFormat>("none", "rfc3164", "rfc5424"))),
        of(&Archive::syslog, key("facility", &SyslogSettings::facility, facilities)),
        of(&Archive::syslog, key("severity", &SyslogSettings::severity, severities)),
        of(&Archive::syslog,
           key("identifier", &SyslogSettings::identifier, codec::Text{"text", check::identifier})),
        key("idle", &Archive::idle, codec::Duration{0s, std::chrono::days(1)}),
        key("quota", &Archive::quota, codec::Size{4096}),
        key("when-full", &Archive::when_full, codec::choice<WhenFull>("block", "drop-oldest", "refetch")),
        of(&Archive::http, key("method", &HttpDelivery::method, codec::Text{"text", check::http_method})),
        of(&Archive::http, key("headers", &HttpDelivery::headers, HttpHeaders{})),
        of(&Archive::http,
           key("body", &HttpDelivery::body, codec::choice<HttpBody>("message", "array", "ndjson"))),
        of(&Archive::http, key("batch", &HttpDelivery::batch, codec::Number{1, 10000})),
        of(&Archive::http, key("index", &HttpDelivery::index, codec::Text{"text", check::index_name})),
        of(&Archive::http, key("timeout", &HttpDelivery::timeout, codec::Duration{1s, 1h})),
        group<Archive>("retention",
                       {
                           key("age", &Archive::retention_age, codec::Duration{1s}),
                           key("size", &Archive::retention_size, codec::Size{65536}),
                       }),
    };
    return keys;
}

} // namespace meshprobe
