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

/// Whether members that are missing are problems as well: parts of a MeshConfig lack many.
enum class Missing { pass, tell };

class LegacyChecker {
  public:
    LegacyChecker(Missing missing, std::vector<MeshProblem>& problems)
        : missing_(missing), problems_(problems) {}

    void check(const json& config) {
        for (const char* section : {"organizations", "tests"}) {
            if (find_member(config, section) == nullptr)
                miss(config, Pointer(), fmt::format("the member \"{}\", an array, is missing", section));
        }
        check_hosts(config, Pointer());
        each_object(config, "organizations", Pointer(), [&](const json& organization, const Pointer& path) {
            check_hosts(organization, path);
            each_object(organization, "sites", path,
                        [&](const json& site, const Pointer& at) { check_hosts(site, at); });
        });
        each_object(config, "host_classes", Pointer(), [](const json&, const Pointer&) {});
        each_object(config, "tests", Pointer(),
                    [&](const json& test, const Pointer& path) { check_test(test, path); });
    }

  private:
    template <class Visit>
    void each(const json& holder, std::string_view section, const Pointer& path, const Visit& visit) {
        const json* entries = find_member(holder, section);
        if (entries == nullptr || entries->is_null()) return;
        if (!entries->is_array()) return add(path.at(section), "expected an array");
        for (std::size_t index = 0; index < entries->size(); ++index)
            visit((*entries)[index], path.at(section).at(index));
    }

    template <class Visit>
    void each_object(const json& holder, std::string_view section, const Pointer& path, const Visit& visit) {
        each(holder, section, path, [&](const json& entry, const Pointer& at) {
            entry.is_object() ? visit(entry, at) : add(at, "expected an object");
        });
    }

    void check_hosts(const json& holder, const Pointer& path) {
        each_object(holder, "hosts", path, [&](const json& host, const Pointer& at) {
            if (find_member(host, "addresses") == nullptr)
                miss(host, at, "the member \"addresses\" is missing");
            each(host, "addresses", at, [&](const json& address, const Pointer& where) {
                const std::string& text = address.is_string() ? address.get_ref<const std::string&>()
                                                              : string_member(address, "address");
                if (text.empty()) add(where, "expected an address, or an object with one");
            });
        });
    }

    void check_test(const json& test, const Pointer& path) {
        for (const char* name : {"members", "parameters"}) {
            const json* member = find_member(test, name);
            if (member == nullptr) {
                miss(test, path, fmt::format("the member \"{}\" is missing", name));
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

    /// An include that could not be had may hold it.
    void miss(const json& holder, const Pointer& path, std::string reason) {
        if (missing_ == Missing::tell && find_member(holder, "include") == nullptr)
            add(path, std::move(reason));
    }
    void add(const Pointer& path, std::string reason) {
        constexpr std::size_t most = 1000;
        if (problems_.size() < most) problems_.push_back({path.text(), std::move(reason)});
    }

    Missing missing_;
    std::vector<MeshProblem>& problems_;
};

} // namespace

void find_meshconfig_misfits(const json& config, std::vector<MeshProblem>& problems) {
    LegacyChecker(Missing::pass, problems).check(config);
}

void check_meshconfig_schema(const json& config, std::vector<MeshProblem>& problems) {
    LegacyChecker(Missing::tell, problems).check(config);
}

} // namespace meshprobe
