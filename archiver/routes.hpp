// What to do with messages that the broker returned because no queue is bound for their routing key.
//
// With `unroutable: drop` that is meant to be: somebody wants throughput only, the rest has nowhere to go.
// But an exchange without any binding returns messages just the same, and there nothing may be dropped. The
// two are told apart by proof: a returned message is dropped only if this exchange is known to route
// something, that is, if a message was confirmed without being returned, and no key that used to be routed
// has been returned since. Without that proof messages stay in the spool; the next message that is routed
// makes them try again. So
//   - a binding for one key only: the first message with that key proves it, the others are dropped,
//     then and now
//   - no binding (yet), or the last queue deleted: everything waits, with an alarm; nothing is lost
// What was routed is remembered in a file, so that the proof outlives an archiver, and a boot; so is what was
// reported, so that each key is reported once.
#pragma once

#include "archiver/archive_type.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace meshprobe {

class Routes {
  public:
    Routes(Unroutable policy, std::filesystem::path memory, std::string exchange, Reporter& reporter);

    struct Key {
        bool routed = false;   ///< as far as is known
        bool reported = false; ///< as unroutable
        std::uint64_t returned = 0;
    };
    using Entry = std::map<std::string, Key, std::less<>>::value_type;

    /// Stays in place.
    [[nodiscard]] Entry& entry(std::string_view key);
    /// Confirmed, not returned.
    void routed(Entry& entry);
    /// Confirmed, but returned: what becomes of it.
    [[nodiscard]] Verdict returned(Entry& entry, std::uint64_t ticket);
    /// Logs once that everything is returned, when that has gone on for a while; writes the memory if it
    /// changed.
    void tick();

  private:
    using Clock = std::chrono::steady_clock;
    void remember();
    [[nodiscard]] std::string unroutable_keys() const;

    const Unroutable policy_;
    const std::filesystem::path memory_;
    const std::string exchange_;
    Reporter& reporter_;
    std::map<std::string, Key, std::less<>> keys_;
    bool proven_ = false;
    bool changed_ = false;
    bool alarmed_ = false;
    std::uint64_t held_ = 0; ///< returned without proof
    Clock::time_point held_since_{};
};

} // namespace meshprobe
