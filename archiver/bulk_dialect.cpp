// Archiver `opensearch`: the bulk API. Each message is a document that is created, never replaced, under its
// message id; a document that is there already (409) was delivered before. `create` is also the only thing
// that data streams take.
//
// (OpenSearch, REST API reference, bulk: one action line and one line of source each; the answer has an item
// for each in the same order, with a status of its own.)
#include "archiver/http_dialect.hpp"
#include "archiver/text_template.hpp"
#include "lib/json.hpp"
#include "lib/json_text/json_object.hpp"
#include "lib/json_text/nesting.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {
namespace {

constexpr std::size_t deepest_answer = 16;

/// What the name of an index may not hold becomes '_'.
std::string as_index(std::string name) {
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool is_bad = static_cast<unsigned char>(c) <= ' ' ||
                            std::string_view("\\/*?\"<>|,#:").find(c) != std::string_view::npos;
        if (is_bad) c = '_';
    }
    return name;
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

std::string text_of_member(const JsonObject& object, std::string_view name) {
    return unescape(object[name]).value_or("");
}

class BulkDialect final : public HttpDialect {
  public:
    BulkDialect(const Archive& archive, std::string_view url)
        : headers_(archive.http.headers), batch_(archive.http.batch), index_(archive.http.index),
          reads_documents_(index_.has("test-type") || index_.has("date")) {
        while (url.ends_with('/'))
            url.remove_suffix(1);
        // Of each item no more than is read here.
        url_ = fmt::format(
            "{}/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason", url);
    }

    std::size_t count(std::span<const Item> waiting) override {
        return std::min<std::size_t>(waiting.size(), batch_);
    }

    HttpRequest ask(std::span<const Item> batch) override {
        HttpRequest request;
        request.url = url_;
        request.method = "POST";
        request.headers = {"Content-Type: application/x-ndjson", "Accept: application/json"};
        for (const auto& [name, value] : headers_)
            request.headers.push_back(fmt::format("{}:{}{}", name, value.empty() ? "" : " ", value));
        for (const Item& item : batch) {
            request.body += R"({"create":{"_index":)";
            append_quoted(request.body, index_of(item));
            request.body += R"(,"_id":)";
            append_quoted(request.body, item.message->id);
            request.body += "}}\n";
            request.body += item.message->body;
            request.body += '\n';
        }
        return request;
    }

    Outcome hear(std::span<const Item> batch, const HttpAnswer& answer) override {
        if (!answer.is_success()) return outcome_of(answer);
        if (nesting(answer.body) <= deepest_answer) {
            const auto document = nlohmann::json::parse(answer.body, nullptr, false);
            const auto items = document.is_object() ? document.find("items") : document.end();
            if (items != document.end() && items->is_array() && items->size() == batch.size())
                return judge_items(batch, *items);
        }
        Outcome outcome;
        outcome.kind = Outcome::Kind::lost;
        outcome.error = {
            ErrorKind::protocol,
            fmt::format("answers with what is no result of a bulk request about {} documents: {}",
                        batch.size(), answer.text())};
        return outcome;
    }

  private:
    [[nodiscard]] std::string index_of(const Item& item) const {
        JsonObject document;
        if (reads_documents_) {
            JsonCursor cursor(item.message->body); // in a segment more follows, which the cursor may read
            if (const auto value = cursor.value()) document = JsonObject(*value);
        }
        return as_index(index_.fill([&](std::string_view name) -> std::string {
            std::string text;
            if (name == "test-type") {
                text = text_of_member(document.object("test"), "type");
            } else if (name == "date") {
                constexpr std::size_t day = 10; // 2026-11-27
                text = text_of_member(document, "@timestamp").substr(0, day);
                std::ranges::replace(text, '-', '.');
            } else {
                text = placeholder(name, *item.segment, *item.message);
            }
            return text.empty() ? "unknown" : text;
        }));
    }

    static Outcome judge_items(std::span<const Item> batch, const nlohmann::json& items) {
        Outcome outcome;
        for (std::size_t index = 0; index < batch.size(); ++index)
            outcome.verdicts.push_back(judge_item(batch[index].ticket, items[index]));
        return outcome;
    }

    static Verdict judge_item(std::uint64_t ticket, const nlohmann::json& item) {
        // {"create":{"status":400,"error":{"type":…,"reason":…}}}
        const auto empty = nlohmann::json::object();
        const auto& result =
            item.is_object() && item.size() == 1 && item.front().is_object() ? item.front() : empty;
        const auto status = number_of(result, "status");
        if (status == 200 || status == 201 || status == 409) return {ticket, Verdict::Kind::delivered, {}};
        const auto error = result.find("error");
        const auto& cause = error != result.end() && error->is_object() ? *error : empty;
        const auto type = string_of(cause, "type");
        HttpAnswer told{status, fmt::format("{}: {}", type, string_of(cause, "reason")), {}};
        // Too many shards: a matter of the cluster, though it comes as a 400.
        const bool is_about_document = (status == 400 && type != "validation_exception") || status == 413;
        return {ticket, is_about_document ? Verdict::Kind::refused : Verdict::Kind::busy, told.text()};
    }

    static long number_of(const nlohmann::json& object, const char* name) {
        const auto found = object.find(name);
        return found != object.end() && found->is_number_integer() ? found->get<long>() : 0;
    }
    static std::string string_of(const nlohmann::json& object, const char* name) {
        const auto found = object.find(name);
        return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
    }

    const std::map<std::string, std::string, std::less<>> headers_;
    const std::size_t batch_;
    const TextTemplate index_;
    const bool reads_documents_;
    std::string url_;
};

} // namespace

std::unique_ptr<HttpDialect> make_bulk_dialect(const Archive& archive, const std::string& url) {
    return std::make_unique<BulkDialect>(archive, url);
}

} // namespace meshprobe
