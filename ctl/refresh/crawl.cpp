#include "ctl/refresh/crawl.hpp"

#include "ctl/refresh/candidates.hpp"
#include "lib/file.hpp"
#include "lib/http/session.hpp"
#include "lib/mesh/location.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace meshprobe {

namespace {

using Clock = std::chrono::steady_clock;

bool is_header_text(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char byte) { return byte >= 0x20 && byte < 0x7f; });
}

class Crawler {
  public:
    Crawler(const Paths& paths, const Mesh& mesh, const MeshCopy& last, const CrawlBounds& bounds,
            const std::function<bool()>& stop)
        : paths_(paths), mesh_(mesh), last_(last), bounds_(bounds), stop_(stop),
          deadline_(Clock::now() + bounds.time) {}

    Crawl run() {
        const auto begin = Clock::now();
        auto own = split_login(mesh_.url);
        const auto root = own ? normal_location(mesh_.url.empty() ? mesh_.file : own->url)
                              : Result<std::string>(fail(own.error()));
        if (!root) {
            crawl_.failure = Error{ErrorKind::configuration, root.error().message};
            return std::move(crawl_);
        }
        own_ = std::move(*own);
        crawl_.root = *root;
        visit({*root, DocumentRole::whole, 0, {}, {}, 0, nullptr, {}});
        if (session_) {
            // What ends early ends each transfer with its own error; there is nothing to add.
            const auto ended = session_->run([this] { return is_over(); });
            if (!ended && ended.error().kind != ErrorKind::interrupted && !crawl_.failure)
                crawl_.failure = ended.error();
            crawl_.requests = session_->requests();
            crawl_.bytes = session_->bytes();
        }
        if (stop_ && stop_()) crawl_.failure = Error{ErrorKind::interrupted, "the refresh was interrupted"};
        std::ranges::sort(crawl_.failures);
        std::ranges::sort(crawl_.refusals);
        crawl_.duration = std::chrono::duration_cast<Microseconds>(Clock::now() - begin);
        return std::move(crawl_);
    }

  private:
    /// One document on its way here.
    struct Visit {
        std::string location;
        DocumentRole role = DocumentRole::whole;
        std::size_t depth = 0;
        Includer includer;
        std::vector<std::string> urls; ///< what can be tried
        std::size_t next = 0;          ///< index in `urls`
        std::shared_ptr<std::string> body;
        std::optional<Error> refusal; ///< of a candidate that did answer: it tells more than one that did not
    };

    [[nodiscard]] bool is_over() const { return Clock::now() >= deadline_ || (stop_ && stop_()); }

    [[nodiscard]] const CopiedDocument* copy_of(const std::string& location) const {
        const auto copy = last_.find(location);
        return copy == last_.end() ? nullptr : &copy->second;
    }

    void visit(Visit visit) {
        if (seen_.size() >= bounds_.documents) {
            if (std::exchange(has_too_many_, true)) return;
            return skip(visit, fmt::format("the mesh has more than {} documents", bounds_.documents));
        }
        const auto [seen, is_new] = seen_.try_emplace(visit.location, visit.role);
        if (!is_new) return visit_again(visit, seen->second); // included twice, or a loop
        if (visit.depth > bounds_.depth)
            return skip(visit, fmt::format("included more than {} deep", bounds_.depth));
        if (!is_url(visit.location)) return read(visit);
        const CopiedDocument* copy = copy_of(visit.location);
        visit.urls = candidate_urls(visit.location, visit.includer, copy == nullptr ? "" : copy->url);
        fetch(std::move(visit));
    }

    /// A part of a template includes nothing, unless the mesh names it elsewhere as a document of its own.
    void visit_again(const Visit& visit, DocumentRole& role) {
        if (role != DocumentRole::template_part || visit.role == role) return;
        role = visit.role;
        const auto taken = crawl_.documents.find(visit.location);
        if (taken == crawl_.documents.end()) return; // take() will see its role
        const auto outline = outline_mesh_document(taken->second.text, visit.location, role);
        if (!outline) return skip(visit, outline.error().message);
        follow(visit, *outline);
    }

    void read(const Visit& visit) {
        const auto text = read_file(visit.location, bounds_.document_bytes);
        if (!text) return give_up(visit, text.error());
        if (auto taken = take(visit, {*text, {}, {}, {}}); !taken) give_up(visit, taken.error());
    }

    void fetch(Visit visit) {
        if (!session_) {
            auto session = HttpSession::create(paths_, {.connection = mesh_.connection,
                                                        .credential_user = "mesh",
                                                        .user_agent = "meshprobe/" MESHPROBE_VERSION,
                                                        .max_in_flight = bounds_.in_flight,
                                                        .decide_key = {}});
            if (!session) return give_up(visit, session.error());
            session_ = std::make_unique<HttpSession>(std::move(*session));
        }
        visit.body = std::make_shared<std::string>();
        HttpRequest request;
        request.url = visit.urls.at(visit.next);
        request.headers = {"Accept: application/json, */*;q=0.5"};
        if (own_.is_for(request.url)) request.login = own_.login;
        const CopiedDocument* copy = copy_of(visit.location);
        if (copy != nullptr && copy->url == request.url) {
            if (is_header_text(copy->etag)) request.headers.push_back("If-None-Match: " + copy->etag);
            if (is_header_text(copy->last_modified))
                request.headers.push_back("If-Modified-Since: " + copy->last_modified);
        }
        request.max_bytes = bounds_.document_bytes;
        request.total = std::min<Microseconds>(bounds_.time, std::chrono::minutes(1));
        request.on_body = [this, body = visit.body](std::string_view part) -> Status {
            body->append(part);
            bytes_ += part.size();
            if (bytes_ <= bounds_.bytes) return {};
            return fail(ErrorKind::protocol,
                        fmt::format("the documents of the mesh are larger than {} together",
                                    format_size(bounds_.bytes)));
        };
        session_->start(std::move(request),
                        [this, visit = std::move(visit)](const Result<HttpResponse>& response) {
                            finish(visit, response);
                        });
    }

    void finish(const Visit& visit, const Result<HttpResponse>& response) {
        auto taken = response ? judge(visit, *response) : Status(fail(response.error()));
        if (taken) return;
        const std::string& url = visit.urls.at(visit.next);
        Error error = taken.error(); // the session names the URL itself, after redirects the last one
        if (!error.message.starts_with(url)) error = error.in(url);
        Visit again = visit;
        if (response) {
            again.refusal = error;
        } else if (visit.refusal) {
            error = *visit.refusal;
        }
        again.next = next_candidate(visit, response.has_value());
        if (again.next >= visit.urls.size() || is_over()) {
            return give_up(visit, is_over() && error.kind == ErrorKind::interrupted
                                      ? Error{ErrorKind::unreachable,
                                              fmt::format("{}: not there after {}", visit.urls.at(visit.next),
                                                          format_duration(bounds_.time))}
                                      : error);
        }
        fetch(std::move(again));
    }

    /// A service that does not answer at all is not asked again in other words.
    static std::size_t next_candidate(const Visit& visit, bool answered) {
        std::size_t next = visit.next + 1;
        const auto scheme = [&](std::size_t index) {
            return visit.urls[index].substr(0, visit.urls[index].find(':'));
        };
        while (!answered && next < visit.urls.size() && scheme(next) == scheme(visit.next))
            ++next;
        return next;
    }

    Status judge(const Visit& visit, const HttpResponse& response) {
        const std::string& url = visit.urls.at(visit.next);
        if (response.status == 304) {
            const CopiedDocument* copy = copy_of(visit.location);
            if (copy == nullptr || copy->url != url) {
                return fail(ErrorKind::protocol, "the server says 304 (not modified) without being asked");
            }
            bytes_ += copy->text.size();
            return take(visit, *copy);
        }
        // 206 is a part that nobody asked for: what it lacks would count as vanished.
        if (response.status < 200 || response.status > 299 || response.status == 206) {
            return fail(ErrorKind::refused,
                        fmt::format("the server answers {}{}", response.status,
                                    response.status == 401 || response.status == 403
                                        ? " (a client certificate may be needed: tls.certificate)"
                                        : ""));
        }
        return take(visit, {*visit.body, url, response.etag, response.last_modified});
    }

    /// Only what can be understood replaces the last good copy.
    Status take(const Visit& visit, CopiedDocument document) {
        const auto outline = outline_mesh_document(document.text, visit.location, seen_.at(visit.location));
        if (!outline) return fail(outline.error());
        if (document.url.starts_with("http:")) crawl_.plain_http = true;
        crawl_.documents.insert_or_assign(visit.location, std::move(document));
        follow(visit, *outline);
        return {};
    }

    void follow(const Visit& visit, const MeshOutline& outline) {
        crawl_.refusals.insert(crawl_.refusals.end(), outline.refusals.begin(), outline.refusals.end());
        for (const std::string& include : outline.includes) {
            this->visit({include,
                         outline.include_role,
                         visit.depth + 1,
                         {visit.location, outline.form == MeshForm::include_list},
                         {},
                         0,
                         nullptr,
                         {}});
        }
    }

    void skip(const Visit& visit, std::string reason) {
        crawl_.failures.push_back({visit.location, std::move(reason), false});
    }

    /// The last good copy stands in for a document that cannot be had, and for what it includes.
    void give_up(const Visit& visit, const Error& error) {
        if (visit.location == crawl_.root) {
            crawl_.failure = error;
            return;
        }
        const CopiedDocument* copy = copy_of(visit.location);
        const bool has_copy = copy != nullptr && take(visit, *copy).has_value();
        crawl_.failures.push_back({visit.location, error.message, has_copy});
    }

    const Paths& paths_;
    const Mesh& mesh_;
    const MeshCopy& last_;
    const CrawlBounds& bounds_;
    const std::function<bool()>& stop_;
    Clock::time_point deadline_;
    UrlWithLogin own_;                     ///< the mesh's own URL
    std::unique_ptr<HttpSession> session_; ///< made when a URL is met
    std::map<std::string, DocumentRole> seen_;
    bool has_too_many_ = false;
    std::uint64_t bytes_ = 0; ///< of all texts, those from copies included
    Crawl crawl_;
};

} // namespace

Crawl crawl_mesh(const Paths& paths, const Mesh& mesh, const MeshCopy& last, const CrawlBounds& bounds,
                 const std::function<bool()>& stop) {
    return Crawler(paths, mesh, last, bounds, stop).run();
}

} // namespace meshprobe
