// Any bytes as a mesh document: no crash, and no archive that is not a plain http(s) URL of a sound host.
#include "lib/host_name.hpp"
#include "lib/mesh/template.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace meshprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    for (const bool allow_private : {false, true}) {
        const auto read = read_mesh_template(fuzz::view(data, size));
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
