// The members of one object of a limit document: read one by one as the types that they must have, what is
// wrong noted with its place ("/identifiers/0/data/cidrs/2"), and what nobody asked for at the end.
#pragma once

#include "lib/json.hpp"
#include "lib/network.hpp"
#include "probe/limit/pscheduler/script.hpp"
#include "probe/limit/pscheduler/string_match.hpp"

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meshprobe::pscheduler {

struct Problem {
    std::string path; ///< a JSON pointer
    std::string reason;
    auto operator<=>(const Problem&) const = default;
};

/// What only jq can say is usable: a script compiles, a regular expression is one.
struct Unproved {
    std::string path; ///< a JSON pointer
    Script script;
    bool is_regex = false; ///< the script asks it of a text
};

/// What reading a document brought to light.
struct Findings {
    std::vector<Problem> problems;
    std::vector<Problem> remarks; ///< the document can be used, but may not mean what its author thinks
    std::vector<Unproved> unproved;
};

enum class Need { required, optional };

class DataReader {
  public:
    /// What is no object is a problem, and reads like an empty one.
    DataReader(const nlohmann::json& object, std::string path, Findings& findings);

    // Each leaves `value` alone if the member is absent or wrong; false then.
    bool text(std::string_view name, std::string& value, Need need);
    /// One of http or https that can be fetched.
    bool url(std::string_view name, std::string& value, Need need);
    bool flag(std::string_view name, bool& value, Need need = Need::optional);
    bool duration(std::string_view name, Microseconds& value, Need need);
    bool texts(std::string_view name, std::vector<std::string>& value, Need need);
    bool cardinals(std::string_view name, std::vector<std::uint64_t>& value, Need need);
    /// Networks and addresses. Host bits are a problem.
    bool networks(std::string_view name, std::vector<IpNetwork>& value, Need need);
    bool match(std::string_view name, std::optional<StringMatch>& value, Need need);
    bool script(std::string_view name, std::optional<Script>& value, Need need,
                std::string_view prelude = {});
    /// The object itself is one.
    std::optional<Script> whole_script(std::string_view prelude = {});
    /// The index of the word.
    std::optional<std::size_t> choice(std::string_view name, std::span<const std::string_view> words,
                                      Need need);
    /// Any value; nullptr: absent.
    const nlohmann::json* any(std::string_view name, Need need = Need::optional);
    const nlohmann::json* array(std::string_view name, Need need);

    void problem(std::string_view name, std::string reason); ///< of a member; empty name: of the object
    void remark(std::string_view name, std::string reason);
    [[nodiscard]] std::string path(std::string_view name) const;
    void finish();           ///< members that nobody asked for are problems
    void finish_leniently(); ///< … are remarks

  private:
    void tell_unknown(std::vector<Problem>& where);

    const nlohmann::json& object_;
    std::string path_;
    Findings& findings_;
    std::set<std::string, std::less<>> known_;
};

/// The program of a JQTransformSpecification; the object's own problems are noted.
[[nodiscard]] std::optional<Script> read_script(const nlohmann::json& object, const std::string& path,
                                                Findings& findings, std::string_view prelude);

} // namespace meshprobe::pscheduler
