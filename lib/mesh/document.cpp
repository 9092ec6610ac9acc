#include "lib/mesh/document.hpp"

#include "lib/mesh/extraction.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/location.hpp"
#include "lib/mesh/oracle.hpp"
#include "lib/mesh/pointer.hpp"
#include "lib/mesh/schema.hpp"
#include "lib/mesh/template.hpp"
#include "lib/mesh/translation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace meshprobe {

namespace {

using nlohmann::json;

bool has_any(const json& object, std::initializer_list<std::string_view> names, json::value_t type) {
    return std::ranges::any_of(names, [&](std::string_view name) {
        const json* member = find_member(object, name);
        return member != nullptr && member->type() == type;
    });
}

/// `addresses` or `includes` make a template, `organizations` a MeshConfig; a file that an administrator
/// keeps by hand may hold less, so any section of the right type will do.
Result<MeshForm> form_of(const json& document, DocumentRole role) {
    using enum nlohmann::detail::value_t; // clang 14 takes no alias here
    if (document.is_array() && role == DocumentRole::whole) return MeshForm::include_list;
    if (role == DocumentRole::template_part && document.is_object() && !document.empty() &&
        !document.contains("error")) {
        return MeshForm::psconfig; // any section, or only "_meta"
    }
    if (has_any(document, {"addresses", "archives", "groups", "hosts", "tasks", "tests", "address-classes"},
                object) ||
        has_any(document, {"includes"}, array) || has_any(document, {"includes"}, string)) {
        return MeshForm::psconfig;
    }
    if (has_any(document, {"organizations", "tests", "measurement_archives", "hosts"}, array))
        return MeshForm::meshconfig;
    // A list of one item without its brackets, or a MeshConfig that is nothing but an include.
    if (has_any(document, {"include"}, array) || has_any(document, {"include"}, string))
        return MeshForm::include_list;
    if (role == DocumentRole::meshconfig_part && document.is_object() && !document.empty() &&
        !document.contains("error")) {
        return MeshForm::meshconfig; // anything may be merged into a host, a site …
    }
    return fail(ErrorKind::protocol,
                fmt::format("{}: neither an include list nor a pSConfig template nor a MeshConfig",
                            describe_json(document)));
}

Result<std::vector<std::string>> list_includes(const json& document) {
    std::vector<std::string> includes;
    if (document.is_object()) append_include_strings(document.at("include"), includes);
    if (!document.is_array()) return includes;
    for (const json& item : document) {
        if (const json* include = find_member(item, "include")) append_include_strings(*include, includes);
    }
    if (includes.empty() && !document.empty()) {
        return fail(ErrorKind::protocol, "a JSON array without any \"include\": not an include list");
    }
    return includes;
}

Result<std::vector<std::string>> written_includes(const json& document, MeshForm form, DocumentRole role) {
    std::vector<std::string> includes;
    if (role == DocumentRole::template_part) return includes;
    if (form == MeshForm::include_list) return list_includes(document);
    if (form == MeshForm::meshconfig) {
        find_meshconfig_includes(document, includes);
    } else if (const json* member = find_member(document, "includes")) {
        append_include_strings(*member, includes);
    }
    return includes;
}

/// What of `include` is no string, at `path`.
void find_idle(const json& include, const Pointer& path, std::vector<MeshProblem>& problems) {
    if (include.is_string()) return;
    if (!include.is_array()) return problems.push_back({path.text(), "expected an array of URLs"});
    for (std::size_t index = 0; index < include.size(); ++index) {
        if (!include[index].is_string()) problems.push_back({path.at(index).text(), "expected a URL"});
    }
}

} // namespace

std::vector<MeshProblem> idle_includes(const json& document, MeshForm form) {
    std::vector<MeshProblem> problems;
    if (form == MeshForm::psconfig && document.contains("includes")) {
        find_idle(document.at("includes"), Pointer().at("includes"), problems);
    } else if (form == MeshForm::include_list && document.is_object()) {
        find_idle(document.at("include"), Pointer().at("include"), problems);
    }
    for (std::size_t index = 0; document.is_array() && index < document.size(); ++index) {
        const Pointer path = Pointer().at(index);
        if (const json* include = find_member(document[index], "include")) {
            find_idle(*include, path.at("include"), problems);
        } else {
            problems.push_back({path.text(), "expected an object with \"include\", an array of URLs"});
        }
    }
    return problems;
}

std::string name_of_document(std::string_view location) {
    return location.empty() ? "the document" : "document " + in_quotes(location);
}

Result<MeshOutline> outline_mesh(const json& document, std::string_view location, DocumentRole role) {
    const auto form = form_of(document, role);
    if (!form) return fail(form.error());
    const auto includes = written_includes(document, *form, role);
    if (!includes) return fail(includes.error());
    MeshOutline outline;
    outline.form = *form;
    outline.include_role = *form == MeshForm::include_list ? DocumentRole::whole
                           : *form == MeshForm::psconfig   ? DocumentRole::template_part
                                                           : DocumentRole::meshconfig_part;
    std::set<std::string> seen;
    for (const std::string& include : *includes) {
        auto target = resolve_location(location, include);
        if (!target) {
            outline.refusals.push_back({"include " + in_quotes(include), target.error().message});
        } else if (seen.insert(*target).second) {
            outline.includes.push_back(std::move(*target));
        }
    }
    if (role == DocumentRole::template_part) return outline; // what it includes is ignored
    for (const MeshProblem& problem : idle_includes(document, *form)) {
        constexpr std::size_t most = 1000;
        if (outline.refusals.size() < most)
            outline.refusals.push_back({name_of_document(location), problem.text()});
    }
    return outline;
}

Result<MeshOutline> outline_mesh_document(std::string_view text, std::string_view location,
                                          DocumentRole role) {
    const auto document = parse_json_text(text);
    if (!document) return fail(document.error());
    return outline_mesh(*document, location, role);
}

Result<MeshTemplate> read_mesh_template(std::string_view text, std::string_view location,
                                        const IncludeLookup& lookup) {
    MeshTemplate read;
    std::vector<MeshProblem> problems;
    auto document = parse_json_text(text, &problems);
    if (!document) return fail(document.error());
    auto outlined = outline_mesh(*document, location, DocumentRole::whole);
    if (!outlined) return fail(outlined.error());
    read.form = outlined->form;
    for (Refusal& refusal : outlined->refusals)
        read.refusals.push_back({std::move(refusal), {}, true});
    RefusalList refusals;
    if (read.form == MeshForm::psconfig) {
        merge_template_includes(*document, location, lookup, refusals);
    } else if (read.form == MeshForm::meshconfig) {
        merge_meshconfig_includes(*document, location, lookup, refusals);
        find_meshconfig_misfits(*document, problems);
        *document = translate_meshconfig(*document, refusals);
    }
    for (const MeshProblem& problem : problems)
        read.refusals.push_back({{name_of_document(location), problem.text()}, problem.path, true});
    read.refusals.insert(read.refusals.end(), refusals.all().begin(), refusals.all().end());
    if (read.form == MeshForm::include_list) {
        read.includes = std::move(outlined->includes);
    } else {
        read.document = std::move(*document);
    }
    return read;
}

MeshDocument extract_measurement_archives(const MeshTemplate& read, MeshOracle oracle) {
    Extraction extraction(oracle.rules);
    if (read.form != MeshForm::include_list) extract_template(read.document, std::move(oracle), extraction);
    MeshDocument result;
    result.form = read.form;
    result.includes = read.includes;
    result.refusals.assign(read.refusals.begin(), read.refusals.end());
    extraction.move_into(result);
    return result;
}

} // namespace meshprobe
