#include "ctl/refresh/limit_lists.hpp"

#include "ctl/printable.hpp"
#include "lib/clock.hpp"
#include "lib/http/session.hpp"
#include "lib/jq/jq.hpp"
#include "lib/limit_list.hpp"
#include "probe/limit/pscheduler/document.hpp"
#include "probe/limit/pscheduler/source.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

namespace meshprobe {

namespace {

using pscheduler::ListSource;

Result<std::string> fetch(const Paths& paths, const ListSource& source, const std::function<bool()>& stop) {
    HttpSession::Settings settings;
    settings.connection.bind_address = source.bind;
    settings.credential_user = "mesh";
    settings.user_agent = "meshprobe/" MESHPROBE_VERSION;
    settings.max_in_flight = 1;
    auto session = HttpSession::create(paths, std::move(settings));
    if (!session) return fail(session.error());
    std::string body;
    Status status;
    HttpRequest request;
    request.url = source.url;
    request.max_bytes = largest_limit_list;
    request.total = std::chrono::minutes(1);
    request.on_body = [&body](std::string_view part) -> Status {
        body.append(part);
        return {};
    };
    session->start(std::move(request), [&](const Result<HttpResponse>& response) {
        if (!response) {
            status = fail(response.error());
        } else if (response->status < 200 || response->status > 299) {
            status = fail(ErrorKind::refused,
                          fmt::format("{}: the server answers {}", source.url, response->status));
        }
    });
    if (auto ran = session->run(stop); !ran) return fail(ran.error());
    if (!status) return fail(status.error());
    return body;
}

/// All results of the transform, strings as they are, a line each.
Result<std::string> transform(const ListSource& source, std::string body) {
    if (!source.transform) return body;
    JqOptions options;
    options.arguments = source.transform->arguments;
    options.time = std::chrono::seconds(10);
    auto program = JqProgram::compile(source.transform->program, std::move(options));
    if (!program) return fail(program.error().in("transform of " + source.url));
    const auto results = program->run(body);
    if (!results) return fail(results.error().in("transform of " + source.url));
    std::string text;
    for (const auto& result : *results) {
        const auto value = nlohmann::json::parse(result, nullptr, false);
        text += (value.is_string() ? value.get<std::string>() : result) + "\n";
    }
    return text;
}

class Lists {
  public:
    Lists(const Paths& paths, const Journal& journal, const std::function<bool()>& stop)
        : paths_(paths), journal_(journal), stop_(stop) {}

    Status refresh(const Limit& limit) {
        auto text = pscheduler::read_written_text(limit);
        if (!text) return {}; // the probes say so, each run
        if (const auto url = pscheduler::document_url(*text)) {
            if (auto kept = keep(*url); !kept) return kept;
            text = pscheduler::read_document_text(paths_, limit);
            if (!text) return {};
        }
        const auto document = pscheduler::parse_limit_document(*text);
        if (!document) return {};
        for (const auto* list : document->lists()) {
            if (auto kept = keep(*list); !kept) return kept;
        }
        return {};
    }

    Status tidy() { return tidy_limit_lists(paths_, {seen_.begin(), seen_.end()}); }

  private:
    Status keep(const ListSource& source) {
        const auto key = source.key();
        if (!seen_.insert(key).second || (stop_ && stop_())) return {};
        auto last = read_limit_list(paths_, key);
        if (!last) return fail(last.error());
        LimitList list = last->value_or(LimitList{});
        const auto now = now_usec();
        const auto wait = list.error.empty() ? source.update : source.retry;
        // A clock that was set back must not keep a list for ever.
        const bool is_fresh =
            list.tried_usec > 0 && list.tried_usec <= now &&
            now - list.tried_usec < std::min<Microseconds>(wait, std::chrono::days(30)).count();
        if (is_fresh) return {};
        list.key = key;
        list.tried_usec = now;
        auto body = fetch(paths_, source, stop_);
        auto text = body ? transform(source, std::move(*body)) : body;
        const std::string error_before = std::exchange(list.error, text ? "" : text.error().message);
        if (text) {
            list.text = std::move(*text);
            list.fetched_usec = now;
        }
        if (list.error != error_before || !*last) report(source, list);
        return write_limit_list(paths_, list);
    }

    void report(const ListSource& source, const LimitList& list) const {
        if (list.error.empty()) {
            journal_.log(Priority::notice, fmt::format("limit list {}: fetched, {} bytes",
                                                       one_line(source.url), list.text->size()));
            return;
        }
        journal_.log(
            Priority::warning,
            fmt::format("limit list {}: {}; {}", one_line(source.url), one_line(list.error),
                        list.text ? "its last good copy stays in force" : "there is no copy of it yet"));
    }

    const Paths& paths_;
    const Journal& journal_;
    const std::function<bool()>& stop_;
    std::set<std::string> seen_;
};

} // namespace

Status refresh_limit_lists(const Paths& paths, const Config& config, const Journal& journal,
                           const std::function<bool()>& stop) {
    Lists lists(paths, journal, stop);
    for (const auto& [name, limit] : config.limits) {
        if (limit.type != "pscheduler") continue;
        if (auto refreshed = lists.refresh(limit); !refreshed) return refreshed;
    }
    return lists.tidy();
}

} // namespace meshprobe
