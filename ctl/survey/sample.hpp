// Reads a few series of an esmond or elmond archive, to see how much they bring.
#pragma once

#include "ctl/survey/volume.hpp"
#include "lib/http/session.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace meshprobe::survey {

/// Series that were updated lately, by event type.
class ActiveSeries {
  public:
    void add(const std::string& event_type, const std::string& base_uri);
    [[nodiscard]] std::uint64_t count() const { return count_; }

    struct Type {
        std::uint64_t count = 0;
        std::vector<std::string> uris; ///< of the first of them
    };
    [[nodiscard]] const std::map<std::string, Type>& types() const { return types_; }

  private:
    std::map<std::string, Type> types_;
    std::uint64_t count_ = 0;
};

struct Samples {
    std::vector<TypeSample> types;
    Timestamp newest = 0; ///< result among them; 0: there was none
};

/// Two series of each event type, over the last hour or day before `now`, the archive's clock.
[[nodiscard]] Samples sample(HttpSession& session, const std::string& archive_url, const ActiveSeries& active,
                             Timestamp now, const std::function<bool()>& stop);

} // namespace meshprobe::survey
