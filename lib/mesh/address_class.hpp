// Which addresses a class selector stands for. Private to lib/mesh.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/mesh/oracle.hpp"
#include "lib/mesh/pointer.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meshprobe {

struct ClassMember {
    std::string_view name;
    const nlohmann::json* address = nullptr;
    bool certain = true; ///< false: only DNS or jq could tell, and nobody answered
};

class AddressClasses {
  public:
    AddressClasses(const nlohmann::json& document, Oracle& oracle, RefusalList& refusals)
        : document_(document), oracle_(oracle), refusals_(refusals) {}

    /// By name. What cannot be decided counts as a member: a host asked in vain is better than a host
    /// forgotten.
    const std::vector<ClassMember>& members(const std::string& name);

  private:
    /// Three-valued, so that "not" of what cannot be known is not known either.
    enum class Answer { no, unknown, yes };
    struct Subject;

    static Answer answer(bool value) { return value ? Answer::yes : Answer::no; }
    static Answer negation(Answer value);

    /// The class and all that its filters name, those that others need first. An error: they name each other
    /// in a circle.
    Result<std::vector<std::string_view>> order_of(std::string_view name);
    Answer passes(const Subject& subject, const nlohmann::json& filter);
    Answer passes_class(const Subject& subject, std::string_view name);
    Answer passes_host(const Subject& subject, const nlohmann::json& filter);
    Answer passes_jq(const nlohmann::json& jq, const nlohmann::json& input);
    /// Whether `wanted` holds for the address itself or one that its name resolves to.
    template <class Predicate>
    Answer some_literal(const Subject& subject, const Predicate& wanted);

    [[nodiscard]] Pointer path_of_class() const;
    /// false: there was too much to look at, which is told.
    bool spend(std::size_t steps);

    const nlohmann::json& document_;
    Oracle& oracle_;
    RefusalList& refusals_;
    std::map<std::string, std::vector<ClassMember>, std::less<>> members_;
    /// Filters of a class, decided.
    std::map<std::pair<std::string_view, const nlohmann::json*>, Answer> classes_;
    std::string_view evaluated_;          ///< the class whose filters are being looked at
    std::size_t steps_left_ = 20'000'000; ///< filters looked at: a second's work
};

} // namespace meshprobe
