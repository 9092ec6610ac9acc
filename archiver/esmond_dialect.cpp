// Archiver `esmond`: registers the metadata of a message, which gives the key, and puts its points there.
//
// esmond: registering again what is known gives the same key. A PUT is worked through in its order and stops
// at the first point that is there already (409) or is wrong (400), after those before it were stored; so
// after either the points are put one by one, where 409 means that it is there.
#include "archiver/http_dialect.hpp"
#include "lib/json.hpp"
#include "lib/json_text/json_object.hpp"
#include "lib/json_text/nesting.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace meshprobe {
namespace {

constexpr long there_already = 409;
constexpr long bad_request = 400;
constexpr long not_found = 404;
constexpr long not_allowed = 405;
constexpr std::size_t deepest_metadata = 16;
constexpr std::size_t most_keys = 20'000;

/// The parts of a message of format esmond, as views of it.
struct EsmondBody {
    std::string_view metadata;
    std::string_view data;
    std::vector<JsonValue> points;
};

std::optional<EsmondBody> read_esmond_body(std::string_view body) {
    JsonCursor cursor(body); // in a segment more follows, which the cursor may read
    const auto value = cursor.value();
    const JsonObject document = value ? JsonObject(*value) : JsonObject();
    EsmondBody parts{document["metadata"].text, document["data"].text, elements_of(document["data"])};
    if (!parts.metadata.starts_with('{') || parts.points.empty()) return std::nullopt;
    return parts;
}

/// Of the document that registering is answered with. Keys are opaque, but end in a URL.
std::string key_of(const std::string& answer) {
    if (nesting(answer) > deepest_metadata) return {};
    const auto document = nlohmann::json::parse(answer, nullptr, false);
    if (!document.is_object()) return {};
    const auto found = document.find("metadata-key");
    if (found == document.end() || !found->is_string()) return {};
    auto key = found->get<std::string>();
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_';
    };
    constexpr std::size_t longest = 128;
    return key.size() <= longest && std::ranges::all_of(key, is_plain) ? key : std::string();
}

Outcome lost(ErrorKind kind, std::string why) {
    Outcome outcome;
    outcome.kind = Outcome::Kind::lost;
    outcome.error = {kind, std::move(why)};
    return outcome;
}

class EsmondDialect final : public HttpDialect {
  public:
    explicit EsmondDialect(std::string url) : url_(std::move(url)) {}

    std::string objection(const Item& item) override {
        return read_esmond_body(item.message->body)
                   ? std::string()
                   : "it is no message of format esmond: metadata or data are missing";
    }

    std::size_t count(std::span<const Item> /*waiting*/) override { return 1; }

    HttpRequest ask(std::span<const Item> batch) override {
        const Item& item = batch.front();
        if (progress_.ticket != item.ticket) {
            progress_ = {};
            progress_.ticket = item.ticket;
        }
        const auto body = read_esmond_body(item.message->body); // there is one: see objection()
        progress_.metadata = body->metadata;
        const auto key = keys_.find(body->metadata);
        HttpRequest request;
        request.headers = {"Content-Type: application/json", "Accept: application/json"};
        if (key == keys_.end()) {
            progress_.step = Step::registering;
            request.method = "POST";
            request.url = url_;
            request.body = body->metadata;
            return request;
        }
        request.method = "PUT";
        request.url = fmt::format("{}{}/", url_, key->second);
        progress_.points = body->points.size();
        if (progress_.step == Step::registering)
            progress_.step = progress_.points > 1 ? Step::all_points : Step::single_points;
        request.body = progress_.step == Step::all_points
                           ? fmt::format(R"({{"data":{}}})", body->data)
                           : fmt::format(R"({{"data":[{}]}})", body->points[progress_.point].text);
        return request;
    }

    Outcome hear(std::span<const Item> batch, const HttpAnswer& answer) override {
        if (answer.status == not_allowed) {
            return lost(ErrorKind::configuration,
                        answer.text() + "; nothing can be written there (elmond, for one, only answers)");
        }
        switch (progress_.step) {
        case Step::registering:
            return hear_of_key(answer);
        case Step::all_points:
            return hear_of_all(batch, answer);
        case Step::single_points:
            return hear_of_one(batch, answer);
        }
        return outcome_of(answer);
    }

    void forget() override {
        keys_.clear();
        progress_ = {};
    }

  private:
    enum class Step { registering, all_points, single_points };
    /// With the message that is being written.
    struct Progress {
        std::uint64_t ticket = 0;
        std::string_view metadata;
        Step step = Step::registering;
        bool is_registered_anew = false;
        std::size_t points = 0; ///< that it has
        std::size_t point = 0;  ///< the next one, of single points
        std::size_t refused = 0;
        std::string why_refused; ///< the first of them
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    Outcome hear_of_key(const HttpAnswer& answer) {
        if (!answer.is_success()) return outcome_of(answer);
        auto key = key_of(answer.body);
        if (key.empty()) return lost(ErrorKind::protocol, "answers without a metadata-key: " + answer.text());
        if (keys_.size() >= most_keys) keys_.clear();
        keys_.insert_or_assign(std::string(progress_.metadata), std::move(key));
        return unfinished();
    }

    Outcome hear_of_all(std::span<const Item> batch, const HttpAnswer& answer) {
        if (answer.is_success()) return settled(batch, Verdict::Kind::delivered);
        if (answer.status == not_found) return register_anew(answer);
        if (answer.status != there_already && answer.status != bad_request) return outcome_of(answer);
        progress_.step = Step::single_points;
        return unfinished();
    }

    Outcome hear_of_one(std::span<const Item> batch, const HttpAnswer& answer) {
        if (answer.status == not_found) return register_anew(answer);
        if (answer.status == bad_request) {
            if (progress_.refused++ == 0) progress_.why_refused = answer.text();
        } else if (!answer.is_success() && answer.status != there_already) {
            return outcome_of(answer);
        }
        if (++progress_.point < progress_.points) return unfinished();
        if (progress_.refused == 0) return settled(batch, Verdict::Kind::delivered);
        return settled(batch, Verdict::Kind::refused,
                       fmt::format("{} of its {} points: {}", progress_.refused, progress_.points,
                                   progress_.why_refused));
    }

    /// It has forgotten the key: another database, perhaps.
    Outcome register_anew(const HttpAnswer& answer) {
        if (std::exchange(progress_.is_registered_anew, true)) return outcome_of(answer);
        keys_.erase(std::string(progress_.metadata));
        progress_.step = Step::registering;
        progress_.point = 0;
        progress_.refused = 0;
        return unfinished();
    }

    static Outcome unfinished() {
        Outcome outcome;
        outcome.kind = Outcome::Kind::unfinished;
        return outcome;
    }

    const std::string url_;
    std::unordered_map<std::string, std::string, Hash, std::equal_to<>>
        keys_; ///< by the text of the metadata
    Progress progress_;
};

} // namespace

std::unique_ptr<HttpDialect> make_esmond_dialect(const std::string& url) {
    return std::make_unique<EsmondDialect>(url);
}

} // namespace meshprobe
