// What a series is about, as an archive of measurements describes it: the metadata that messages repeat.
#pragma once

#include <string>

namespace meshprobe {

/// JSON text of the members that the messages repeat, in ASCII; empty: absent or null.
struct EntryMeta {
    std::string subject_type, source, destination, tool_name, measurement_agent, input_source,
        input_destination, test_type;                 ///< strings
    std::string time_duration, ip_transport_protocol; ///< any scalar
};

/// The subject of all event types of a repeated test.
struct SeriesSubject {
    std::string key; ///< [A-Za-z0-9_.-]{1,128}: the archive's, or lib/record/identity.hpp's where it has none
    EntryMeta meta;
};

} // namespace meshprobe
