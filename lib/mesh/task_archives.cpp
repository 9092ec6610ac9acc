#include "lib/mesh/task_archives.hpp"

#include "lib/mesh/extraction.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/read_url.hpp"
#include "lib/mesh/variables.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::size_t most_archives = 256; ///< of a task on a host: each is looked at for each of both

std::string compact(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool can_fail_late(const std::set<std::string>& variables) {
    return std::ranges::any_of(variables, is_jq_variable);
}

/// What variable_value() takes from nothing but the scheduler's address and `flip`.
bool are_of_scheduler(const std::set<std::string>& variables) {
    return std::ranges::all_of(variables, [](std::string_view name) {
        return name == "scheduled_by_address" || name == "localhost" || name == "flip";
    });
}

Status check_variables(const std::set<std::string>& variables, std::size_t dimension) {
    for (const std::string& name : variables) {
        if (auto checked = check_variable(name, dimension); !checked) return checked;
    }
    return {};
}

} // namespace

Result<std::vector<std::string>> written_read_urls(const json& archive) {
    for (const json* holder : {&archive, &object_member(archive, "data")}) {
        const json* url = find_member(object_member(*holder, "_meta"), "esmond_url");
        std::vector<std::string> urls;
        if (url != nullptr) append_include_strings(*url, urls);
        if (!urls.empty()) return urls;
    }
    const std::string& archiver = string_member(archive, "archiver");
    const json& data = object_member(archive, "data");
    if (archiver == "esmond") return std::vector{string_member(data, "url")};
    if (archiver == "http") {
        auto url = read_url_of_logstash(string_member(data, "_url"));
        if (!url) return fail(url.error());
        return std::vector{std::move(*url)};
    }
    if (archiver.empty()) return fail(ErrorKind::protocol, "it has no archiver");
    return fail(ErrorKind::protocol,
                fmt::format("results are only pushed to archiver {}", in_quotes(archiver)));
}

std::optional<std::string> written_search_url(const json& archive) {
    if (string_member(archive, "archiver") != "http") return std::nullopt;
    return search_url_of_logstash(string_member(object_member(archive, "data"), "_url"));
}

Result<std::span<const MeshArchive* const>> TaskArchives::of(const MeshTask& task, const MeshTuple& tuple) {
    const Participant& scheduler = tuple.members[tuple.scheduler];
    Sources& sources = sources_of(task, scheduler);
    if (sources.error) return fail(*sources.error);
    if (auto checked = check_contexts(task, tuple, sources); !checked) return fail(checked.error());
    const auto jq = [&](const std::string& program) { return jq_value(program, task, tuple, sources); };
    for (const Source& other : sources.others) {
        if (auto value = with_variables(*other.object, {tuple, jq}); !value)
            return fail(value.error().in(other.name));
    }
    if (sources.constant) return *sources.constant;
    if (!sources.of_scheduler) {
        if (auto made = make(task, tuple, sources, made_); !made) return fail(made.error());
        return made_;
    }
    const Scheduler key{scheduler.address, tuple.flip};
    // An address is a place in the document: what is the same need not be compared.
    if (const auto* last = sources.last;
        last != nullptr && last->first.first.data() == key.first.data() && last->first.second == key.second)
        return last->second;
    const auto [entry, is_new] = sources.by_scheduler.try_emplace(key);
    if (is_new) {
        if (auto made = make(task, tuple, sources, entry->second); !made) {
            sources.by_scheduler.erase(entry);
            return fail(made.error());
        }
    }
    sources.last = &*entry;
    return entry->second;
}

Status TaskArchives::make(const MeshTask& task, const MeshTuple& tuple, const Sources& sources,
                          Archives& archives) {
    archives.clear();
    for (const Source& source : sources.archives) {
        auto archive = expanded(source, task, tuple, sources);
        if (!archive) return fail(archive.error().in("archive " + in_quotes(source.name)));
        if (std::ranges::none_of(archives, [&](const MeshArchive* known) {
                return known == *archive || known->object == (*archive)->object;
            })) {
            archives.push_back(*archive);
        }
    }
    return {};
}

TaskArchives::Sources& TaskArchives::sources_of(const MeshTask& task, const Participant& scheduler) {
    const Place place{task.task, scheduler.host};
    if (last_sources_ != nullptr && place == last_place_) return *last_sources_;
    const auto [entry, is_new] = sources_.try_emplace(place);
    Sources& sources = entry->second;
    last_place_ = place;
    last_sources_ = &sources;
    if (!is_new) return sources;
    auto done = add_archives(task, *task.task, sources);
    if (done && scheduler.host != nullptr) done = add_archives(task, *scheduler.host, sources);
    for (const auto& [name, object] : {std::pair("its test", task.test),
                                       std::pair("its reference", find_member(*task.task, "reference"))}) {
        if (!done || object == nullptr) continue;
        auto variables = variables_in(*object);
        if (auto checked = check_variables(variables, task.dimension); !checked)
            done = fail(checked.error().in(name));
        if (can_fail_late(variables) && oracle_.has_jq())
            sources.others.push_back({name, object, std::move(variables), true});
    }
    if (!done) {
        sources.error = done.error();
    } else if (std::ranges::all_of(sources.archives,
                                   [](const Source& source) { return source.variables.empty(); })) {
        Archives constant;
        for (const Source& source : sources.archives) {
            auto& archive = archives_[{source.object, {}}];
            if (!archive) {
                auto object = with_variables(*source.object, {MeshTuple{}, {}}); // puts brackets round IPv6
                archive = std::make_unique<MeshArchive>(made(source, object ? *object : *source.object));
            }
            if (std::ranges::none_of(
                    constant, [&](const MeshArchive* known) { return known->object == archive->object; })) {
                constant.push_back(archive.get());
            }
        }
        sources.constant = std::move(constant);
    } else {
        sources.of_scheduler = std::ranges::all_of(
            sources.archives, [](const Source& source) { return are_of_scheduler(source.variables); });
    }
    return sources;
}

Status TaskArchives::add_archives(const MeshTask& task, const json& holder, Sources& sources) {
    const json& archives = object_member(document_, "archives");
    for (const json& reference : array_member(holder, "archives")) {
        const std::string name = reference.is_string() ? reference.get<std::string>() : compact(reference);
        const json* archive = find_member(archives, name);
        if (archive == nullptr || !archive->is_object())
            return fail(ErrorKind::protocol, fmt::format("there is no archive {}", in_quotes(name)));
        if (std::ranges::find(sources.archives, name, &Source::name) != sources.archives.end()) continue;
        if (sources.archives.size() == most_archives) {
            return fail(ErrorKind::protocol,
                        fmt::format("its results would go to more than {} archives", most_archives));
        }
        auto variables = variables_in(*archive);
        if (auto checked = check_variables(variables, task.dimension); !checked)
            return fail(checked.error().in("archive " + in_quotes(name)));
        const bool asks_jq = can_fail_late(variables);
        sources.archives.push_back({name, archive, std::move(variables), asks_jq});
    }
    return {};
}

Result<std::vector<const json*>> TaskArchives::contexts_of(const Participant& member) const {
    std::vector<const json*> contexts;
    for (const json& reference : array_member(*member.properties, "contexts")) {
        const json* context = reference.is_string() ? find_member(object_member(document_, "contexts"),
                                                                  reference.get_ref<const std::string&>())
                                                    : nullptr;
        if (context == nullptr) {
            return fail(ErrorKind::protocol,
                        fmt::format("there is no context {}",
                                    in_quotes(reference.is_string() ? reference.get<std::string>()
                                                                    : compact(reference))));
        }
        contexts.push_back(context);
    }
    return contexts;
}

Status TaskArchives::check_contexts(const MeshTask& task, const MeshTuple& tuple, const Sources& sources) {
    const auto jq = [&](const std::string& program) { return jq_value(program, task, tuple, sources); };
    for (const Participant& member : tuple.members) {
        if (!member.has_contexts) continue;
        const auto contexts = contexts_of(member);
        if (!contexts) return fail(contexts.error());
        for (const json* context : *contexts) {
            const auto variables = variables_in(*context);
            auto checked = check_variables(variables, task.dimension);
            if (checked && can_fail_late(variables) && oracle_.has_jq()) {
                if (auto value = with_variables(*context, {tuple, jq}); !value) checked = fail(value.error());
            }
            if (!checked) return fail(checked.error().in("a context of " + in_quotes(member.name)));
        }
    }
    return {};
}

/// Few values in very many tuples: each combination is made once. What jq makes may depend on everything.
Result<const MeshArchive*> TaskArchives::expanded(const Source& source, const MeshTask& task,
                                                  const MeshTuple& tuple, const Sources& sources) {
    constexpr std::size_t most_kept = 100'000;
    VariableValues values{tuple, {}};
    std::string key;
    for (const std::string& variable : source.variables) {
        if (is_jq_variable(variable)) continue;
        const auto value = variable_value(variable, values);
        if (!value) return fail(value.error());
        key += '\n';
        key += value->is_string() ? value->get_ref<const std::string&>() : value->dump();
        if (variable == "localhost") key += tuple.members[tuple.scheduler].address;
    }
    if (const auto known = archives_.find({source.object, key}); !source.asks_jq && known != archives_.end())
        return known->second.get();
    if (archives_.size() >= most_kept)
        return fail(ErrorKind::protocol, fmt::format("the archives expand to more than {}", most_kept));
    values.jq = [&](const std::string& program) { return jq_value(program, task, tuple, sources); };
    auto object = with_variables(*source.object, values);
    if (!object) return fail(object.error());
    if (source.asks_jq) key += '\n' + compact(*object);
    // To whoever reads, "localhost" is the host that wrote.
    values.localhost = Localhost::scheduler;
    json as_read = *object;
    if (source.variables.contains("localhost")) {
        auto replaced = with_variables(*source.object, values);
        if (!replaced) return fail(replaced.error());
        as_read = std::move(*replaced);
    }
    auto archive = std::make_unique<MeshArchive>(made(source, std::move(as_read)));
    archive->object = std::move(*object);
    return archives_.try_emplace({source.object, std::move(key)}, std::move(archive)).first->second.get();
}

Result<json> TaskArchives::jq_value(const std::string& program, const MeshTask& task, const MeshTuple& tuple,
                                    const Sources& sources) {
    if (!oracle_.has_jq()) return fail(ErrorKind::protocol, "jq is not evaluated here");
    json input{{"addresses", json::array()}, {"archives", json::array()}, {"contexts", json::array()},
               {"hosts", json::array()},     {"task", *task.task},        {"test", nullptr}};
    for (const Participant& member : tuple.members) {
        input["addresses"].push_back(*member.properties);
        input["hosts"].push_back(member.host != nullptr ? *member.host : json::object());
        json of_member = json::array();
        if (const auto contexts = contexts_of(member)) {
            for (const json* context : *contexts)
                of_member.push_back(*context);
        }
        input["contexts"].push_back(std::move(of_member));
    }
    for (const Source& archive : sources.archives)
        input["archives"].push_back(*archive.object);
    if (task.test != nullptr) input["test"] = *task.test;
    if (task.schedule != nullptr) input["schedule"] = *task.schedule;
    auto result = oracle_.first_result(program, input);
    if (!result) return fail(result.error().in("jq " + in_quotes(program)));
    if (!*result) return fail(ErrorKind::protocol, fmt::format("jq {} gives no result", in_quotes(program)));
    return std::move(**result);
}

MeshArchive TaskArchives::made(const Source& source, json object) const {
    MeshArchive archive{source.name, std::move(object), {}, {}};
    const auto urls = written_read_urls(archive.object);
    if (!urls) archive.reason = urls.error().message;
    for (const std::string& url : urls ? *urls : std::vector<std::string>{}) {
        auto read = normal_read_url(url, oracle_.answers().rules);
        if (read) {
            archive.read_urls.push_back(std::move(*read));
        } else {
            archive.reason = read.error().message;
        }
    }
    if (!archive.read_urls.empty()) archive.reason.clear();
    archive.search_url = written_search_url(archive.object);
    return archive;
}

} // namespace meshprobe
