#include "lib/config/checks.hpp"
#include "lib/config/judge_archive.hpp"
#include "lib/config/judge_parts.hpp"
#include "lib/config/suggest.hpp"

#include <fmt/core.h>

namespace meshprobe {

namespace {

/// Who is talked to does not depend on what is said: placeholders stand behind the host only.
void judge_http_url(Reader& reader, const Node::Entry& entry, const Archive& archive,
                    std::string_view placeholders, std::string_view example) {
    const std::string_view url = archive.url;
    if (url.empty())
        return reader.error(entry.mark, fmt::format("expected a url: such as {}, got none", example));
    const auto path = check::path_of_url(url);
    auto wrong = check::url(url.substr(0, path), "https http");
    if (wrong.empty()) wrong = check::url(url, "https http");
    if (wrong.empty()) wrong = check::placeholders(url.substr(path), placeholders);
    if (wrong.empty() && url.find('#') != std::string_view::npos)
        wrong = fmt::format("expected a URL without a fragment, got {}", quote(check::without_password(url)));
    if (wrong.empty() && placeholders.empty() && url.find('?') != std::string_view::npos)
        wrong = "expected a URL without a query: paths of that archive are put behind it";
    if (!wrong.empty()) return error_at(reader, entry, "url", wrong);
    warn_of_password(reader, entry, "url", url, "prefer credential:");
    const auto user = check::user_of_url(url);
    if (!user.empty() && archive.credential.empty() && !check::has_password(url)) {
        warning_at(reader, entry, "url",
                   fmt::format("there is no password for user {}; put it into "
                               "/etc/meshprobe/credentials/archive/NAME and set credential: NAME",
                               quote(user)));
    }
    if (!archive.credential.empty() && url.starts_with("http://")) {
        warning_at(reader, entry, "url",
                   "over http:// everybody on the way reads the credential; prefer https://");
    }
}

void judge_format(Reader& reader, const Node::Entry& entry, Archive& archive, std::string_view usual) {
    if (entry.value->find("format") == nullptr) archive.format = usual;
    if (archive.format == usual || !archive.transform.empty()) return;
    if (archive.archiver == "opensearch" && archive.format == "pscheduler") return;
    error_at(
        reader, entry, "format",
        fmt::format("the archiver {} takes format {}, or another one with a transform that makes of it what "
                    "that archive takes",
                    archive.archiver, usual));
}

} // namespace

void judge_http(Reader& reader, const Node::Entry& entry, Archive& archive) {
    judge_http_url(reader, entry, archive, "event-type host task instance archive id",
                   "https://collector.example.org/results");
    if (entry.value->find("batch") == nullptr) {
        archive.http.batch = archive.http.body == HttpBody::message ? 1 : 100;
    } else if (archive.http.body == HttpBody::message && archive.http.batch > 1) {
        error_at(
            reader, entry, "batch",
            "several messages in a request need a body: array or ndjson, that of one is the message itself");
    }
    if (archive.http.body == HttpBody::array && archive.format == "lines") {
        error_at(
            reader, entry, "body",
            "messages of format lines are no JSON and make no array; use ndjson, which puts each on a line");
    }
    if (archive.http.body != HttpBody::message && archive.url.find("{id}") != std::string::npos) {
        error_at(reader, entry, "url", "{id} is that of one message; it needs body: message");
    }
}

void judge_opensearch(Reader& reader, const Node::Entry& entry, Archive& archive) {
    judge_http_url(reader, entry, archive, "", "https://opensearch.example.org:9200");
    judge_format(reader, entry, archive, "opensearch");
    if (entry.value->find("batch") == nullptr) archive.http.batch = 500;
    if (entry.value->find("index") == nullptr) archive.http.index = "pscheduler_{test-type}";
}

void judge_esmond(Reader& reader, const Node::Entry& entry, Archive& archive) {
    judge_http_url(reader, entry, archive, "", "https://ma.example.org/esmond/perfsonar/archive/");
    judge_format(reader, entry, archive, "esmond");
    const auto path = check::path_of_url(archive.url);
    if (path + 1 >= archive.url.size()) {
        archive.url.replace(path, std::string::npos, "/esmond/perfsonar/archive/");
    } else if (!archive.url.ends_with('/')) {
        archive.url += '/';
    }
}

} // namespace meshprobe
