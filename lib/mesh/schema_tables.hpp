// The schema of pSConfig templates as tables: which object has which members, of what type, as perfSONAR 5.2
// checks them. `_meta` may stand in each. Private to lib/mesh.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace meshprobe::schema {

enum class Type {
    any,
    boolean,
    text,
    lines, ///< a string, or an array of them
    object,
    integer,
    cardinal, ///< integer, at least 1
    index,    ///< integer, at least 0
    name,
    names,
    texts,
    host,
    host_port,
    duration,
    moment, ///< time, duration or "@…"
    objects,
    address_map,
    remote_map,
    label_map,
    selector,
    selectors,
    excludes,
    filter,
    data_source,
    transform,
    ip_version,
    network, ///< address/bits
    offset,
};

struct Member {
    std::string_view name;
    Type type = Type::any;
    bool required = false;
};

inline constexpr std::array address_members{
    Member{"address", Type::host, true},
    Member{"host", Type::name},
    Member{"tags", Type::texts},
    Member{"labels", Type::label_map},
    Member{"remote-addresses", Type::remote_map},
    Member{"lead-bind-address", Type::host},
    Member{"pscheduler-address", Type::host_port},
    Member{"contexts", Type::names},
    Member{"disabled", Type::boolean},
    Member{"no-agent", Type::boolean},
};
inline constexpr std::array label_members{
    Member{"address", Type::host, true},
    Member{"lead-bind-address", Type::host},
    Member{"pscheduler-address", Type::host_port},
    Member{"contexts", Type::names},
    Member{"disabled", Type::boolean},
    Member{"no-agent", Type::boolean},
};
inline constexpr std::array remote_members{
    Member{"address", Type::host},           Member{"labels", Type::label_map},
    Member{"lead-bind-address", Type::host}, Member{"pscheduler-address", Type::host_port},
    Member{"contexts", Type::names},         Member{"disabled", Type::boolean},
    Member{"no-agent", Type::boolean},
};
inline constexpr std::array class_members{
    Member{"data-source", Type::data_source, true},
    Member{"match-filter", Type::filter},
    Member{"exclude-filter", Type::filter},
};
inline constexpr std::array archive_members{
    Member{"archiver", Type::text, true}, Member{"data", Type::any, true},
    Member{"transform", Type::transform}, Member{"ttl", Type::duration},
    Member{"label", Type::text},          Member{"runs", Type::text},
    Member{"schema", Type::cardinal},     Member{"uri-host", Type::host_port},
};
inline constexpr std::array transform_members{Member{"script", Type::lines, true},
                                              Member{"output-raw", Type::boolean}, Member{"args", Type::any}};
inline constexpr std::array context_members{Member{"context", Type::text, true},
                                            Member{"data", Type::any, true}};
inline constexpr std::array host_members{Member{"archives", Type::names}, Member{"tags", Type::texts},
                                         Member{"no-agent", Type::boolean},
                                         Member{"disabled", Type::boolean}};
inline constexpr std::array schedule_members{
    Member{"start", Type::moment},     Member{"until", Type::moment},    Member{"slip", Type::duration},
    Member{"sliprand", Type::boolean}, Member{"repeat", Type::duration}, Member{"max-runs", Type::cardinal},
};
inline constexpr std::array subtask_members{
    Member{"test", Type::name, true},  Member{"schedule-offset", Type::offset},
    Member{"disabled", Type::boolean}, Member{"archives", Type::names},
    Member{"tools", Type::texts},      Member{"reference", Type::any},
};
inline constexpr std::array offset_members{Member{"type", Type::text, true},
                                           Member{"relation", Type::text, true},
                                           Member{"offset", Type::duration, true}};
inline constexpr std::array task_members{
    Member{"group", Type::name, true},   Member{"test", Type::name, true}, Member{"schedule", Type::name},
    Member{"archives", Type::names},     Member{"tools", Type::texts},     Member{"priority", Type::integer},
    Member{"scheduled-by", Type::index}, Member{"reference", Type::any},   Member{"subtasks", Type::names},
    Member{"disabled", Type::boolean},
};
inline constexpr std::array test_members{Member{"type", Type::text, true}, Member{"spec", Type::any, true}};
inline constexpr std::array list_members{Member{"type", Type::text, true},
                                         Member{"addresses", Type::selectors, true},
                                         Member{"default-address-label", Type::name}};
inline constexpr std::array mesh_members{
    Member{"type", Type::text, true},
    Member{"addresses", Type::selectors, true},
    Member{"default-address-label", Type::name},
    Member{"excludes", Type::excludes},
    Member{"excludes-self", Type::text},
};
inline constexpr std::array disjoint_members{
    Member{"type", Type::text, true},
    Member{"a-addresses", Type::selectors, true},
    Member{"b-addresses", Type::selectors, true},
    Member{"unidirectional", Type::boolean},
    Member{"default-address-label", Type::name},
    Member{"excludes", Type::excludes},
    Member{"excludes-self", Type::text},
};
inline constexpr std::array name_selector{Member{"name", Type::name, true}, Member{"label", Type::name},
                                          Member{"disabled", Type::boolean}};
inline constexpr std::array class_selector{Member{"class", Type::name, true},
                                           Member{"disabled", Type::boolean}};
inline constexpr std::array exclude_members{Member{"local-address", Type::selector, true},
                                            Member{"target-addresses", Type::selectors, true}};
inline constexpr std::array data_source_members{Member{"type", Type::text, true}};

inline constexpr std::array tag_filter{Member{"type", Type::text, true}, Member{"tag", Type::text, true}};
inline constexpr std::array host_filter{Member{"type", Type::text, true}, Member{"tag", Type::text},
                                        Member{"no-agent", Type::boolean}, Member{"jq", Type::transform}};
inline constexpr std::array jq_filter{Member{"type", Type::text, true}, Member{"jq", Type::transform, true}};
inline constexpr std::array version_filter{Member{"type", Type::text, true},
                                           Member{"ip-version", Type::ip_version, true}};
inline constexpr std::array netmask_filter{Member{"type", Type::text, true},
                                           Member{"netmask", Type::network, true}};
inline constexpr std::array class_filter{Member{"type", Type::text, true}, Member{"class", Type::name, true}};
inline constexpr std::array operand_filter{Member{"type", Type::text, true},
                                           Member{"filters", Type::objects, true}};
inline constexpr std::array not_filter{Member{"type", Type::text, true},
                                       Member{"filter", Type::filter, true}};

struct Shape {
    std::string_view name;
    std::span<const Member> members;
};
inline constexpr std::array<Shape, 9> sections{{
    {"addresses", address_members},
    {"address-classes", class_members},
    {"archives", archive_members},
    {"contexts", context_members},
    {"hosts", host_members},
    {"schedules", schedule_members},
    {"subtasks", subtask_members},
    {"tasks", task_members},
    {"tests", test_members},
}};
inline constexpr std::array<Shape, 3> groups{
    {{"list", list_members}, {"mesh", mesh_members}, {"disjoint", disjoint_members}}};
inline constexpr std::array<Shape, 9> filters{{
    {"tag", tag_filter},
    {"host", host_filter},
    {"jq", jq_filter},
    {"ip-version", version_filter},
    {"netmask", netmask_filter},
    {"address-class", class_filter},
    {"and", operand_filter},
    {"or", operand_filter},
    {"not", not_filter},
}};
inline constexpr std::array required_sections{"addresses", "groups", "tests", "tasks"};

/// Members that hold one of a few words.
struct Choice {
    std::string_view member;
    std::array<std::string_view, 3> words;
};
inline constexpr std::array choices{
    Choice{"excludes-self", {"host", "address", "disabled"}},
    Choice{"runs", {"all", "succeeded", "failed"}},
};

} // namespace meshprobe::schema
