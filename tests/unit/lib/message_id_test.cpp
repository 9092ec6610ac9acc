#include "lib/file.hpp"
#include "lib/message_id.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <sstream>
#include <string>

using namespace meshprobe;

namespace {

std::string read_source(const std::string& path) {
    auto text = read_file(std::string(MESHPROBE_SOURCE_DIR "/") + path, 1U << 20);
    REQUIRE(text);
    return *text;
}

/// Entries of the catalog: id -> everything below it.
std::map<std::string, std::string> read_catalog() {
    std::map<std::string, std::string> entries;
    std::istringstream lines(read_source("units/meshprobe.catalog"));
    std::string id;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("-- ")) {
            id = line.substr(3);
            INFO(id);
            REQUIRE_FALSE(entries.contains(id));
        } else if (!id.empty() && !line.starts_with("#")) {
            entries[id] += line + "\n";
        }
    }
    return entries;
}

} // namespace

TEST_CASE("every message id is one of its own, and listed") {
    std::set<std::string_view> ids;
    std::set<std::string_view> names;
    for (const auto& message : message::all) {
        INFO(message.name);
        CHECK(message.id.size() == 32);
        CHECK(message.id.find_first_not_of("0123456789abcdef") == std::string_view::npos);
        CHECK(ids.insert(message.id).second);
        CHECK(names.insert(message.name).second);
    }
    const auto header = read_source("lib/message_id.hpp");
    std::size_t defined = 0;
    for (auto at = header.find("inline constexpr MessageId "); at != std::string::npos;
         at = header.find("inline constexpr MessageId ", at + 1))
        ++defined;
    CHECK(defined == message::all.size());
}

TEST_CASE("the catalog explains every message id, and no others") {
    auto catalog = read_catalog();
    for (const auto& message : message::all) {
        INFO(message.name);
        const auto entry = catalog.find(std::string(message.id));
        REQUIRE(entry != catalog.end());
        for (const std::string_view line : {"Subject: ", "Defined-By: meshprobe", "Documentation: man:"})
            CHECK(entry->second.find(line) != std::string::npos);
        const auto body = entry->second.find("\n\n");
        REQUIRE(body != std::string::npos);
        CHECK(entry->second.size() - body > 80); // what it means and what to do take a sentence each
        catalog.erase(entry);
    }
    CHECK(catalog.empty());
}
