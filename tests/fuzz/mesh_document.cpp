// Any bytes as a mesh document: no crash, and no archive that is not a plain http(s) URL of a sound host.
#include "lib/host_name.hpp"
#include "lib/mesh/document.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace meshprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    for (const bool allow_private : {false, true}) {
        const auto document = parse_mesh_document(fuzz::view(data, size), {.allow_private = allow_private});
        if (!document) {
            fuzz::promise(!document.error().message.empty(), "errors have words");
            continue;
        }
        for (const auto& archive : document->archives) {
            const auto host = parse_host_name(archive.host);
            fuzz::promise(host && host->text() == archive.host, "hosts are normalised");
            const auto url = parse_url(archive.url);
            fuzz::promise(url && url->host.text() == archive.host, "URLs lead to their host");
            fuzz::promise(archive.url.ends_with('/'), "URLs end with a slash");
        }
    }
    return 0;
}
