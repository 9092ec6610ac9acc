#include "ctl/refresh/programs.hpp"

#include "lib/jq/jq.hpp"

#include <fmt/core.h>

#include <chrono>
#include <memory>

namespace meshprobe {

namespace {

class Programs {
  public:
    explicit Programs(Microseconds together) : together_(together) {}

    Result<std::optional<nlohmann::json>> first_result(const std::string& program,
                                                       const nlohmann::json& input) {
        using Clock = std::chrono::steady_clock;
        if (used_ >= together_) {
            return fail(ErrorKind::interrupted,
                        fmt::format("the jq programs of all meshes take more than {} together",
                                    format_duration(together_)));
        }
        const auto begin = Clock::now();
        auto result = programs_.first_result(program, input);
        used_ += Clock::now() - begin;
        return result;
    }

  private:
    JqPrograms programs_{JqOptions{}};
    Microseconds together_;
    std::chrono::steady_clock::duration used_{};
};

} // namespace

JqAnswer run_mesh_programs(Microseconds together) {
    return [programs = std::make_shared<Programs>(together)](const std::string& program,
                                                             const nlohmann::json& input) {
        return programs->first_result(program, input);
    };
}

} // namespace meshprobe
