// Which results somebody means: SRC DST [EVENT] [TIME].
#pragma once

#include "ctl/explain/facts.hpp"

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::explain {

struct Question {
    std::string source;
    std::string destination;     ///< empty: a test of the source alone
    std::string what;            ///< an event type or a type of tests; empty: any
    std::optional<Timestamp> at; ///< empty: now
};

/// `usage` errors. Of the third argument, what is no time is an event type.
[[nodiscard]] Result<Question> read_question(std::span<const std::string> arguments, Timestamp now);

/// What a mesh calls its tests' ends.
class Match {
  public:
    Match(const Question& question, const std::string& mesh, const ExpectedResults& expected);

    /// Each test of each archive once; ends are named by address or by the machine they belong to.
    [[nodiscard]] std::vector<Wanted> find() const;
    /// The same, the other way round.
    [[nodiscard]] std::vector<Wanted> find_reverse() const;

  private:
    [[nodiscard]] std::vector<Wanted> find(std::string_view source, std::string_view destination) const;
    [[nodiscard]] bool is_end(ExpectedResults::Index index, std::string_view name) const;

    const Question& question_;
    const std::string& mesh_;
    const ExpectedResults& expected_;
};

/// What several meshes, or tasks of one, ask for is one.
void merge(std::vector<Wanted>& all, std::vector<Wanted> more);

/// Tests of this type yield `what`, as far as that can be told.
[[nodiscard]] bool may_yield(std::string_view test_type, std::string_view what);

/// The event type in a question about `test_type`; empty: any result of the test.
[[nodiscard]] std::string event_of(const Question& question, std::string_view test_type);

} // namespace meshprobe::explain
