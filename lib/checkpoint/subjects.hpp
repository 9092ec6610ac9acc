// What the series of an instance measure: checkpoint/INSTANCE.subjects, one line for each metadata entry that
// ever had news, so that coverage can be judged without any archive of results. Each line is a JSON array:
//
//   ["METADATA-KEY", source, destination, input-source, input-destination, test type, identity, keys]
//
// strings, or null where the measurement archive says nothing; the last two, which early versions did not
// write, are for finding the series of one subject in several archives: see probe/series_history.hpp. The
// probe writes it after a commit that brought an entry it does not know; it follows from the measurement
// archive and is no part of the commit.
#pragma once

#include "lib/error.hpp"
#include "lib/instance.hpp"
#include "lib/paths.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace meshprobe {

struct Subject {
    std::string key;
    std::string source; ///< an address literal
    std::string destination;
    std::string input_source; ///< as the test has it: a name, or the same literal
    std::string input_destination;
    std::string test_type; ///< "throughput" …; empty: not said
    std::string identity;  ///< equal for the same subject in any archive; empty: not known
    std::string keys;      ///< of which archives the key is one

    bool operator==(const Subject&) const = default;
};

inline constexpr std::size_t most_subjects = 20'000; ///< of an instance; beyond, those without series go
inline constexpr std::size_t largest_subjects_file = 64U << 20;

[[nodiscard]] std::filesystem::path subjects_file(const Paths& paths, const Instance& instance);

/// An absent file is none; a line that is damaged is left out.
[[nodiscard]] Result<std::vector<Subject>> read_subjects(const Paths& paths, const Instance& instance);

} // namespace meshprobe
