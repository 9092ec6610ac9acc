// The identity of a series' subject where no archive gave it a key.
//
// SHA-256, the first 32 hexadecimal digits, of one JSON object: no blanks, names sorted, ASCII, all values
// strings, whatever is unknown left out. Its members:
//
//   subject-type, source, destination, measurement-agent, tool-name, input-source, input-destination,
//   pscheduler-test-type, time-duration, ip-transport-protocol     as in the archive's metadata
//   test-spec                                                      the test's specification as JSON text
//
// in Python: sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:32].
// So it depends on what is measured between whom by what, and neither on an archive, nor on a task or run: a
// test that is set up anew goes on with its series, and one with another specification begins its own.
#pragma once

#include "lib/record/subject.hpp"

#include <string>
#include <string_view>

namespace meshprobe {

/// `test_spec`: JSON text in one canonical form; empty: not known.
[[nodiscard]] std::string subject_identity(const EntryMeta& meta, std::string_view test_spec);

/// The same of any text.
[[nodiscard]] std::string identity_of(std::string_view text);

} // namespace meshprobe
