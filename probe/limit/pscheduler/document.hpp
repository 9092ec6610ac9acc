// A limit document of pScheduler, schema 1 to 4, with all names resolved.
#pragma once

#include "probe/limit/pscheduler/identifier.hpp"
#include "probe/limit/pscheduler/limit_type.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::pscheduler {

/// How many of several.
enum class Require { none, one, any, all };
[[nodiscard]] std::string_view to_string(Require require);
/// none: 0 pass; one: exactly 1; any: 1 or more; all: none fails. So of nothing none and all hold.
[[nodiscard]] bool holds(Require require, std::size_t passes, std::size_t fails);

struct NamedIdentifier {
    std::string name;
    std::unique_ptr<Identifier> identifier;
    bool invert = false;
};
struct Classifier {
    std::string name;
    std::vector<std::size_t> identifiers; ///< positions
    Require require = Require::any;
};
struct NamedLimit {
    std::string name;
    std::unique_ptr<TaskLimit> limit;
    bool invert = false;
};
struct LimitGroup {
    Require require = Require::all;
    std::vector<std::size_t> limits; ///< positions
};
struct Application {
    std::string description;
    std::optional<std::size_t> classifier; ///< nullopt: for all
    std::vector<LimitGroup> groups;
    bool stop_on_failure = false;
    bool invert = false;
};

struct LimitDocument {
    std::vector<NamedIdentifier> identifiers;
    std::vector<Classifier> classifiers;
    std::optional<Script> rewrite;
    std::vector<NamedLimit> limits;
    std::vector<Application> applications;
    std::optional<Script> priority;

    /// Lists of networks that it refers to.
    [[nodiscard]] std::vector<const ListSource*> lists() const;
    /// Whether runs of one task may fare differently.
    [[nodiscard]] bool depends_on_run() const;
};

inline constexpr std::size_t largest_document = 4U << 20;

struct ReadDocument {
    LimitDocument document; ///< usable if there are no problems
    Findings found;         ///< in the order of the document
};

/// Comments (members whose names begin with '#') may stand anywhere. Text that is no JSON is a problem like
/// any other.
[[nodiscard]] ReadDocument read_limit_document(std::string_view text);

/// What jq has against its scripts and regular expressions, in jq's words. Error: jq cannot be asked.
[[nodiscard]] Result<std::vector<Problem>> prove(const Findings& found, const World& world);

/// The first one, and how many more there are, as a `configuration` error. Not of none.
[[nodiscard]] Error error_of(const std::vector<Problem>& problems);
[[nodiscard]] Result<LimitDocument> parse_limit_document(std::string_view text);

} // namespace meshprobe::pscheduler
