#include "probe/fetch/http_source.hpp"

#include "lib/file.hpp"
#include "lib/jq/jq.hpp"
#include "lib/json_text/json_check.hpp"
#include "lib/json_text/json_cursor.hpp"
#include "lib/json_text/nesting.hpp"
#include "lib/pscheduler/run_document.hpp"
#include "lib/record/identity.hpp"
#include "probe/fetch/esmond.hpp"
#include "probe/fetch/foreign_body.hpp"
#include "probe/fetch/picked_record.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::size_t largest_script = 256U << 10;
constexpr std::size_t longest_validator = 200;
constexpr long not_modified = 304;
constexpr std::uint64_t jq_memory = 256ULL << 20; ///< a value takes several times what its text does
constexpr std::size_t most_in_page = 500;
constexpr std::size_t bytes_behind = 16; ///< what a cursor may look at

/// "ETAG", or the time of Last-Modified; empty: the server tells neither, or what could not be sent back.
std::string validator_of(const HttpResponse& answer) {
    const std::string& told = answer.etag.empty() ? answer.last_modified : answer.etag;
    const bool is_good = told.size() <= longest_validator &&
                         std::ranges::all_of(told, [](char c) { return c >= ' ' && c <= '~'; });
    return is_good ? told : std::string{};
}

/// Within a string, an object or an array.
bool ends_early(std::string_view json) {
    std::int64_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (c == '"') {
            in_string = !in_string;
        } else if (in_string) {
            i += c == '\\' ? 1U : 0U;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return in_string || depth > 0;
}

/// jq tells of a bad document no more than that it is one.
Status check_document(std::string body) {
    const auto size = body.size();
    body.append(bytes_behind, ' ');
    const auto document = std::string_view(body).substr(0, size);
    JsonCursor cursor(document);
    const bool has_value = cursor.value().has_value();
    if (has_value && cursor.peek() == '\0') return {};
    const auto start = document.find_first_not_of(" \t\r\n");
    const bool looks_like_json =
        start != std::string_view::npos && (document[start] == '{' || document[start] == '[');
    constexpr std::size_t enough = 512;
    if (!looks_like_json)
        return fail(ErrorKind::protocol, "no JSON document: " + describe_body(document.substr(0, enough)));
    if (has_value) return fail(ErrorKind::protocol, "something stands behind the JSON document");
    if (ends_early(document))
        return fail(ErrorKind::protocol, fmt::format("the JSON document ends early, after {} bytes", size));
    return fail(ErrorKind::protocol, fmt::format("the JSON document is broken: {}", cursor.problem()));
}

bool is_etag(std::string_view validator) {
    return validator.starts_with('"') || validator.starts_with("W/\"");
}

} // namespace

std::string document_address(std::string_view url, std::string_view host) {
    constexpr std::string_view place = "{host}";
    std::string address(url);
    for (auto at = address.find(place); at != std::string::npos; at = address.find(place, at + host.size()))
        address.replace(at, place.size(), host);
    return address;
}

HttpSource::HttpSource(HttpSession& session, HttpDocument document, std::string_view host, std::string known)
    : session_(session), document_(std::move(document)),
      host_(host_of_url(document_address("https://{host}/", host))), known_(std::move(known)) {
    document_.url = document_address(document_.url, host);
}

Status HttpSource::load_program() {
    script_ = document_.script;
    if (!document_.file.empty()) {
        auto text = read_file(document_.file, largest_script);
        if (!text) return fail(ErrorKind::configuration, fmt::format("http.file: {}", text.error().message));
        script_ = std::move(*text);
    }
    version_ = fmt::format("{}#{},", document_.url, identity_of(script_));
    return {};
}

HttpRequest HttpSource::request(std::string& body) const {
    HttpRequest request;
    request.url = document_.url;
    request.headers = {"Accept: application/json, */*;q=0.5"};
    if (known_.starts_with(version_) && known_.size() > version_.size()) {
        const auto validator = known_.substr(version_.size());
        request.headers.push_back((is_etag(validator) ? "If-None-Match: " : "If-Modified-Since: ") +
                                  validator);
    }
    request.max_bytes = largest_document;
    request.on_body = [&body](std::string_view chunk) -> Status {
        body += chunk;
        return {};
    };
    return request;
}

Result<std::optional<RunSource::Page>> HttpSource::next(const std::function<bool()>& stop) {
    std::optional<Timestamp> date;
    if (!is_read_) {
        const auto read_at = read(stop);
        if (!read_at) return fail(read_at.error());
        date = *read_at;
        is_read_ = true;
    } else if (at_ == records_.size()) {
        return std::optional<Page>{};
    }
    Page page = next_records();
    page.date = date;
    return std::optional(std::move(page));
}

Result<std::optional<Timestamp>> HttpSource::read(const std::function<bool()>& stop) {
    if (auto loaded = load_program(); !loaded) return fail(loaded.error());
    std::string body;
    Result<HttpResponse> answer = fail(ErrorKind::internal, "no answer");
    session_.start(request(body), [&](Result<HttpResponse> result) { answer = std::move(result); });
    if (auto ran = session_.run(stop); !ran) return fail(ran.error());
    if (!answer) return fail(answer.error());
    wait_asked_ = wait_asked_for(*answer);
    if (answer->status == not_modified && known_.starts_with(version_)) {
        version_ = known_;
    } else if (answer->status < 200 || answer->status > 299) {
        return fail(error_of(*answer, document_.url));
    } else {
        version_ += validator_of(*answer);
        if (auto picked = pick(body); !picked)
            return fail(picked.error().in(fmt::format("{} ({})", document_.url, answer->content_type)));
    }
    if (!answer->date) return std::optional<Timestamp>{};
    return std::optional(std::chrono::floor<std::chrono::seconds>(*answer->date).time_since_epoch().count());
}

Status HttpSource::pick(const std::string& body) {
    if (nesting(body) > JsonCheck::max_depth) {
        return fail(ErrorKind::protocol,
                    fmt::format("JSON that is nested more than {} deep", JsonCheck::max_depth));
    }
    JqOptions options;
    options.arguments = {{"host", host_}};
    options.modules = jq_modules();
    options.time = longest_program;
    options.memory = jq_memory;
    options.output = most_picked;
    auto program = JqProgram::compile(script_, std::move(options));
    if (!program) {
        const bool is_ours = program.error().kind == ErrorKind::internal;
        return fail(is_ours ? ErrorKind::internal : ErrorKind::configuration,
                    fmt::format("the jq program: {}", program.error().message));
    }
    const auto ran = program->run(body, [this](std::string&& result) { keep(std::move(result)); });
    if (ran) return {};
    if (auto checked = check_document(body); !checked) return checked;
    return fail(ErrorKind::protocol, "the jq program fails: " + ran.error().message);
}

/// A list stands for what is in it.
void HttpSource::keep(std::string&& result) {
    const auto size = result.size();
    if (!result.starts_with('[')) {
        records_.append(result) += '\n';
        return;
    }
    result.append(bytes_behind, ' ');
    for_each_element(
        std::string_view(result).substr(0, size),
        [this](JsonCursor& cursor) {
            const auto element = cursor.value();
            if (element) records_.append(element->text) += '\n';
            return element.has_value();
        },
        [this](std::string_view) { records_ += '\n'; }); // nested too deeply: counted as what it is
}

RunSource::Page HttpSource::next_records() {
    Page page;
    const std::size_t end = records_.size();
    records_.append(bytes_behind, ' ');
    for (std::size_t taken = 0; at_ < end && taken < most_in_page; ++taken) {
        const auto line = std::string_view(records_).substr(at_, records_.find('\n', at_) - at_);
        at_ += line.size() + 1;
        ++count_;
        JsonCursor cursor(line);
        auto record = read_picked_record(cursor.value().value_or(JsonValue{}), host_);
        if (record) {
            page.results.push_back(std::move(*record));
        } else if (page.skipped++ == 0) {
            page.first_skipped = fmt::format("record {}: {}", count_, record.error().message);
        }
    }
    records_.resize(end);
    return page;
}

} // namespace meshprobe
