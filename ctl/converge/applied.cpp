#include "ctl/converge/applied.hpp"

#include "lib/file.hpp"
#include "lib/json.hpp"

namespace meshprobe {

namespace {

constexpr std::size_t largest_file = 16U << 20;

} // namespace

Result<std::optional<Applied>> read_applied(const Paths& paths) {
    const auto content = read_file_if_exists(paths.applied(), largest_file, Links::refuse);
    if (!content) return fail(content.error());
    if (!*content) return std::optional<Applied>{};
    const auto json = nlohmann::json::parse(**content, nullptr, false);
    try {
        return std::optional(Applied{
            .activation = json.at("activation").get<std::string>(),
            .units = json.at("units").get<std::set<std::string>>(),
            .problems = json.at("problems").get<std::set<std::string>>(),
        });
    } catch (const nlohmann::json::exception&) {
        return std::optional<Applied>{}; // as after a boot: what the generator wrote last is taken for
                                         // applied
    }
}

Status write_applied(const Paths& paths, const Applied& applied) {
    const nlohmann::ordered_json json{
        {"activation", applied.activation}, {"units", applied.units}, {"problems", applied.problems}};
    return write_file_atomically(paths.applied(), json.dump(1) + "\n");
}

} // namespace meshprobe
