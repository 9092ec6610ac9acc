#include "lib/limit_list.hpp"

#include "lib/file.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <set>
#include <string_view>
#include <system_error>

namespace meshprobe {

namespace {

/// FNV-1a, 64 bits. The file says what it is a copy of, so a collision is no more than a missing copy.
std::string name_of(std::string_view key) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : key)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return fmt::format("{:016x}", hash);
}

} // namespace

Result<std::optional<LimitList>> read_limit_list(const Paths& paths, const std::string& key) {
    const auto text =
        read_file_if_exists(paths.limit_lists() / name_of(key), largest_limit_list * 2, Links::refuse);
    if (!text) return fail(text.error());
    if (!*text) return std::optional<LimitList>{};
    const auto json = nlohmann::json::parse(**text, nullptr, false);
    if (!json.is_object() || json.value("key", "") != key) return std::optional<LimitList>{};
    LimitList list;
    list.key = key;
    if (const auto found = json.find("text"); found != json.end() && found->is_string())
        list.text = found->get<std::string>();
    list.fetched_usec = json.value("fetched-usec", std::int64_t{0});
    list.tried_usec = json.value("tried-usec", std::int64_t{0});
    list.error = json.value("error", "");
    return std::optional(std::move(list));
}

Status write_limit_list(const Paths& paths, const LimitList& list) {
    if (auto made = make_directories(paths.limit_lists()); !made) return made;
    nlohmann::ordered_json json{{"key", list.key},
                                {"fetched-usec", list.fetched_usec},
                                {"tried-usec", list.tried_usec},
                                {"error", list.error}};
    if (list.text) json["text"] = *list.text;
    return write_file_durably(paths.limit_lists() / name_of(list.key),
                              json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

Status tidy_limit_lists(const Paths& paths, const std::vector<std::string>& keys) {
    std::set<std::string> wanted;
    for (const auto& key : keys)
        wanted.insert(name_of(key));
    std::error_code error;
    for (std::filesystem::directory_iterator entry(paths.limit_lists(), error), end; !error && entry != end;
         entry.increment(error)) {
        if (wanted.contains(entry->path().filename().string())) continue;
        if (::unlink(entry->path().c_str()) < 0) return fail_errno("remove " + entry->path().string());
    }
    return {};
}

} // namespace meshprobe
