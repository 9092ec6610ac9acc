// Limit url-fetch: somebody else decides, over http(s).
#include "lib/config/suggest.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/percent_encoding.hpp"
#include "probe/limit/pscheduler/limit_type.hpp"

#include <fmt/core.h>

namespace meshprobe::pscheduler {

namespace {

using nlohmann::json;

/// Where transforms find the hints.
constexpr std::string_view prelude = "def hint($name): .\"#hints\"[$name]; ";

struct Settings {
    Fetch fetch;
    json headers = json::object();
    json params = json::object();
    std::optional<Script> url_transform;
    std::optional<Script> headers_transform;
    std::optional<Script> params_transform;
    bool success_only = false;
    std::optional<bool> fail_result;
};

std::string text_of(const json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

class UrlFetch final : public TaskLimit {
  public:
    explicit UrlFetch(Settings settings) : settings_(std::move(settings)) {}

    bool depends_on_run() const override {
        const auto asks = [](const std::optional<Script>& script) {
            return script && script->mentions("run_schedule");
        };
        return asks(settings_.url_transform) || asks(settings_.headers_transform) ||
               asks(settings_.params_transform);
    }

    Result<Outcome> judge(const Proposal& proposal, const World& world) const override {
        auto fetch = request(proposal, world);
        if (!fetch && is_fault(fetch.error())) return fail(fetch.error());
        if (!fetch) return failed(fetch.error().message);
        const auto answer =
            world.fetch ? world.fetch(*fetch) : Result<Fetched>(fail(ErrorKind::interrupted, "no network"));
        if (!answer && is_fault(answer.error())) return fail(answer.error());
        if (!answer) return failed(answer.error().message);
        if (settings_.success_only && answer->status == 200) return Outcome::pass();
        if (settings_.success_only && answer->status == 404) return Outcome::failure("Resource not found");
        if (answer->status != 200) return failed(fmt::format("{} answers {}", fetch->url, answer->status));
        return read(answer->body);
    }

  private:
    /// Where the data do not say what comes of it, it is no answer.
    [[nodiscard]] Outcome failed(std::string reason) const {
        if (!settings_.fail_result) return Outcome::unanswered(std::move(reason));
        return {*settings_.fail_result, std::move(reason)};
    }

    [[nodiscard]] Outcome read(const std::string& body) const {
        const auto verdict = parse_json_text(body);
        if (!verdict) return failed("The answer is " + verdict.error().message);
        if (!verdict->is_object()) return Outcome::unanswered("The answer is no object");
        const auto* passed = find_member(*verdict, "passed");
        if (passed == nullptr || !passed->is_boolean())
            return failed("The answer does not say whether it passed");
        const auto* message = find_member(*verdict, "message");
        return {passed->get<bool>(), message == nullptr ? "No reason given" : text_of(*message)};
    }

    [[nodiscard]] Result<Fetch> request(const Proposal& proposal, const World& world) const {
        Fetch fetch = settings_.fetch;
        if (settings_.url_transform) {
            const auto url = transformed(*settings_.url_transform, "url", fetch.url, proposal, world);
            if (!url) return fail(url.error().in("url-transform"));
            if (!url->is_string()) return fail(ErrorKind::protocol, "url-transform: the result is no string");
            fetch.url = url->get<std::string>();
        }
        const auto headers =
            members(settings_.headers_transform, "headers", settings_.headers, proposal, world);
        if (!headers) return fail(headers.error().in("headers-transform"));
        for (const auto& header : headers->items()) {
            std::string line = header.key() + ": " + text_of(header.value());
            if (line.find_first_of("\r\n") != std::string::npos)
                return fail(ErrorKind::protocol, "a header with a line break in it");
            fetch.headers.push_back(std::move(line));
        }
        const auto params = members(settings_.params_transform, "params", settings_.params, proposal, world);
        if (!params) return fail(params.error().in("params-transform"));
        for (const auto& param : params->items()) {
            fetch.url += fetch.url.find('?') == std::string::npos ? '?' : '&';
            fetch.url += percent_encode(param.key()) + "=" + percent_encode(text_of(param.value()));
        }
        return fetch;
    }

    /// What is given counts with or without a transform.
    static Result<json> members(const std::optional<Script>& script, const char* name, const json& given,
                                const Proposal& proposal, const World& world) {
        if (!script) return given;
        auto result = transformed(*script, name, given, proposal, world);
        if (!result) return result;
        const auto* changed = find_member(*result, name);
        if (changed == nullptr || !changed->is_object())
            return fail(ErrorKind::protocol,
                        fmt::format("the result is no object with the object \"{}\" in it", name));
        return *changed;
    }

    static Result<json> transformed(const Script& script, const char* name, const json& value,
                                    const Proposal& proposal, const World& world) {
        auto result =
            script.first_result(world, {{name, value}, {"run", proposal.task}, {"#hints", proposal.hints}});
        if (!result) return fail(result.error());
        if (!*result) return fail(ErrorKind::protocol, "no result");
        return **result;
    }

    Settings settings_;
};

void read_object(DataReader& data, std::string_view name, json& value) {
    const json* found = data.any(name);
    if (found == nullptr) return;
    if (found->is_object()) {
        value = *found;
    } else {
        data.problem(name, "expected an object of names and values");
    }
}

} // namespace

std::unique_ptr<TaskLimit> make_url_fetch(DataReader& data) {
    Settings settings;
    data.text("bind", settings.fetch.bind, Need::optional);
    data.flag("verify-keys", settings.fetch.verify);
    data.flag("follow-redirects", settings.fetch.follow);
    data.duration("timeout", settings.fetch.timeout, Need::optional);
    read_object(data, "headers", settings.headers);
    read_object(data, "params", settings.params);
    data.script("url-transform", settings.url_transform, Need::optional, prelude);
    if (settings.url_transform) { // which may make one of anything
        data.text("url", settings.fetch.url, Need::required);
    } else {
        data.url("url", settings.fetch.url, Need::required);
    }
    data.script("headers-transform", settings.headers_transform, Need::optional, prelude);
    data.script("params-transform", settings.params_transform, Need::optional, prelude);
    data.flag("success-only", settings.success_only);
    bool fail_result = false;
    if (data.flag("fail-result", fail_result)) settings.fail_result = fail_result;
    return std::make_unique<UrlFetch>(std::move(settings));
}

} // namespace meshprobe::pscheduler
