// By which way connections are made: proxies, addresses instead of a host's, from which address, through
// which interface.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/http/easy.hpp"
#include "lib/paths.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// What kept a transfer's socket from its interface; outlives the transfer.
struct BindFailure {
    const std::string* interface = nullptr;
    std::optional<Error> error;
};

class Route {
  public:
    /// `credentials` if the proxy's password cannot be read. `interface`: empty for any.
    [[nodiscard]] static Result<Route> create(const Paths& paths, const Connection& connection,
                                              std::string_view user, std::string interface);

    /// Route and failure outlive the transfer.
    void apply(CURL* handle, BindFailure& failure) const;
    /// " through proxy URL", without its password; empty if there is none.
    [[nodiscard]] std::string shown_proxy() const;

  private:
    IpVersion ip_version_ = IpVersion::any;
    HeaderList connect_to_;
    std::string bind_; ///< in libcurl's notation
    std::string interface_;
    std::string proxy_;
    std::string proxy_user_;
    std::string proxy_password_;
    std::string no_proxy_;
};

} // namespace meshprobe
