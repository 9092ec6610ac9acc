#include "ctl/mesh/document.hpp"
#include "ctl/mesh/source.hpp"
#include "ctl/output.hpp"
#include "lib/json.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>
#include <strings.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <span>

namespace meshprobe::command {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct Request {
    std::string source;
    std::optional<std::string> task;
    std::vector<std::string> match; ///< empty: all schedulers
    json requesting_agent;          ///< null: not known
};

Result<Request> read_request(const CommandLine& line, const std::vector<std::string>& arguments) {
    if (arguments.size() != 1) return fail(ErrorKind::usage, "say which mesh: a FILE or URL");
    Request request{arguments.front(), line.value("task"), {}, nullptr};
    for (const auto& [name, value] : line.given) {
        if (name == "match") request.match.push_back(value);
    }
    auto agent = read_requesting_agent(line);
    if (!agent) return fail(agent.error());
    request.requesting_agent = std::move(*agent);
    return request;
}

bool is_mine(const Request& request, const MeshTuple& tuple) {
    const std::string scheduler(tuple.members[tuple.scheduler].top_address);
    return request.match.empty() || std::ranges::any_of(request.match, [&](const std::string& mine) {
               return ::strcasecmp(mine.c_str(), scheduler.c_str()) == 0;
           });
}

ordered_json interval_json(const MeshTask& task) {
    if (!task.interval) return nullptr;
    if (std::floor(*task.interval) == *task.interval) return static_cast<std::int64_t>(*task.interval);
    return *task.interval;
}

ordered_json tuple_json(const MeshTask& task, const MeshTuple& tuple,
                        std::span<const MeshArchive* const> archives) {
    ordered_json object{
        {"task", task.name}, {"test-type", task.test_type}, {"addresses", ordered_json::array()}};
    for (const Participant& member : tuple.members)
        object["addresses"].push_back(member.address);
    object["scheduler"] = tuple.members[tuple.scheduler].address;
    object["flip"] = tuple.flip;
    object["interval"] = interval_json(task);
    object["archives"] = ordered_json::array();
    for (const MeshArchive* archive : archives)
        object["archives"].push_back(ordered_json(archive->object));
    return object;
}

std::vector<std::string> tuple_cells(const MeshTask& task, const MeshTuple& tuple,
                                     std::span<const MeshArchive* const> archives) {
    std::string members;
    for (const Participant& member : tuple.members)
        members += fmt::format("{}{}", members.empty() ? "" : " ", member.address);
    std::string names;
    for (const MeshArchive* archive : archives)
        names += fmt::format("{}{}", names.empty() ? "" : " ", archive->name);
    return {std::string(task.name),
            std::string(task.test_type),
            members,
            fmt::format("{}{}", tuple.members[tuple.scheduler].address, tuple.flip ? " (flip)" : ""),
            task.interval ? format_duration(std::chrono::duration_cast<Microseconds>(
                                std::chrono::duration<double>(*task.interval)))
                          : "-",
            names};
}

class Expanding {
  public:
    Expanding(const CommandLine& line, const Request& request)
        : line_(line), request_(request),
          table_({"TASK", "TEST", "ADDRESSES", "SCHEDULER", "INTERVAL", "ARCHIVES"}) {}

    void expand(const SourcePart& part) {
        MeshExpansion expansion(part.read.document, make_mesh_oracle(request_.requesting_agent));
        for (const MeshTask& task : expansion.tasks()) {
            if (request_.task && *request_.task != task.name) continue;
            found_ = true;
            if (task.disabled) continue;
            const std::string what = fmt::format("task {}", one_line(task.name));
            if (!task.problem.empty()) {
                left_out(part, what, task.problem);
                continue;
            }
            const auto done = expansion.each(task, [&](const MeshTuple& tuple) {
                if (!is_mine(request_, tuple)) return;
                const auto archives = expansion.archives(task, tuple);
                if (!archives) return left_out(part, what, archives.error().message);
                print(task, tuple, *archives);
            });
            if (!done) left_out(part, what, done.error().message);
        }
        for (const Refusal& refusal : expansion.refusals())
            left_out(part, refusal.what, refusal.reason);
    }

    [[nodiscard]] bool found() const { return found_ || !request_.task; }
    void finish() const {
        if (!line_.json) table_.print(!line_.has("no-legend"));
    }

  private:
    void print(const MeshTask& task, const MeshTuple& tuple, std::span<const MeshArchive* const> archives) {
        if (line_.json) {
            fmt::print("{}\n", tuple_json(task, tuple, archives)
                                   .dump(-1, ' ', false, ordered_json::error_handler_t::replace));
        } else {
            table_.add(tuple_cells(task, tuple, archives));
        }
    }

    void left_out(const SourcePart& part, const std::string& what, const std::string& reason) {
        if (said_.emplace(what, reason).second) {
            fmt::print(stderr, "meshprobectl: {}: left out: {}: {}\n", one_line(part.location),
                       one_line(what), one_line(reason));
        }
    }

    const CommandLine& line_;
    const Request& request_;
    Table table_;
    bool found_ = false;
    std::set<std::pair<std::string, std::string>> said_; ///< once, not for each of ten thousand tuples
};

} // namespace

ExitCode mesh_expand(const CommandLine& line, const std::vector<std::string>& arguments) {
    const auto request = read_request(line, arguments);
    if (!request) return complain_about_mesh(request.error());
    const auto source = load_mesh_source(line.paths, request->source);
    if (!source) return complain(source.error());
    for (const FailedDocument& failure : source->failures)
        fmt::print(stderr, "meshprobectl: {}: {}\n", one_line(failure.location), one_line(failure.reason));
    for (const Refusal& refusal : source->refusals)
        fmt::print(stderr, "meshprobectl: {}: {}\n", one_line(refusal.what), one_line(refusal.reason));
    Expanding expanding(line, *request);
    for (const SourcePart& part : source->parts)
        expanding.expand(part);
    expanding.finish();
    if (!expanding.found()) {
        return complain({ErrorKind::usage, fmt::format("the mesh has no task \"{}\"", *request->task)});
    }
    return source->failures.empty() ? ExitCode::success : ExitCode::partial;
}

} // namespace meshprobe::command
