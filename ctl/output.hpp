// How meshprobectl speaks: errors on standard error, tables that fit a terminal, times as people read them.
#pragma once

#include "ctl/printable.hpp"
#include "lib/clock.hpp"
#include "lib/error.hpp"
#include "lib/exit_code.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// Prints "meshprobectl: MESSAGE" to standard error; returns the exit code for that kind of error.
ExitCode complain(const Error& error);
/// The same for wrong arguments, with a pointer to `meshprobectl COMMAND --help`.
ExitCode complain_about_usage(std::string_view command, std::string_view message);

/// The first `width` characters, the last of them an ellipsis if any were cut.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);
/// How wide a report may be: $COLUMNS, else the terminal; 0 if the output is none: as wide as it gets.
[[nodiscard]] std::size_t output_width();

/// "2026-11-22 10:00:00" in local time; "-" for 0.
[[nodiscard]] std::string local_time(std::int64_t usec);
/// "3min 20s ago", "in 5min"; "-" for 0. Coarse on purpose: two units at most.
[[nodiscard]] std::string relative_time(std::int64_t usec, std::int64_t now_usec);

/// What --json prints: members in the order of their making, indented; bytes that are no UTF-8 are replaced.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& json);
void print_json(const nlohmann::ordered_json& json);

/// Columns padded to their widest cell (in characters, not bytes), two blanks between them; the last column
/// is cut with an ellipsis where a line would be wider than the output (nothing is cut when that is no
/// terminal). What strangers wrote stays in its cell: see one_line().
class Table {
  public:
    explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}

    void add(std::vector<std::string> cells); ///< as many as there are headings
    [[nodiscard]] bool empty() const { return rows_.empty(); }

    /// `width` 0: nothing is cut.
    [[nodiscard]] std::string text(bool legend, std::size_t width) const;
    /// To standard output, as wide as output_width().
    void print(bool legend) const;
    /// The same without cutting anything: for what is copied from here, or is the answer itself.
    void print_whole(bool legend) const;

  private:
    std::vector<std::string> headings_;
    std::vector<std::vector<std::string>> rows_;
};

} // namespace meshprobe
