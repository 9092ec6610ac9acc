// What a legacy MeshConfig must have to be one; most of it may be missing, or written in several ways.
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/pointer.hpp"
#include "lib/mesh/schema.hpp"

#include <fmt/core.h>

#include <cmath>
#include <string>
#include <string_view>

namespace meshprobe {

namespace {

using nlohmann::json;

class LegacyChecker {
  public:
    explicit LegacyChecker(std::vector<MeshProblem>& problems) : problems_(problems) {}

    void check(const json& config) {
        for (const char* section : {"organizations", "tests"}) {
            const json* member = find_member(config, section);
            if (member == nullptr || !member->is_array())
                add(Pointer(), fmt::format("the member \"{}\", an array, is missing", section));
        }
        check_hosts(config, Pointer());
        each_object(config, "organizations", Pointer(), [&](const json& organization, const Pointer& path) {
            check_hosts(organization, path);
            each_object(organization, "sites", path,
                        [&](const json& site, const Pointer& at) { check_hosts(site, at); });
        });
        each_object(config, "tests", Pointer(),
                    [&](const json& test, const Pointer& path) { check_test(test, path); });
    }

  private:
    template <class Visit>
    void each_object(const json& holder, std::string_view section, const Pointer& path, const Visit& visit) {
        const json& entries = array_member(holder, section);
        for (std::size_t index = 0; index < entries.size(); ++index) {
            const Pointer at = path.at(section).at(index);
            if (entries[index].is_object()) {
                visit(entries[index], at);
            } else {
                add(at, "expected an object");
            }
        }
    }

    void check_hosts(const json& holder, const Pointer& path) {
        each_object(holder, "hosts", path, [&](const json& host, const Pointer& at) {
            // What a host includes may be its addresses.
            if (find_member(host, "addresses") == nullptr && find_member(host, "include") == nullptr)
                add(at, "the member \"addresses\" is missing");
        });
    }

    void check_test(const json& test, const Pointer& path) {
        for (const char* name : {"members", "parameters"}) {
            const json* member = find_member(test, name);
            if (member == nullptr) {
                add(path, fmt::format("the member \"{}\" is missing", name));
            } else if (!member->is_object()) {
                add(path.at(name), "expected an object");
            }
        }
        const json& parameters = object_member(test, "parameters");
        for (const char* name : {"interval", "test_interval"}) {
            if (find_member(parameters, name) == nullptr) continue;
            const auto seconds = number_member(parameters, name);
            if (!seconds || !std::isfinite(*seconds) || *seconds <= 0)
                add(path.at("parameters").at(name), "expected a number of seconds, more than 0");
        }
    }

    void add(const Pointer& path, std::string reason) {
        constexpr std::size_t most = 1000;
        if (problems_.size() < most) problems_.push_back({path.text(), std::move(reason)});
    }

    std::vector<MeshProblem>& problems_;
};

} // namespace

void check_meshconfig_schema(const json& config, std::vector<MeshProblem>& problems) {
    LegacyChecker(problems).check(config);
}

} // namespace meshprobe
