// The keys a host shows during one run, judged against what is remembered of it, and written down afterwards.
#pragma once

#include "lib/http/session.hpp"
#include "lib/journal.hpp"
#include "lib/trust.hpp"

#include <memory>
#include <optional>
#include <string>

namespace meshprobe {

class HostKeys {
  public:
    [[nodiscard]] static Result<HostKeys> read(const Paths& paths, const std::string& host);

    /// For HttpSession::Settings; this object must outlive the session.
    [[nodiscard]] KeyDecision decision();

    /// Writes down the first key of a host that nobody knew, and then the one that was met last, and logs
    /// what is news about them. Nothing new, no write.
    [[nodiscard]] Status remember(const Journal& journal);

    [[nodiscard]] bool was_rejected() const { return met_ && !is_accepted(met_->decision); }

  private:
    struct Met {
        std::string pin;
        bool verified = false;
        TrustDecision decision = TrustDecision::reject;
    };

    HostKeys(TrustStore store, std::string host, std::optional<TrustRecord> remembered)
        : store_(std::move(store)), host_(std::move(host)), remembered_(std::move(remembered)) {}
    [[nodiscard]] Status write(Met& met, const Journal& journal) const;
    void log(const Journal& journal, const Met& met) const;

    TrustStore store_;
    std::string host_;
    std::optional<TrustRecord> remembered_;
    std::optional<Met> first_; ///< of a host that nobody knew, in this run
    bool is_first_written_ = false;
    std::optional<Met> met_;
};

} // namespace meshprobe
