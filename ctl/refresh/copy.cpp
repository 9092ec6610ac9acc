#include "ctl/refresh/copy.hpp"

#include "lib/file.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/state.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <set>
#include <system_error>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::size_t largest_index = 4U << 20;
constexpr std::size_t largest_document = 20U << 20;

std::string digest(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr) != 1) size = 0;
    std::string hex;
    for (unsigned index = 0; index < size; ++index)
        hex += fmt::format("{:02x}", bytes.at(index));
    return hex;
}

json parse_index(std::string_view text) {
    json index = json::parse(text, nullptr, false);
    return index.is_object() ? index : json::object(); // damaged: everything is fetched again
}

std::string format_index(const MeshCopy& copy, const std::map<std::string, std::string, std::less<>>& files) {
    nlohmann::ordered_json index = nlohmann::ordered_json::object();
    for (const auto& [location, document] : copy) {
        index[location] = {{"file", files.at(location)},
                           {"url", document.url},
                           {"etag", document.etag},
                           {"last-modified", document.last_modified}};
    }
    return index.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

} // namespace

Result<MeshCopy> read_mesh_copy(const Paths& paths, std::string_view mesh) {
    const auto directory = mesh_copy_directory(paths, mesh);
    const auto index = read_file_if_exists(directory / "index", largest_index, Links::refuse);
    if (!index) return fail(index.error());
    MeshCopy copy;
    if (!*index) return copy;
    const json entries = parse_index(**index);
    for (const auto& [location, entry] : entries.items()) {
        const std::string file = string_member(entry, "file");
        if (file.empty() || file.find('/') != std::string::npos) continue;
        auto text = read_file_if_exists(directory / file, largest_document, Links::refuse);
        if (!text || !*text || digest(**text) != file) continue;
        copy[location] = {std::move(**text), string_member(entry, "url"), string_member(entry, "etag"),
                          string_member(entry, "last-modified")};
    }
    return copy;
}

Status write_mesh_copy(const Paths& paths, std::string_view mesh, const MeshCopy& copy) {
    const auto directory = mesh_copy_directory(paths, mesh);
    if (auto made = make_directories(directory); !made) return made;
    std::map<std::string, std::string, std::less<>> files;
    std::set<std::string, std::less<>> wanted{"facts", "index", "state"};
    for (const auto& [location, document] : copy) {
        const std::string file = digest(document.text);
        files[location] = file;
        wanted.insert(file);
        const auto existing = read_file_if_exists(directory / file, largest_document, Links::refuse);
        if (existing && *existing && **existing == document.text) continue;
        if (auto written = write_file_durably(directory / file, document.text); !written) return written;
    }
    const std::string index = format_index(copy, files);
    const auto existing = read_file_if_exists(directory / "index", largest_index, Links::refuse);
    if (!existing || !*existing || **existing != index) {
        if (auto written = write_file_durably(directory / "index", index); !written) return written;
    }
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        if (wanted.contains(entry->path().filename().string())) continue;
        if (::unlink(entry->path().c_str()) < 0) return fail_errno("remove " + entry->path().string());
    }
    return {};
}

Status remove_mesh_copy(const Paths& paths, std::string_view mesh) {
    std::error_code error;
    const auto directory = mesh_copy_directory(paths, mesh);
    std::filesystem::remove_all(directory, error);
    if (error)
        return fail(ErrorKind::storage, fmt::format("remove {}: {}", directory.string(), error.message()));
    return {};
}

} // namespace meshprobe
