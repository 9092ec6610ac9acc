#include "archiver/http_archive.hpp"

#include "archiver/reporter.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::size_t most_bytes = 8U << 20;     ///< of messages in one request
constexpr std::size_t kept_of_answer = 4U << 20; ///< of its body; all of it is read
constexpr std::size_t most_suspects = 10'000;
constexpr Microseconds longest_wait = std::chrono::hours(1);
constexpr Microseconds longest_transfer = std::chrono::minutes(5);

/// What stands behind a '?' is nobody's business: keys are put there, too.
std::string without_query(const std::string& url) {
    return url.substr(0, url.find('?'));
}

} // namespace

HttpArchive::HttpArchive(const ArchiveContext& context, HttpSession session, HttpIdentity identity,
                         std::unique_ptr<HttpDialect> dialect)
    : archive_(context.archive), reporter_(context.reporter), session_(std::move(session)),
      identity_(std::move(identity)), dialect_(std::move(dialect)), place_(without_query(identity_.url)),
      descriptor_(session_.descriptor()) {}

// HTTP has no greeting: whether anybody is there is found out with the first request.
Status HttpArchive::connect() {
    disconnect();
    return {};
}

void HttpArchive::disconnect() {
    session_.drop();
    dialect_->forget();
    batches_.clear();
    waiting_.clear();
    verdicts_.clear();
    error_.reset();
    is_asking_ = false;
}

Status HttpArchive::send(std::span<const Item> batch) {
    for (const Item& item : batch) {
        auto objection = dialect_->objection(item);
        if (objection.empty()) {
            waiting_.push_back(item);
        } else {
            verdicts_.push_back({item.ticket, Verdict::Kind::refused, std::move(objection)});
        }
    }
    return {}; // settle() follows
}

Result<std::vector<Verdict>> HttpArchive::settle() {
    do {
        if (auto stepped = session_.step(); !stepped) return fail(stepped.error().in(place_));
    } while (ask());
    for (; logins_ < session_.connections(); ++logins_)
        reporter_.logged_in();
    // What is settled already stays so: the error is for the next call, which service_interval() makes soon.
    if (error_ && verdicts_.empty()) return fail(*std::exchange(error_, std::nullopt));
    return std::exchange(verdicts_, {});
}

Microseconds HttpArchive::service_interval() const {
    if (error_) return Microseconds(0);
    const auto left = std::chrono::ceil<Microseconds>(resume_at_ - Clock::now());
    return left.count() > 0 ? left : ArchiveType::service_interval();
}

Window HttpArchive::window() const {
    return {archive_.http.batch, most_bytes};
}

std::string HttpArchive::held_up() const {
    return Clock::now() < resume_at_ ? why_waiting_ : std::string();
}

bool HttpArchive::ask() {
    if (is_asking_ || error_ || Clock::now() < resume_at_) return false;
    if (batches_.empty() && !waiting_.empty()) {
        const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(dialect_->count(waiting_));
        batches_.emplace_back(waiting_.begin(), end);
        waiting_.erase(waiting_.begin(), end);
    }
    if (batches_.empty()) return false;
    HttpRequest request = dialect_->ask(batches_.front());
    identity_.apply(request);
    request.headers.emplace_back("Expect:"); // one round trip less; few servers answer it
    request.writes = true;
    request.total = std::max(longest_transfer, archive_.http.timeout);
    request.on_body = [this](std::string_view part) -> Status {
        answer_ += part.substr(0, kept_of_answer - std::min(kept_of_answer, answer_.size()));
        return {};
    };
    answer_.clear();
    is_asking_ = true;
    session_.start(std::move(request), [this](const Result<HttpResponse>& response) { hear(response); });
    return true;
}

void HttpArchive::hear(const Result<HttpResponse>& response) {
    is_asking_ = false;
    if (!response) {
        error_ = response.error();
        return;
    }
    HttpAnswer answer{response->status, {}, response->retry_after};
    answer.body = answer.is_success() ? std::move(answer_) : response->error_body;
    heed(dialect_->hear(batches_.front(), answer), answer);
}

void HttpArchive::heed(Outcome outcome, const HttpAnswer& answer) {
    switch (outcome.kind) {
    case Outcome::Kind::settled:
        batches_.pop_front();
        return take(std::move(outcome.verdicts));
    case Outcome::Kind::unfinished:
        return;
    case Outcome::Kind::refused:
        // Of one that takes nothing at all it is not clear either what it does not like.
        if (batches_.front().size() > 1 || deliveries_ == 0) return doubt(outcome);
        return settle_first(Verdict::Kind::refused, outcome.error.message);
    case Outcome::Kind::unclear:
        return doubt(outcome);
    case Outcome::Kind::lost:
        if (answer.retry_after) return wait(outcome.error.message, *answer.retry_after);
        error_ = outcome.error.in(place_);
        return;
    }
}

/// The first batch is one message.
void HttpArchive::settle_first(Verdict::Kind kind, const std::string& reason) {
    const Item item = batches_.front().front();
    batches_.pop_front();
    suspects_.erase(std::string(item.message->id));
    verdicts_.push_back({item.ticket, kind, reason});
}

void HttpArchive::take(std::vector<Verdict> verdicts) {
    const bool any = std::ranges::any_of(
        verdicts, [](const Verdict& verdict) { return verdict.kind == Verdict::Kind::delivered; });
    if (any) {
        ++deliveries_;
        why_waiting_.clear();
    }
    std::ranges::move(verdicts, std::back_inserter(verdicts_));
}

void HttpArchive::halve() {
    const Batch batch = std::move(batches_.front());
    batches_.pop_front();
    const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
    batches_.emplace_front(middle, batch.end());
    batches_.emplace_front(batch.begin(), middle);
}

void HttpArchive::doubt(const Outcome& outcome) {
    if (batches_.front().size() > 1) return halve();
    if (suspects_.size() >= most_suspects) suspects_.clear();
    const std::string id(batches_.front().front().message->id);
    const auto [suspect, is_new] = suspects_.try_emplace(id, deliveries_);
    if (!is_new && suspect->second < deliveries_) return settle_first(outcome.blame, outcome.error.message);
    for (const Batch& batch : batches_)
        waiting_.insert(waiting_.end(), batch.begin(), batch.end());
    batches_.clear();
    for (const Item& item : waiting_)
        verdicts_.push_back(
            {item.ticket, Verdict::Kind::busy, fmt::format("{}: {}", place_, outcome.error.message)});
    waiting_.clear();
}

void HttpArchive::wait(const std::string& why, Microseconds time) {
    resume_at_ = Clock::now() + std::clamp<Microseconds>(time, std::chrono::seconds(1), longest_wait);
    if (std::exchange(why_waiting_, why) != why) reporter_.held_up(fmt::format("{}: {}", place_, why));
}

namespace {

Result<std::unique_ptr<ArchiveType>> make_over_http(const ArchiveContext& context, HttpIdentity identity,
                                                    std::unique_ptr<HttpDialect> dialect) {
    HttpSession::Settings settings{.connection = context.archive.connection,
                                   .credential_user = "archive",
                                   .user_agent = "meshprobe/" MESHPROBE_VERSION,
                                   .max_in_flight = 1,
                                   .inactivity = context.archive.http.timeout,
                                   .decide_key = {}};
    settings.connection.http_fallback = false; // what was not to be read on the way stays so
    auto session = HttpSession::create(context.paths, std::move(settings));
    if (!session) return fail(session.error().in("archives." + context.archive.name));
    return std::make_unique<HttpArchive>(context, std::move(*session), std::move(identity),
                                         std::move(dialect));
}

} // namespace

Result<std::unique_ptr<ArchiveType>> make_http(const ArchiveContext& context) {
    auto identity = identity_of(context.paths, context.archive);
    if (!identity) return fail(identity.error());
    auto dialect = make_messages_dialect(context.archive, identity->url);
    return make_over_http(context, std::move(*identity), std::move(dialect));
}

Result<std::unique_ptr<ArchiveType>> make_opensearch(const ArchiveContext& context) {
    auto identity = identity_of(context.paths, context.archive);
    if (!identity) return fail(identity.error());
    auto dialect = make_bulk_dialect(context.archive, identity->url);
    return make_over_http(context, std::move(*identity), std::move(dialect));
}

Result<std::unique_ptr<ArchiveType>> make_esmond(const ArchiveContext& context) {
    auto identity = identity_of(context.paths, context.archive);
    if (!identity) return fail(identity.error());
    auto dialect = make_esmond_dialect(identity->url);
    return make_over_http(context, std::move(*identity), std::move(dialect));
}

} // namespace meshprobe
