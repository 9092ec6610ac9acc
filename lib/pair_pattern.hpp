// Pairs of a source and a destination, as a limit of type pair names them:
//
//   192.0.2.0/24                    either end is in this network
//   *.example.org                   either end has such a name
//   192.0.2.0/24 -> *.example.org   this way only
//
// An end is a network, an address or a glob over names, without regard to capitals; `*` is any end.
#pragma once

#include "lib/error.hpp"
#include "lib/network.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// One end of a measurement, under all the names that are known of it.
struct PairEnd {
    std::vector<std::string> names; ///< in lower case; addresses, too
    std::vector<IpAddress> addresses;

    void add(std::string_view name); ///< an empty one is none
};

class PairPattern {
  public:
    [[nodiscard]] static Result<PairPattern> parse(std::string_view text);
    [[nodiscard]] bool matches(const PairEnd& source, const PairEnd& destination) const;

  private:
    struct End {
        std::string glob; ///< in lower case
        std::optional<IpNetwork> network;
        [[nodiscard]] bool matches(const PairEnd& end) const;
    };
    [[nodiscard]] static Result<End> parse_end(std::string_view text);

    End source_;
    std::optional<End> destination_; ///< nullopt: `source_` may be either end
};

} // namespace meshprobe
