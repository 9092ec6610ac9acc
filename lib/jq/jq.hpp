// jq programs (jq 1.6 or later, libjq) that strangers and administrators write, run on JSON within bounds.
//
// libjq can be neither interrupted nor kept from allocating: a single `"x" * 1e10` is one call, and freeing a
// value nested a million deep overflows the stack. So a program runs in a process of its own, meshprobe-jq:
// its time on the processor and its memory are bounded by the kernel, and it has no environment, no files and
// nothing to write to but its answer. Whoever waits for it waits five times as long, for the machine may be
// busy, and then gives up without blaming the program. Whatever happens there is an error value here. A
// process that never uses jq neither starts it nor loads libjq. It costs some 30 ms for each program (jq
// compiles its builtins), then a few microseconds beyond jq's own for each input.
#pragma once

#include "lib/error.hpp"
#include "lib/file.hpp"
#include "lib/json.hpp"
#include "lib/units_of_measure.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

struct JqOptions {
    nlohmann::json arguments = nlohmann::json::object(); ///< {"name": value}: $name in the program
    std::string modules; ///< directory that `import` and `include` may read from; empty: they read nothing
    bool first_only = false; ///< stop at the first result
    Microseconds time =
        std::chrono::seconds(2);         ///< of the processor, whole seconds: to compile, for each run
    std::uint64_t memory = 128ULL << 20; ///< address space of the process, libraries included
    std::uint64_t output = 8ULL << 20;   ///< bytes of all results of a run
    std::string helper = {};             ///< meshprobe-jq; empty: beside this program, else as installed
};

/// Where the modules `pscheduler/iso8601` and `pscheduler/si` are: what JqOptions::modules is for programs of
/// administrators. `helper` as JqOptions has it.
[[nodiscard]] std::string jq_modules(const std::string& helper = {});

class JqProgram {
  public:
    /// `configuration` with jq's own words if it does not compile, `interrupted` if it takes too long.
    [[nodiscard]] static Result<JqProgram> compile(std::string program, JqOptions options);

    /// The results in order, as JSON texts without blanks. `protocol`: the program raised an error, or `json`
    /// is none; `interrupted`: it ran out of its bounds; `internal`: it cannot be run here, or somebody
    /// killed it. It may be run again after each.
    [[nodiscard]] Result<std::vector<std::string>> run(std::string_view json);
    /// The same, each result as it comes; those before an error are handed on too.
    [[nodiscard]] Status run(std::string_view json, const std::function<void(std::string&&)>& on_result);
    /// Starts it again where an input ended it, as run() does by itself; for those who have to tell what is
    /// wrong with an input from what is wrong here. Errors as compile() has them.
    [[nodiscard]] Status make_ready();

    JqProgram(JqProgram&&) noexcept = default;
    JqProgram& operator=(JqProgram&& other) noexcept;
    ~JqProgram();

  private:
    JqProgram(std::string program, JqOptions options)
        : program_(std::move(program)), options_(std::move(options)) {}

    struct Answer {
        char kind = 0; ///< of lib/jq/frame.hpp
        std::string text;
    };
    using Clock = std::chrono::steady_clock;

    Status start();
    int stop();                   ///< how it ended, as waitpid(2) says; 0: it was not running
    [[nodiscard]] Error ending(); ///< why its answer stopped
    Status send(std::string_view payload, Clock::time_point deadline);
    Result<Answer> receive(Clock::time_point deadline);
    Status read_some(Clock::time_point deadline);
    Status await(short events, Clock::time_point deadline);

    std::string program_;
    JqOptions options_;
    FileDescriptor socket_;
    std::string received_; ///< behind the last answer
    /// -1: not running.
    struct Pid {
        pid_t value = -1;
        Pid() = default;
        Pid(Pid&& other) noexcept : value(std::exchange(other.value, -1)) {}
        Pid& operator=(Pid&& other) noexcept {
            value = std::exchange(other.value, -1);
            return *this;
        }
    };
    Pid pid_;
};

/// Many programs, few processes: the last ones used stay ready.
class JqPrograms {
  public:
    explicit JqPrograms(JqOptions options) : options_(std::move(options)) { options_.first_only = true; }

    /// The first result, nullopt if there is none. Errors as JqProgram has them; one that does not compile is
    /// not compiled again.
    [[nodiscard]] Result<std::optional<nlohmann::json>> first_result(const std::string& program,
                                                                     const nlohmann::json& input);

  private:
    struct Entry {
        std::string program;
        JqProgram compiled;
    };
    JqOptions options_;
    std::deque<Entry> ready_; ///< the last one used in front
    std::map<std::string, Error> faulty_;
};

} // namespace meshprobe
