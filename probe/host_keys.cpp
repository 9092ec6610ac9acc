#include "probe/host_keys.hpp"

#include <fmt/core.h>

#include <chrono>

namespace meshprobe {

Result<HostKeys> HostKeys::read(const Paths& paths, const std::string& host) {
    TrustStore store(paths);
    auto remembered = store.read(host);
    if (!remembered) return fail(remembered.error());
    return HostKeys(std::move(store), host, std::move(*remembered));
}

KeyDecision HostKeys::decision() {
    return [this](const ShownKey& key) {
        auto known = remembered_;
        // The first one of a host that nobody knows is from then on the one to show.
        if (first_) known.emplace().pin = first_->pin;
        const auto decision = decide(known, key.pin, key.verified);
        if (decision == TrustDecision::accept_and_remember)
            first_ = Met{std::string(key.pin), key.verified, decision};
        // A key that was turned away is what has to be told, whatever other connections of the run saw.
        const bool is_first = first_ && first_->pin == key.pin;
        if (!was_rejected()) met_ = is_first ? *first_ : Met{std::string(key.pin), key.verified, decision};
        return is_accepted(decision);
    };
}

Status HostKeys::remember(const Journal& journal) {
    if (first_ && !is_first_written_) {
        if (auto written = write(*first_, journal); !written) return written;
        is_first_written_ = true;
        if (met_->pin == first_->pin) met_ = first_; // another probe may have remembered another key
    }
    if (!met_ || (first_ && met_->pin == first_->pin)) return {};
    if (met_->decision == TrustDecision::accept && remembered_->changed_pin.empty()) return {};
    return write(*met_, journal);
}

Status HostKeys::write(Met& met, const Journal& journal) const {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto decision = store_.remember(host_, met.pin, met.verified,
                                          std::chrono::duration_cast<std::chrono::seconds>(now).count());
    if (!decision) return fail(decision.error());
    met.decision = *decision;
    log(journal, met);
    return {};
}

void HostKeys::log(const Journal& journal, const Met& met) const {
    const auto by = met.verified ? "its certificate verifies" : "its certificate is not signed by a known CA";
    const Fields fields{{"MESHPROBE_PIN", met.pin}};
    switch (met.decision) {
    case TrustDecision::accept:
        return;
    case TrustDecision::accept_and_remember:
        journal.log(Priority::notice, message::trust_first_use,
                    fmt::format("{}: first contact, its key {} is remembered ({})", host_, met.pin, by),
                    fields);
        return;
    case TrustDecision::accept_changed_verified:
        journal.log(
            Priority::notice, message::trust_first_use,
            fmt::format("{}: its key changed and {}: the new one, {}, is remembered", host_, by, met.pin),
            fields);
        return;
    case TrustDecision::reject:
        if (remembered_ && remembered_->changed_pin == met.pin) return; // told when it was seen first
        journal.log(
            Priority::warning, message::trust_changed,
            fmt::format("{}: its key is not the remembered one and {}: nothing is collected until somebody "
                        "has checked it and run \"meshprobectl trust {} --accept\" (remembered {}, now {})",
                        host_, by, host_, remembered_ ? remembered_->pin : "none", met.pin),
            fields);
        return;
    }
}

} // namespace meshprobe
