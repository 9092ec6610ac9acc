#include "probe/limit/pscheduler/limit_type.hpp"

#include "lib/mesh/json_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace meshprobe::pscheduler {

namespace {

class PassFail final : public TaskLimit {
  public:
    explicit PassFail(bool pass) : pass_(pass) {}
    Result<Outcome> judge(const Proposal& /*proposal*/, const World& /*world*/) const override {
        return pass_ ? Outcome::pass() : Outcome::failure("Forced to fail");
    }

  private:
    bool pass_;
};

std::unique_ptr<TaskLimit> make_pass_fail(DataReader& data) {
    bool pass = false;
    data.flag("pass", pass, Need::required);
    return std::make_unique<PassFail>(pass);
}

class TestType final : public TaskLimit {
  public:
    explicit TestType(std::vector<std::string> types) : types_(std::move(types)) {}
    Result<Outcome> judge(const Proposal& proposal, const World& /*world*/) const override {
        const auto& type = string_member(object_member(proposal.task, "test"), "type");
        if (std::ranges::find(types_, type) != types_.end()) return Outcome::pass();
        if (type.empty()) return Outcome::unanswered("The type of the test is not known");
        return Outcome::failure(fmt::format("Tests of type {} are not in the list", type));
    }

  private:
    std::vector<std::string> types_;
};

std::unique_ptr<TaskLimit> make_test_type(DataReader& data) {
    std::vector<std::string> types;
    data.texts("types", types, Need::required);
    return std::make_unique<TestType>(std::move(types));
}

class JqLimit final : public TaskLimit {
  public:
    explicit JqLimit(Script script)
        : script_(std::move(script)), depends_on_run_(script_.mentions("run_schedule")) {}

    bool depends_on_run() const override { return depends_on_run_; }

    Result<Outcome> judge(const Proposal& proposal, const World& world) const override {
        const auto result =
            script_.first_result(world, depends_on_run_ ? proposal.task : without_run(proposal.task));
        if (!result && is_fault(result.error())) return fail(result.error());
        if (!result) return Outcome::unanswered(result.error().message);
        if (!*result) return Outcome::unanswered("The script has no result");
        const auto& value = **result;
        if (value.is_string()) return Outcome::failure(value.get<std::string>());
        if (!value.is_boolean())
            return Outcome::unanswered("The script's result is neither true or false nor a reason");
        return value.get<bool>() ? Outcome::pass() : Outcome::failure("Unspecified reason");
    }

  private:
    static nlohmann::json without_run(nlohmann::json task) {
        if (task.is_object()) task.erase("run_schedule");
        return task;
    }

    Script script_;
    bool depends_on_run_;
};

std::unique_ptr<TaskLimit> make_jq_limit(DataReader& data) {
    auto script = data.whole_script();
    return std::make_unique<JqLimit>(script ? std::move(*script) : Script{});
}

constexpr std::array<TaskLimitType, 6> known_limits{{
    {"jq", make_jq_limit},
    {"pass-fail", make_pass_fail},
    {"run-daterange", make_run_daterange},
    {"run-schedule", make_run_schedule},
    {"test-type", make_test_type},
    {"url-fetch", make_url_fetch},
}};

} // namespace

std::span<const TaskLimitType> task_limit_types() {
    return known_limits;
}

} // namespace meshprobe::pscheduler
