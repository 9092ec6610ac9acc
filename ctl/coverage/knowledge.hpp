// What has been received of a measurement host: from the checkpoints of its instances, the results of their
// last runs, and the local archive where there is one.
#pragma once

#include "ctl/coverage/local_archive.hpp"
#include "lib/checkpoint/checkpoint.hpp"
#include "lib/config/config.hpp"
#include "lib/config/selection.hpp"
#include "lib/error.hpp"
#include "lib/paths.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace meshprobe::coverage {

/// Of one metadata entry, that is, one test between two addresses; UNIX seconds, 0: never.
struct Measured {
    std::string key;              ///< of the metadata entry
    bool has_destination = false; ///< it is no test of one participant
    int ip_version = 0;
    Timestamp newest = 0;   ///< result, other than a failure, as the checkpoints know it
    Timestamp failed = 0;   ///< newest failure
    Timestamp archived = 0; ///< newest result in the local archive
    std::vector<std::string> series;
};

struct Knowledge {
    std::string host;      ///< that is collected: not an alias
    bool wanted = false;   ///< some enabled task collects it
    bool started = false;  ///< something was received, ever
    bool down = false;     ///< the last runs could not reach it, or not trust it
    std::string message;   ///< why
    Timestamp contact = 0; ///< last run that succeeded, 0: not known
    Timestamp since = 0;   ///< where collecting began
    std::int64_t interval = 0;
    std::vector<TaskSettings> tasks; ///< that collect it
    GapLedger gaps;
    std::vector<Instance> instances;
    std::set<std::string> archives; ///< that are fed with it
    bool has_archive = false;       ///< a local one is among them: `archived` means something
    std::vector<Measured> measured;
    /// "SOURCE DESTINATION TYPE" in lower case, by whatever name or address; the destination of a test of one
    /// participant is empty.
    std::multimap<std::string, std::size_t, std::less<>> by_pair;

    /// Some task asks for results of such tests.
    [[nodiscard]] bool collects(std::string_view test_type) const;
};

[[nodiscard]] std::string pair_key(std::string_view source, std::string_view destination,
                                   std::string_view type);

[[nodiscard]] int ip_version_of(const std::string& address); ///< 0: it is a name

/// Event types that only results of this test type have; of unknown ones the whole raw result.
[[nodiscard]] std::vector<std::string_view> result_types(std::string_view test_type);

class Library {
  public:
    Library(const Paths& paths, const Config& config);

    /// Read once for a while. Unreadable files are noted, and as good as absent.
    [[nodiscard]] const Knowledge& about(const std::string& host);
    [[nodiscard]] std::string newest_failure(const Knowledge& host, const std::string& key);
    [[nodiscard]] const std::set<std::string>& unreadable() const { return unreadable_; }

  private:
    [[nodiscard]] Knowledge read(const std::string& host);
    void read_instance(const Instance& instance, Knowledge& knowledge);
    void read_archive(Knowledge& knowledge);

    const Paths& paths_;
    const Config& config_;
    Selection selection_;
    std::map<std::string, LocalArchive> archives_; ///< by name
    std::map<std::string, std::unique_ptr<Knowledge>, std::less<>> known_;
    std::set<std::string> unreadable_;
};

} // namespace meshprobe::coverage
