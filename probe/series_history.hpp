// What is known of a series, under whatever key the archives of its host list it. A host may be read through
// several of them (esmond, OpenSearch, its pScheduler), each with keys of its own; when one takes the place
// of another, what the other brought must be neither fetched nor delivered again. So series of different
// archives that have one subject are looked up together. With one source nothing of this costs anything.
//
// Series of the same archive are never taken for one, however alike they look: their keys tell them apart.
// And where it cannot be told which of several is meant (the same test over IPv4 and IPv6), none is: rather
// is a result delivered again than one lost.
#pragma once

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/error.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"
#include "probe/fetch/metadata.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// Archives that share their keys: "esmond", "elmond" (OpenSearch, too), "pscheduler", "http".
[[nodiscard]] std::string_view keys_of(Flavour flavour);

/// Of all that tells tests apart and that every archive tells alike: who measures whom by the names that the
/// test was given, its type and tool, of throughput also protocol and duration. 32 hexadecimal digits.
[[nodiscard]] std::string series_identity(const EntryMeta& meta);

using CheckpointStates = std::vector<std::shared_ptr<const CheckpointState>>;

class SeriesHistory {
  public:
    /// Each series by its own key only.
    explicit SeriesHistory(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

    /// From now on the others are looked up, too. `storage` error if the subjects cannot be read.
    [[nodiscard]] Status look_at_others(const Paths& paths, const Instance& instance);

    /// What was sent by others than the runs of this checkpoint is not sent again, but where `but` says that
    /// it was lost (series empty: of all). Several archives, each fed by one or more others: what all of
    /// them have had.
    void also_sent(std::vector<CheckpointStates> of_archives, std::vector<Gap> but = {});
    void forget_sent() { sent_.clear(); }

    [[nodiscard]] std::optional<SeriesMarks> marks(const SeriesSubject& subject, std::string_view event_type,
                                                   Flavour flavour) const;
    [[nodiscard]] std::optional<SeriesState> find(const SeriesSubject& subject, std::string_view event_type,
                                                  Flavour flavour) const;

  private:
    struct Other {
        std::string key;
        std::string keys;   ///< keys_of() its flavour
        std::string source; ///< an address, or a name
    };
    [[nodiscard]] static bool are_of_one_family(const std::vector<Other>& others);
    template <class Known, class Look, class Merge>
    [[nodiscard]] std::optional<Known> gather(const SeriesSubject& subject, std::string_view event_type,
                                              Flavour flavour, const Look& look, const Merge& merge) const;

    struct Sent {
        std::vector<CheckpointStates> of_archives;
        std::vector<Gap> but;

        [[nodiscard]] std::vector<Timestamp> to_all(std::string_view id) const;
    };
    void add_sent(std::string_view id, std::optional<SeriesState>& known) const;

    const Checkpoint& checkpoint_;
    std::vector<Sent> sent_;
    std::map<std::string, std::vector<Other>, std::less<>> others_; ///< by identity
};

} // namespace meshprobe
