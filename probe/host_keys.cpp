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
        const auto decision = decide(remembered_, key.pin, key.verified);
        // A key that was turned away is what has to be told, whatever other connections of the run saw.
        if (!was_rejected()) met_ = Met{std::string(key.pin), key.verified, decision};
        return is_accepted(decision);
    };
}

Status HostKeys::remember(const Journal& journal) {
    if (!met_ || (met_->decision == TrustDecision::accept && remembered_->changed_pin.empty())) return {};
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto decision = store_.remember(host_, met_->pin, met_->verified,
                                          std::chrono::duration_cast<std::chrono::seconds>(now).count());
    if (!decision) return fail(decision.error());
    met_->decision = *decision;
    log(journal, *decision);
    return {};
}

void HostKeys::log(const Journal& journal, TrustDecision decision) const {
    const auto by =
        met_->verified ? "its certificate verifies" : "its certificate is not signed by a known CA";
    const Fields fields{{"MESHPROBE_PIN", met_->pin}};
    switch (decision) {
    case TrustDecision::accept:
        return;
    case TrustDecision::accept_and_remember:
        journal.log(Priority::notice, message::trust_first_use,
                    fmt::format("{}: first contact, its key {} is remembered ({})", host_, met_->pin, by),
                    fields);
        return;
    case TrustDecision::accept_changed_verified:
        journal.log(
            Priority::notice, message::trust_first_use,
            fmt::format("{}: its key changed and {}: the new one, {}, is remembered", host_, by, met_->pin),
            fields);
        return;
    case TrustDecision::reject:
        if (remembered_ && remembered_->changed_pin == met_->pin) return; // told when it was seen first
        journal.log(
            Priority::warning, message::trust_changed,
            fmt::format("{}: its key is not the remembered one and {}: nothing is collected until somebody "
                        "has checked it and run \"meshprobectl trust {} --accept\" (remembered {}, now {})",
                        host_, by, host_, remembered_ ? remembered_->pin : "none", met_->pin),
            fields);
        return;
    }
}

} // namespace meshprobe
