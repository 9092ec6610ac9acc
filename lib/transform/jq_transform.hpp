// A transform of the configuration (`transforms:`), as pScheduler's archives have them: a jq program that
// gets each message as its input and says what is sent instead.
//
//   the first result                         is sent; further ones are not looked at
//   null                                     nothing is sent, and that is fine
//   no result (`empty`), an error, or more time, memory or output than allowed
//                                            nothing is sent, and that is a failure
//   with output-raw                          all results, joined by line breaks, are one text, which is
//                                            sent as a JSON string: strings as they are, others as Python
//                                            writes them (None, True, {'a': 1}); of no result the empty text
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

class JqProgram;

class JqTransform {
  public:
    /// Bounds of compiling and of each message. Memory: 128 MiB, output: 8 MiB.
    static constexpr Microseconds time = std::chrono::seconds(2);
    /// Messages on which the program may exceed them; then it is given up: who runs away once is not to hold
    /// up, with every message, those who wait for others.
    static constexpr unsigned most_exceeded = 3;

    /// `helper` as JqOptions has it.
    explicit JqTransform(Transform transform, std::string helper = {});
    JqTransform(JqTransform&&) noexcept;
    JqTransform& operator=(JqTransform&&) noexcept;
    ~JqTransform();

    [[nodiscard]] const std::string& name() const { return transform_.name; }

    /// Compiles, unless that was done: `configuration` with jq's words if the program is none. Else it
    /// happens with the first message: a run without news starts no process.
    [[nodiscard]] Status compile();

    /// A line of ASCII; nullopt: nothing is to be sent. After an error the next message is taken all the
    /// same, unless the program does not compile or was given up.
    [[nodiscard]] Result<std::optional<std::string>> apply(std::string_view body);

  private:
    void give_up(const Error& last);
    [[nodiscard]] Result<std::optional<std::string>>
    outcome_of(const std::vector<std::string>& results) const;

    Transform transform_;
    std::string helper_;
    std::unique_ptr<JqProgram> program_; ///< null: not compiled yet
    std::optional<Error> faulty_;        ///< it does not compile, or was given up
    unsigned exceeded_ = 0;              ///< messages that took more than allowed
};

} // namespace meshprobe
