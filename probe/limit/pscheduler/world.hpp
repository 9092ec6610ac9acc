// What a limit document asks the world outside. Whoever answers sees to it that each question is bounded in
// time and asked once. A document has an outcome for what is not answered; that a question could not even be
// asked, because something is missing here or the time for all of them is over, is an `internal` error, and
// no word of the document: nobody has judged then.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/network.hpp"
#include "lib/units_of_measure.hpp"

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe::pscheduler {

enum class DnsType { a, aaaa, ptr, txt };

struct DnsAnswer {
    enum class Is { found, absent, unknown };
    Is is = Is::unknown;            ///< absent: the name, or what was asked of it, does not exist
    std::vector<std::string> texts; ///< addresses, names without the final dot, texts
};

struct Fetch {
    std::string url; ///< parameters included
    std::vector<std::string> headers;
    std::string bind;
    bool verify = true;
    bool follow = true;
    Microseconds timeout = std::chrono::seconds(3);
    auto operator<=>(const Fetch&) const = default;
};
struct Fetched {
    long status = 0;
    std::string body;
};

/// What is known of something: `unknown` is no "no", whoever inverts it.
enum class Answer { no, yes, unknown };
[[nodiscard]] inline Answer answer(bool holds) {
    return holds ? Answer::yes : Answer::no;
}

/// Nobody has answered, and nobody was asked.
[[nodiscard]] inline bool is_fault(const Error& error) {
    return error.kind == ErrorKind::internal;
}

struct World {
    /// The first result of a program, nullopt if there is none. `arguments`: {"name": value}. `protocol`: it
    /// raised an error; `interrupted`: this input took it out of its bounds; `configuration`: it does not
    /// compile; `internal`: it was not run.
    std::function<Result<std::optional<nlohmann::json>>(
        const std::string& program, const nlohmann::json& arguments, const nlohmann::json& input)>
        jq;
    /// Error: the time for all programs is over, no other will be run.
    std::function<Status()> has_time_for_jq;
    /// `configuration` error with jq's words: it does not compile.
    std::function<Status(const std::string& program, const nlohmann::json& arguments)> compile_jq;
    std::function<Result<DnsAnswer>(const std::string& name, DnsType type, Microseconds timeout)> dns;
    std::function<Result<Fetched>(const Fetch& fetch)> fetch;
    /// The text of a list; nullopt: there is no copy yet.
    std::function<std::optional<std::string>(const std::string& key)> list;
    /// Addresses of this machine, each with its prefix.
    std::function<std::vector<IpNetwork>()> interfaces;
};

} // namespace meshprobe::pscheduler
