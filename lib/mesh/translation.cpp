#include "lib/mesh/translation.hpp"

#include "lib/host_name.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/pointer.hpp"
#include "lib/mesh/translated_test.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meshprobe {

namespace {

using nlohmann::json;

/// "a:4823" and "[2001:db8::1]:4823" are members "a" and "2001:db8::1": ports are not theirs.
std::string without_port(const std::string& member) {
    if (member.starts_with('[')) return member.substr(1, member.find(']') - 1);
    const auto colon = member.find(':');
    return colon != std::string::npos && member.find(':', colon + 1) == std::string::npos
               ? member.substr(0, colon)
               : member;
}

/// Archives and tags of a host with those of its site and organization: each host has all of them.
constexpr std::size_t most_inherited = 32;

/// False: some had no place.
bool append_missing(json& list, const json& additions) {
    for (const json& addition : additions) {
        if (std::ranges::find(list, addition) != list.end()) continue;
        if (list.size() >= most_inherited) return false;
        list.push_back(addition);
    }
    return true;
}

json strings_of(const json& object, std::string_view name) {
    json strings = json::array();
    for (const json& value : array_member(object, name)) {
        if (value.is_string()) strings.push_back(value);
    }
    return strings;
}

class Translation {
  public:
    Translation(const json& config, RefusalList& refusals) : config_(config), refusals_(refusals) {
        for (const char* section :
             {"addresses", "address-classes", "archives", "groups", "hosts", "schedules", "tasks", "tests"}) {
            template_[section] = json::object();
        }
    }

    json translate() {
        if (const std::string& name = string_member(config_, "description"); !name.empty())
            template_["_meta"] = {{"display-name", name}};
        mesh_archives_ = archives_of(config_);
        add_hosts(config_, {json::array(), json::array()});
        for (const json& organization : array_member(config_, "organizations")) {
            const Inherited of_organization = inherited(organization, {json::array(), json::array()});
            add_hosts(organization, of_organization);
            for (const json& site : array_member(organization, "sites"))
                add_hosts(site, inherited(site, of_organization));
        }
        for (const json& host_class : array_member(config_, "host_classes"))
            add_class(host_class);
        const json& tests = array_member(config_, "tests");
        for (std::size_t index = 0; index < tests.size(); ++index)
            add_test(tests[index], Pointer().at("tests").at(index));
        return std::move(template_);
    }

  private:
    /// What hosts have of their site and organization.
    struct Inherited {
        json archives; ///< names, the nearest first
        json tags;
    };

    Inherited inherited(const json& holder, const Inherited& above) {
        Inherited result{archives_of(holder), json::array()};
        const bool all_archives = append_missing(result.archives, above.archives);
        const bool all_tags = append_missing(result.tags, strings_of(holder, "tags")) &&
                              append_missing(result.tags, above.tags);
        if (!all_archives || !all_tags) refuse_further();
        return result;
    }

    json archives_of(const json& holder) {
        json names = json::array();
        const json* archives = find_member(holder, "measurement_archives");
        if (archives == nullptr || archives->is_null()) return names;
        // A single one may stand there without its array.
        for (const json& archive : archives->is_array() ? *archives : json::array({*archives})) {
            if (append_missing(names, json::array({archive_name(string_member(archive, "read_url"))})))
                continue;
            refuse_further();
            break;
        }
        return names;
    }

    void refuse_further() {
        if (std::exchange(has_refused_further_, true)) return;
        refusals_.add("measurement_archives",
                      fmt::format("more than {} archives or tags of one host are left out, "
                                  "those of its site and organization included",
                                  most_inherited));
    }

    std::string archive_name(const std::string& url) {
        const auto parsed = parse_url(url);
        std::string name = parsed ? parsed->host.text() : url.empty() ? "no read_url" : url;
        json& archive = template_["archives"][name];
        if (archive.is_null()) {
            archive = {{"archiver", "esmond"},
                       {"data", {{"url", url}, {"measurement-agent", "{% scheduled_by_address %}"}}}};
        }
        return name;
    }

    void add_hosts(const json& holder, const Inherited& above) {
        for (const json& host : array_member(holder, "hosts"))
            add_host(host, above);
    }

    void add_host(const json& host, const Inherited& above) {
        const Inherited own = inherited(host, above);
        std::vector<const json*> addresses;
        for (const json& address : array_member(host, "addresses")) {
            if (!address_text(address).empty()) addresses.push_back(&address);
        }
        std::string name =
            addresses.empty() ? string_member(host, "description") : address_text(*addresses.front());
        while (name.empty() || template_["hosts"].contains(name))
            name = fmt::format("host {}", ++unnamed_hosts_);
        json& translated = template_["hosts"][name];
        translated = json::object();
        if (!own.archives.empty()) translated["archives"] = own.archives;
        if (!own.tags.empty()) translated["tags"] = own.tags;
        if (bool_member(host, "no_agent")) translated["no-agent"] = true;
        for (const json* address : addresses)
            add_address(*address, host, name);
    }

    static const std::string& address_text(const json& address) {
        return address.is_string() ? address.get_ref<const std::string&>()
                                   : string_member(address, "address");
    }

    void add_address(const json& address, const json& host, const std::string& host_name) {
        const std::string& text = address_text(address);
        json& translated = template_["addresses"][text];
        if (!translated.is_null()) {
            refusals_.add("address " + in_quotes(text), "it belongs to a host above already");
            return;
        }
        translated = {{"address", text}, {"host", host_name}};
        if (json tags = strings_of(address, "tags"); !tags.empty()) translated["tags"] = std::move(tags);
        for (const auto& [old_name, name] : {std::pair("lead_bind_address", "lead-bind-address"),
                                             std::pair("pscheduler_address", "pscheduler-address")}) {
            const std::string& own = string_member(address, old_name);
            const std::string& value = own.empty() ? string_member(host, old_name) : own;
            if (!value.empty()) translated[name] = value;
        }
        if (const std::string& shown = string_member(host, "description"); !shown.empty())
            translated["_meta"]["display-name"] = shown;
        for (const json& map : array_member(address, "maps"))
            add_map(map, translated);
    }

    /// {"remote_address": ADDRESS or "default", "fields": {FIELD: ADDRESS} or [{"name": …, "address": …}]}
    static void add_map(const json& map, json& address) {
        const std::string& peer = string_member(map, "remote_address");
        const json* fields = find_member(map, "fields");
        if (fields == nullptr) return;
        json labels = json::object();
        for (auto field = fields->begin(); field != fields->end(); ++field) {
            const std::string& name = fields->is_object() ? field.key() : string_member(*field, "name");
            const std::string& value =
                field->is_string() ? field->get_ref<const std::string&>() : string_member(*field, "address");
            if (!name.empty() && !value.empty()) labels[name] = {{"address", value}};
        }
        json& holder = peer.empty() || peer == "default" ? address : address["remote-addresses"][peer];
        holder["labels"].update(labels);
    }

    void add_class(const json& host_class) {
        const std::string& name = string_member(host_class, "name");
        if (name.empty()) return refusals_.add("a host class", "it has no name");
        json translated{{"data-source", {{"type", "current-config"}}}};
        for (const json& source : array_member(host_class, "data_sources")) {
            if (string_member(source, "type") == "requesting_agent")
                translated["data-source"]["type"] = "requesting-agent";
        }
        if (json match = filters_of(host_class, "match_filters"); !match.empty())
            translated["match-filter"] = {{"type", "and"}, {"filters", std::move(match)}};
        if (json exclude = filters_of(host_class, "exclude_filters"); !exclude.empty())
            translated["exclude-filter"] = {{"type", "or"}, {"filters", std::move(exclude)}};
        template_["address-classes"][name] = std::move(translated);
    }

    static json filters_of(const json& holder, std::string_view member) {
        json filters = json::array();
        for (const json& filter : array_member(holder, member))
            filters.push_back(filter_of(filter));
        return filters;
    }

    static json filter_of(const json& filter) {
        const std::string& type = string_member(filter, "type");
        if (type == "and" || type == "or")
            return {{"type", type}, {"filters", filters_of(filter, "filters")}};
        if (type == "not") {
            return {{"type", "not"},
                    {"filter", {{"type", "or"}, {"filters", filters_of(filter, "filters")}}}};
        }
        if (type == "class" || type == "host_class") {
            return {{"type", "address-class"},
                    {"class", string_member(filter, type == "class" ? "class" : "name")}};
        }
        if (type == "address_type") {
            return {{"type", "ip-version"},
                    {"ip-version", string_member(filter, "address_type") == "ipv6" ? 6 : 4}};
        }
        return filter; // tag, netmask: the same today
    }

    static json selectors(const json& members) {
        constexpr std::string_view of_class = "host_class::";
        json result = json::array();
        for (const json& member : members) {
            if (!member.is_string()) continue;
            const auto& text = member.get_ref<const std::string&>();
            result.push_back(text.starts_with(of_class) ? json{{"class", text.substr(of_class.size())}}
                                                        : json{{"name", without_port(text)}});
        }
        return result;
    }

    /// Null if it has no counterpart.
    static json group_of(const json& members) {
        const std::string& type = string_member(members, "type");
        json group;
        if (type == "mesh") {
            group = {{"type", "mesh"}, {"addresses", selectors(array_member(members, "members"))}};
        } else if (type == "disjoint") {
            group = {{"type", "disjoint"},
                     {"a-addresses", selectors(array_member(members, "a_members"))},
                     {"b-addresses", selectors(array_member(members, "b_members"))}};
        } else if (type == "star") {
            group = {{"type", "disjoint"},
                     {"a-addresses", selectors(json::array({string_member(members, "center_address")}))},
                     {"b-addresses", selectors(array_member(members, "members"))}};
        }
        const std::string& label = string_member(members, "address_map_field");
        if (!group.is_null() && !label.empty()) group["default-address-label"] = label;
        return group;
    }

    /// pSConfig drops an ordered_mesh as well: that is no fault of the document.
    void refuse_members(const std::string& test, const std::string& type, const Pointer& path) {
        std::string what = "test " + in_quotes(test);
        std::string reason =
            fmt::format("members of type {} have no counterpart in pSConfig", in_quotes(type));
        if (type == "ordered_mesh") {
            refusals_.remark(std::move(what), std::move(reason), path.at("members"));
        } else {
            refusals_.add(std::move(what), std::move(reason), path.at("members"));
        }
    }

    void add_test(const json& test, const Pointer& path) {
        std::string name = string_member(test, "description");
        std::ranges::replace(name, ' ', '_');
        if (name.empty()) name = "test";
        const std::string base = name;
        name = free_task_name(base);
        json group = group_of(object_member(test, "members"));
        if (group.is_null()) {
            if (!bool_member(test, "disabled")) static_cast<void>(archives_of(test)); // results may be there
            return refuse_members(base, string_member(object_member(test, "members"), "type"), path);
        }
        const json& parameters = object_member(test, "parameters");
        template_["groups"][name] = std::move(group);
        template_["tests"][name] = translated_test(parameters);
        json task{{"group", name}, {"test", name}};
        if (json schedule = translated_schedule(parameters); !schedule.is_null()) {
            task["schedule"] = add_schedule(std::move(schedule));
        }
        json archives = archives_of(test);
        append_missing(archives, mesh_archives_);
        if (!archives.empty()) task["archives"] = std::move(archives);
        if (bool_member(test, "disabled")) task["disabled"] = true;
        for (const json& reference : array_member(test, "references")) {
            if (const json* value = find_member(reference, "value"))
                task["reference"][string_member(reference, "name")] = *value;
        }
        template_["tasks"][name] = task;
        if (!bool_member(parameters, "force_bidirectional")) return;
        task["scheduled-by"] = 1;
        template_["tasks"][free_task_name(name + "_scheduled_by_dest")] = std::move(task);
    }

    /// NAME, else NAME_2, NAME_3 …
    std::string free_task_name(const std::string& base) {
        std::string name = base;
        int& number = task_numbers_.try_emplace(base, 1).first->second;
        while (template_["tasks"].contains(name))
            name = fmt::format("{}_{}", base, ++number);
        return name;
    }

    /// After the interval; where another test of this interval starts in other ways, after those as well.
    std::string add_schedule(json schedule) {
        json& schedules = template_["schedules"];
        std::string name = "repeat-" + string_member(schedule, "repeat");
        if (schedules.emplace(name, schedule).first.value() == schedule) return name;
        name += fmt::format("-slip-{}{}", string_member(schedule, "slip"),
                            bool_member(schedule, "sliprand") ? "" : "-not-random");
        schedules.emplace(name, std::move(schedule));
        return name;
    }

    const json& config_;
    RefusalList& refusals_;
    json template_ = json::object();
    json mesh_archives_;
    std::map<std::string, int> task_numbers_; ///< where the search for a free name goes on
    int unnamed_hosts_ = 0;
    bool has_refused_further_ = false;
};

} // namespace

json translate_meshconfig(const json& config, RefusalList& refusals) {
    return Translation(config, refusals).translate();
}

} // namespace meshprobe
