// From what a run has to commit to the record that says so.
#pragma once

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/checkpoint/record.hpp"

namespace meshprobe {

/// Leaves out what the state holds already; Record::changes_nothing() then. `usec` goes into the names of
/// segments. Wrong input (timestamps out of order, no archive's name) is an `internal` error.
[[nodiscard]] Result<Record> plan_record(const Commit& commit, const CheckpointState& state,
                                         std::string_view run, std::uint64_t instance_hash,
                                         std::int64_t usec);

} // namespace meshprobe
