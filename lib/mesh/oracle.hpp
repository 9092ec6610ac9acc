// What an expansion asks the world outside, each question once and all of them bounded. Private to lib/mesh.
#pragma once

#include "lib/error.hpp"
#include "lib/json.hpp"
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/pointer.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// What was left out, with its reason; bounded, because strangers write the documents.
class RefusalList {
  public:
    void add(std::string what, std::string reason, const Pointer& path = {}) {
        insert({{std::move(what), std::move(reason)}, path.text(), true});
    }
    /// What is left out of a document that has no fault.
    void remark(std::string what, std::string reason, const Pointer& path) {
        insert({{std::move(what), std::move(reason)}, path.text(), false});
    }
    [[nodiscard]] const std::set<Omission>& all() const { return refusals_; }

  private:
    void insert(Omission omission) {
        constexpr std::size_t most = 1000;
        if (refusals_.size() < most) refusals_.insert(std::move(omission));
    }
    std::set<Omission> refusals_;
};

/// The program of {"script": text or lines}, or of a plain string; empty if there is none.
[[nodiscard]] std::string jq_program(const nlohmann::json& value);

class Oracle {
  public:
    explicit Oracle(MeshOracle oracle) : oracle_(std::move(oracle)) {}

    [[nodiscard]] const MeshOracle& answers() const { return oracle_; }
    [[nodiscard]] bool has_jq() const { return oracle_.jq != nullptr; }

    /// nullopt: not known.
    const std::optional<std::vector<std::string>>& addresses_of(const std::string& name);
    /// A program that ran out of its bounds is not run again, and all of them together get ten seconds.
    Result<std::optional<nlohmann::json>> first_result(const std::string& program,
                                                       const nlohmann::json& input);

  private:
    MeshOracle oracle_;
    std::map<std::string, std::optional<std::vector<std::string>>> addresses_;
    std::map<std::string, Error> given_up_;
    std::chrono::steady_clock::duration jq_time_{};
};

} // namespace meshprobe
