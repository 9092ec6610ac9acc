// Archiver `http`: messages as they are, one a request, in a JSON array, or one a line. Any success means
// that they were taken.
#include "archiver/http_dialect.hpp"
#include "archiver/text_template.hpp"
#include "lib/percent_encoding.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace meshprobe {
namespace {

constexpr std::string_view format_without_json = "lines";

bool is_same_field(std::string_view one, std::string_view other) {
    return std::ranges::equal(one, other, [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    });
}

class MessagesDialect final : public HttpDialect {
  public:
    MessagesDialect(const Archive& archive, const std::string& url) : delivery_(archive.http), url_(url) {}

    std::string objection(const Item& item) override {
        if (delivery_.body != HttpBody::array || item.segment->format != format_without_json) return {};
        return "its format is lines, which is no JSON and fits into no array";
    }

    std::size_t count(std::span<const Item> waiting) override {
        std::size_t count = 1;
        if (delivery_.body == HttpBody::message) return count;
        const auto& format = waiting.front().segment->format;
        const auto url = url_of(waiting.front());
        const std::size_t most = std::min<std::size_t>(waiting.size(), delivery_.batch);
        while (count < most && waiting[count].segment->format == format &&
               (url_.is_constant() || url_of(waiting[count]) == url))
            ++count;
        return count;
    }

    HttpRequest ask(std::span<const Item> batch) override {
        HttpRequest request;
        request.url = url_of(batch.front());
        request.method = delivery_.method;
        request.headers = headers(batch.front());
        std::size_t size = 2;
        for (const Item& item : batch)
            size += item.message->body.size() + 1;
        request.body.reserve(size);
        const bool is_array = delivery_.body == HttpBody::array;
        if (is_array) request.body += '[';
        for (const Item& item : batch) {
            if (is_array && request.body.size() > 1) request.body += ',';
            request.body += item.message->body;
            if (delivery_.body == HttpBody::ndjson) request.body += '\n';
        }
        if (is_array) request.body += ']';
        return request;
    }

    Outcome hear(std::span<const Item> batch, const HttpAnswer& answer) override {
        return answer.is_success() ? settled(batch, Verdict::Kind::delivered) : outcome_of(answer);
    }

  private:
    [[nodiscard]] std::string url_of(const Item& item) const {
        return url_.fill([&](std::string_view name) {
            return percent_encode(placeholder(name, *item.segment, *item.message));
        });
    }

    [[nodiscard]] std::string_view content_type(const Item& item) const {
        if (item.segment->format == format_without_json) return "text/plain; charset=utf-8";
        return delivery_.body == HttpBody::ndjson ? "application/x-ndjson" : "application/json";
    }

    [[nodiscard]] std::vector<std::string> headers(const Item& item) const {
        std::vector<std::string> lines;
        const auto add = [&](std::string_view name, std::string_view value) {
            const bool is_set = std::ranges::any_of(
                delivery_.headers, [&](const auto& header) { return is_same_field(header.first, name); });
            if (!is_set) lines.push_back(fmt::format("{}: {}", name, value));
        };
        add("Content-Type", content_type(item));
        // A repeat is the same request: who knows this field takes it once only.
        if (delivery_.body == HttpBody::message)
            add("Idempotency-Key", fmt::format("\"{}\"", item.message->id));
        for (const auto& [name, value] : delivery_.headers)
            lines.push_back(fmt::format("{}:{}{}", name, value.empty() ? "" : " ", value));
        return lines;
    }

    const HttpDelivery delivery_;
    const TextTemplate url_;
};

} // namespace

std::unique_ptr<HttpDialect> make_messages_dialect(const Archive& archive, const std::string& url) {
    return std::make_unique<MessagesDialect>(archive, url);
}

} // namespace meshprobe
