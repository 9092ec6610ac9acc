#include "lib/record/identity.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <iterator>

namespace meshprobe {

namespace {

constexpr std::size_t digest_bytes = 16;

/// As a JSON string, whatever it was: esmond gives "20" where others give 20.
std::string quoted(const std::string& json_text) {
    return json_text.starts_with('"') ? json_text : '"' + json_text + '"';
}

/// The text is ASCII already.
std::string as_string(std::string_view json_text) {
    std::string text = "\"";
    for (const char c : json_text) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
    }
    return text + '"';
}

} // namespace

std::string subject_identity(const EntryMeta& meta, std::string_view test_spec) {
    std::string members = "{";
    const auto add = [&](std::string_view name, const std::string& value) {
        fmt::format_to(std::back_inserter(members), R"({}"{}":{})", members.size() > 1 ? "," : "", name,
                       value);
    };
    const auto add_known = [&](std::string_view name, const std::string& json_text) {
        if (!json_text.empty()) add(name, quoted(json_text));
    };
    // Sorted by name.
    add_known("destination", meta.destination);
    add_known("input-destination", meta.input_destination);
    add_known("input-source", meta.input_source);
    add_known("ip-transport-protocol", meta.ip_transport_protocol);
    add_known("measurement-agent", meta.measurement_agent);
    add_known("pscheduler-test-type", meta.test_type);
    add_known("source", meta.source);
    add_known("subject-type", meta.subject_type);
    if (!test_spec.empty()) add("test-spec", as_string(test_spec));
    add_known("time-duration", meta.time_duration);
    add_known("tool-name", meta.tool_name);
    members += '}';
    return identity_of(members);
}

std::string identity_of(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return {};
    std::string identity;
    for (std::size_t i = 0; i < digest_bytes; ++i)
        fmt::format_to(std::back_inserter(identity), "{:02x}", digest.at(i));
    return identity;
}

} // namespace meshprobe
