// Any bytes as a mesh document, validated and expanded: no crash, bounded work, and tuples that are what they
// say.
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/template.hpp"
#include "lib/mesh/validate.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace meshprobe;

namespace {

void look_at(const MeshTask& task, const MeshTuple& tuple) {
    fuzz::promise(tuple.members.size() == task.dimension, "tuples have the members of their group");
    fuzz::promise(tuple.scheduler < tuple.members.size(), "a member schedules");
    fuzz::promise(!tuple.members[tuple.scheduler].no_agent, "who schedules has an agent");
    fuzz::promise(!tuple.disabled, "disabled ones are left out");
    for (const Participant& member : tuple.members)
        fuzz::promise(member.properties != nullptr && !member.address.empty(), "members have an address");
}

void expand(const MeshTemplate& read) {
    MeshExpansion expansion(read.document);
    for (const MeshTask& task : expansion.tasks()) {
        fuzz::promise(expansion.find(task.name) == &task, "tasks are found by their names");
        const auto done = expansion.each(task, [&](const MeshTuple& tuple) {
            look_at(task, tuple);
            const auto archives = expansion.archives(task, tuple);
            fuzz::promise(archives || !archives.error().message.empty(), "errors have words");
            for (std::size_t i = 0; archives && i < archives->size(); ++i)
                fuzz::promise((*archives)[i]->read_urls.empty() != (*archives)[i]->reason.empty(),
                              "no URL, a reason");
        });
        fuzz::promise(done || !done.error().message.empty(), "errors have words");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::view(data, size);
    const auto stages = validate_mesh_document(text, "https://mesh.example.org/m", {}, {});
    const auto read = read_mesh_template(text);
    fuzz::promise(read || !stages, "what cannot be read is not valid");
    if (read && read->document.is_object()) expand(*read);
    for (std::size_t i = 0; stages && i < stages->size(); ++i) {
        for (const MeshProblem& problem : (*stages)[i].problems)
            fuzz::promise(!problem.reason.empty() && problem.path.find('\n') == std::string::npos,
                          "problems are printable");
    }
    return 0;
}
