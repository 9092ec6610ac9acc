// Any bytes as a mesh document: no crash, and no archive that is not a plain http(s) URL of a sound host.
#include "lib/host_name.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/quick_json.hpp"
#include "lib/mesh/template.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace meshprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::view(data, size);
    if (const auto quick = parse_quickly(text, deepest_nesting)) {
        // Members that are comments are dropped, so the texts may differ; but never is it more lenient.
        const auto slow = nlohmann::json::parse(text, nullptr, false);
        fuzz::promise(!slow.is_discarded(), "what is read quickly is JSON");
        fuzz::promise(text.find('#') != std::string_view::npos || *quick == slow, "both ways are the same");
    }
    for (const bool allow_private : {false, true}) {
        const auto read = read_mesh_template(text);
        if (!read) {
            fuzz::promise(!read.error().message.empty(), "errors have words");
            continue;
        }
        const auto document =
            extract_measurement_archives(*read, {.rules = {.allow_private = allow_private}});
        for (const auto& archive : document.archives) {
            const auto host = parse_host_name(archive.host);
            fuzz::promise(host && host->text() == archive.host, "hosts are normalised");
            const auto url = parse_url(archive.url);
            fuzz::promise(url && url->host.text() == archive.host, "URLs lead to their host");
            fuzz::promise(archive.url.ends_with('/'), "URLs end with a slash");
        }
    }
    return 0;
}
