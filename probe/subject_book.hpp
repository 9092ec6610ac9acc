// What this run learned about the subjects of its series, on its way to checkpoint/INSTANCE.subjects
// (lib/checkpoint/subjects.hpp). A run without news neither reads nor writes it.
#pragma once

#include "lib/checkpoint/series_table.hpp"
#include "lib/error.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"
#include "probe/fetch/metadata.hpp"

#include <map>
#include <string>

namespace meshprobe {

class SubjectBook {
  public:
    SubjectBook(const Paths& paths, const Instance& instance) : paths_(paths), instance_(instance) {}

    void note(const MetadataEntry& entry, Flavour flavour);
    /// Writes if an entry is new or has changed; `series`: what the checkpoint knows.
    [[nodiscard]] Status write(const SeriesTable& series);

  private:
    const Paths& paths_;
    const Instance& instance_;
    std::map<std::string, std::string> noted_; ///< lines by key
};

} // namespace meshprobe
