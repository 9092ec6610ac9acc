// Whether what a host lists is collected already, through another name of the same measurement archive. How
// that is decided, and why nothing is delivered twice or missed: lib/alias.hpp.
#pragma once

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"
#include "probe/contact.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace meshprobe {

/// What a first contact brought to light.
struct Kin {
    enum class Is {
        stranger,  ///< collects what nobody else does
        same,      ///< another name of `of`: exactly its keys
        undecided, ///< `of` has to be asked once more before one can tell
    };
    Is is = Is::stranger;
    std::string of; ///< host
};

class Kinship {
  public:
    /// `instance` is the one whose checkpoint it is: the keys are claimed for its host.
    Kinship(const Paths& paths, Instance instance, const Checkpoint& checkpoint)
        : paths_(paths), instance_(std::move(instance)), checkpoint_(checkpoint) {}

    /// Nothing was ever received under this name: it may be another one of a host that is collected.
    [[nodiscard]] bool is_first_contact() const { return checkpoint_.series().size() == 0; }

    /// Before a first contact is worked on. Where the first page lists keys of others, the whole list is
    /// read, and asked for again if it is to be collected after all; otherwise this costs no request.
    [[nodiscard]] Result<Kin> recognise(Contact& contact, const ContactSettings& settings) const;

    /// Claims the new keys of a page, and removes from it the entries that another host is collected with.
    /// `all`: looks at those that are known, too; once a day, so that a lost claim is made again.
    [[nodiscard]] Status sort_out(MetadataSearch::Page& page, bool all);
    /// For a host that may be no host of the fleet, whose claims would mislead: then nothing is claimed.
    [[nodiscard]] Status sort_out_as_guest(MetadataSearch::Page& page);

    [[nodiscard]] std::uint64_t left_to_others() const { return left_to_others_; }
    /// Hosts of the fleet that have keys which were listed here.
    [[nodiscard]] std::vector<std::string> others() const;

  private:
    [[nodiscard]] bool is_known(const MetadataEntry& entry) const;
    [[nodiscard]] static bool is_complete(const CheckpointState& other, std::span<const std::string> listed,
                                          const PollPlan& plan);
    [[nodiscard]] Result<Kin> judge(const std::vector<std::string>& keys, const PollPlan& plan) const;
    [[nodiscard]] Result<Kin> undecided(const Instance& other) const;
    [[nodiscard]] Result<bool> has_owner(const std::string& host);
    [[nodiscard]] Result<bool> is_in_fleet(const std::string& host);
    [[nodiscard]] Status sort_out(MetadataSearch::Page& page, bool all, bool claim);

    const Paths& paths_;
    Instance instance_;
    const Checkpoint& checkpoint_;
    std::map<std::string, bool, std::less<>> in_fleet_; ///< owners met so far
    std::uint64_t left_to_others_ = 0;
};

} // namespace meshprobe
