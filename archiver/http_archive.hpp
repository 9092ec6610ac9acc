// Archives over HTTP: one connection, one request at a time, so that what is of one series arrives in its
// order. What such a request says and what its answer means is the matter of an HttpDialect.
//
// A request with several messages that is refused is halved until the one to blame stands alone. Whether it
// is that message or something that would be said to any (403 for a wrong path, 400 for want of a client
// certificate …) shows by what becomes of others: as long as none is taken, all wait. Where a status is about
// content, one that was taken at any time is enough; of other statuses one that was taken since the same
// message met with it before.
#pragma once

#include "archiver/archive_type.hpp"
#include "archiver/http_dialect.hpp"
#include "lib/http/identity.hpp"
#include "lib/http/session.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace meshprobe {

class HttpArchive final : public ArchiveType {
  public:
    HttpArchive(const ArchiveContext& context, HttpSession session, HttpIdentity identity,
                std::unique_ptr<HttpDialect> dialect);

    [[nodiscard]] Status connect() override;
    void disconnect() override;
    [[nodiscard]] Status send(std::span<const Item> batch) override;
    [[nodiscard]] Result<std::vector<Verdict>> settle() override;
    [[nodiscard]] int descriptor() const override { return descriptor_; }
    [[nodiscard]] Microseconds service_interval() const override;
    [[nodiscard]] Window window() const override;
    [[nodiscard]] std::string held_up() const override;
    [[nodiscard]] std::string place() const override { return place_; }

  private:
    using Clock = std::chrono::steady_clock;
    using Batch = std::vector<Item>;

    [[nodiscard]] bool ask(); ///< whether a request was begun
    void hear(const Result<HttpResponse>& response);
    void heed(Outcome outcome, const HttpAnswer& answer);
    void settle_first(Verdict::Kind kind, const std::string& reason);
    void take(std::vector<Verdict> verdicts);
    void halve();
    void doubt(const Outcome& outcome);
    void wait(const std::string& why, Microseconds time);

    const Archive& archive_;
    Reporter& reporter_;
    HttpSession session_;
    const HttpIdentity identity_;
    const std::unique_ptr<HttpDialect> dialect_;
    const std::string place_;
    const int descriptor_;

    std::deque<Batch> batches_; ///< the first one is asked about, or is next
    Batch waiting_;             ///< behind those, not yet cut into batches
    bool is_asking_ = false;
    std::string answer_; ///< the body as far as it is there
    std::vector<Verdict> verdicts_;
    std::optional<Error> error_;

    std::uint64_t deliveries_ = 0; ///< answers with which messages were taken
    /// By message id: how many deliveries there had been when it was first unclear whether it is to blame.
    std::unordered_map<std::string, std::uint64_t> suspects_;

    Clock::time_point resume_at_{}; ///< the other side asked not to be asked before
    std::string why_waiting_;
    std::uint64_t logins_ = 0; ///< connections that were reported
};

} // namespace meshprobe
