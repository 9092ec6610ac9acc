// The keys of measurement hosts, most of which have self-signed certificates: the key seen first is
// remembered in /var/lib/meshprobe/trust/HOST, another one later is refused unless its certificate verifies,
// until an administrator accepts it. The tasks of one host share what is remembered.
#pragma once

#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meshprobe {

struct TrustRecord {
    std::string pin;                ///< "sha256//BASE64" of the public key
    std::int64_t first_seen = 0;    ///< UNIX time
    bool verified = false;          ///< its certificate verified against CAs and name when it was remembered
    std::string changed_pin;        ///< the key that was refused last; empty: none
    std::int64_t changed_since = 0; ///< when it was first seen

    bool operator==(const TrustRecord&) const = default;
};

enum class TrustDecision {
    accept,                  ///< it is the remembered key
    accept_and_remember,     ///< first use
    accept_changed_verified, ///< another key, but its certificate verifies: a renewal
    reject,                  ///< another key that nothing vouches for
};
[[nodiscard]] constexpr bool is_accepted(TrustDecision decision) {
    return decision != TrustDecision::reject;
}

/// Pure: what to make of a key, given what is remembered.
[[nodiscard]] TrustDecision decide(const std::optional<TrustRecord>& remembered, std::string_view pin,
                                   bool verified);

class TrustStore {
  public:
    explicit TrustStore(const Paths& paths) : directory_(paths.trust()) {}

    /// nullopt: nothing is remembered of `host` (a HostName::text()).
    [[nodiscard]] Result<std::optional<TrustRecord>> read(std::string_view host) const;

    /// Writes down, durably, what decide() means for a key that was met, and returns the decision that is in
    /// force: another probe of the host may have remembered another key in the meantime. Nothing new, no
    /// write.
    [[nodiscard]] Result<TrustDecision> remember(std::string_view host, std::string_view pin, bool verified,
                                                 std::int64_t now) const;

    /// The changed key becomes the remembered one. `usage` error if there is none to accept.
    [[nodiscard]] Result<TrustRecord> accept(std::string_view host, std::int64_t now) const;
    /// The next key seen will be remembered. False: nothing was remembered.
    [[nodiscard]] Result<bool> forget(std::string_view host) const;

    /// All hosts, sorted by name; what cannot be read is left to read().
    [[nodiscard]] Result<std::vector<std::pair<std::string, TrustRecord>>> list() const;

  private:
    [[nodiscard]] Result<std::filesystem::path> file(std::string_view host) const;
    [[nodiscard]] Status write(std::string_view host, const TrustRecord& record) const;

    std::filesystem::path directory_;
};

} // namespace meshprobe
