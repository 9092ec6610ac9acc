#include "lib/mesh/references.hpp"

#include "lib/mesh/json_text.hpp"
#include "lib/mesh/pointer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace meshprobe {

namespace {

using nlohmann::json;

class ReferenceChecker {
  public:
    ReferenceChecker(const json& document, std::vector<MeshProblem>& problems)
        : document_(document), problems_(problems) {}

    void check() {
        for_each("addresses", [&](const json& address, const Pointer& path) {
            check_one(address, "host", "hosts", path);
            check_address_contexts(address, path);
        });
        for_each("hosts", [&](const json& host, const Pointer& path) {
            check_all(host, "archives", "archives", path);
        });
        for_each("groups", [&](const json& group, const Pointer& path) { check_group(group, path); });
        for_each("tasks", [&](const json& task, const Pointer& path) {
            check_one(task, "group", "groups", path);
            check_one(task, "test", "tests", path);
            check_one(task, "schedule", "schedules", path);
            check_all(task, "archives", "archives", path);
        });
    }

  private:
    template <class Visit>
    void for_each(std::string_view section, const Visit& visit) {
        const json& entries = object_member(document_, section);
        for (auto entry = entries.begin(); entry != entries.end(); ++entry)
            visit(*entry, Pointer().at(section).at(entry.key()));
    }

    void check_name(const json& name, std::string_view section, const Pointer& path) {
        if (!name.is_string()) return; // the schema says so
        const auto& text = name.get_ref<const std::string&>();
        if (find_member(object_member(document_, section), text) == nullptr)
            add(path, fmt::format("there is no {} in \"{}\"", in_quotes(text), section));
    }

    void check_one(const json& holder, std::string_view member, std::string_view section,
                   const Pointer& path) {
        if (const json* name = find_member(holder, member)) check_name(*name, section, path.at(member));
    }

    void check_all(const json& holder, std::string_view member, std::string_view section,
                   const Pointer& path) {
        const json& names = array_member(holder, member);
        for (std::size_t index = 0; index < names.size(); ++index)
            check_name(names[index], section, path.at(member).at(index));
    }

    void check_address_contexts(const json& holder, const Pointer& path) {
        check_all(holder, "contexts", "contexts", path);
        for (const char* derived : {"labels", "remote-addresses"}) {
            const json& entries = object_member(holder, derived);
            for (auto entry = entries.begin(); entry != entries.end(); ++entry)
                check_address_contexts(*entry, path.at(derived).at(entry.key()));
        }
    }

    void check_group(const json& group, const Pointer& path) {
        for (const char* list : {"addresses", "a-addresses", "b-addresses"})
            check_selectors(array_member(group, list), path.at(list));
    }

    void check_selectors(const json& selectors, const Pointer& path) {
        for (std::size_t index = 0; index < selectors.size(); ++index)
            check_selector(selectors[index], path.at(index));
    }

    void check_selector(const json& selector, const Pointer& path) {
        check_one(selector, "class", "address-classes", path);
        check_one(selector, "name", "addresses", path);
        const json* address =
            find_member(object_member(document_, "addresses"), string_member(selector, "name"));
        const std::string& label = string_member(selector, "label");
        if (address == nullptr || label.empty()) return;
        const auto has_label = [&](const json& holder) {
            return find_member(object_member(holder, "labels"), label) != nullptr;
        };
        if (has_label(*address) ||
            std::ranges::any_of(object_member(*address, "remote-addresses"), has_label))
            return;
        add(path.at("label"), fmt::format("the address {} has no label {}",
                                          in_quotes(string_member(selector, "name")), in_quotes(label)));
    }

    void add(const Pointer& path, std::string reason) {
        constexpr std::size_t most = 1000;
        if (problems_.size() < most) problems_.push_back({path.text(), std::move(reason)});
    }

    const json& document_;
    std::vector<MeshProblem>& problems_;
};

} // namespace

void check_references(const json& document, std::vector<MeshProblem>& problems) {
    ReferenceChecker(document, problems).check();
}

} // namespace meshprobe
