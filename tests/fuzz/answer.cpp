// Whatever a pScheduler or an OpenSearch answers: what is read of it can be copied and printed, paths stay
// below our own scheme and host, and a document of the archive becomes a record or an error.
#include "probe/fetch/answer.hpp"

#include "lib/json.hpp"
#include "lib/pscheduler/opensearch_document.hpp"
#include "lib/pscheduler/run_record.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace meshprobe;

namespace {

void check_search(std::string_view text) {
    const auto hit = read_search_hit(text);
    fuzz::promise(!hit || !*hit || (*hit)->sort.size() <= text.size(), "a hit is a view of the text");
    const auto page = read_search_page(text);
    if (!page) return;
    for (const auto document : page->documents) {
        const auto restored = restore_document(nlohmann::json::parse(document, nullptr, false));
        if (!restored) continue;
        const auto record = read_run_record(restored->document.dump());
        fuzz::promise(!record || record->subject.key.size() == 32, "a subject has an identity");
    }
}

void check_schedule(std::string_view text) {
    const auto schedule = read_schedule(text);
    if (!schedule) return;
    for (const auto& run : schedule->runs) {
        fuzz::promise(run.path.starts_with("/pscheduler/") && run.path.starts_with(run.task() + "/runs/"),
                      "a run is below its task");
        fuzz::promise(run.path.find_first_of(" \r\n") == std::string::npos, "a path is a path");
    }
}

void check_tasks(std::string_view text) {
    const auto list = read_tasks(text);
    if (!list) return;
    for (const auto& listed : list->tasks) {
        fuzz::promise(listed.path.starts_with("/pscheduler/"), "a task is below pScheduler's root");
        fuzz::promise(
            nlohmann::json::accept("{" + listed.task.members + ",\"d\":" + listed.task.duration + "}"),
            "a task can be written again");
    }
}

void check_run(std::string_view text) {
    const auto run = read_run(text);
    if (!run) return;
    const RunTask task{R"("test":{"type":"rtt"})", "null", false};
    fuzz::promise(nlohmann::json::accept(archived_document(task, *run)), "an archived document is JSON");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::Padded padded(fuzz::view(data, size));
    const auto text = padded.view();
    check_search(text);
    check_schedule(text);
    check_tasks(text);
    check_run(text);
    return 0;
}
