// Of which type the test is whose results a metadata entry lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// Older entries do not name it (`pscheduler-test-type`): then their event types tell, all of them together.
class TestClues {
  public:
    void add(std::string_view event_type);

    /// `named`: the type that the entry names; empty: none. What gives no clue at all is of no type.
    [[nodiscard]] bool is_of(const std::vector<std::string>& tests, std::string_view named) const;

  private:
    bool throughput_ = false;
    bool trace_ = false;
    bool round_trip_ = false;
    bool one_way_ = false;
};

} // namespace meshprobe
