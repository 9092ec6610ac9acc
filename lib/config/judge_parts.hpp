// What the checks of several kinds of entries have in common.
#pragma once

#include "lib/config/connection.hpp"
#include "lib/config/reader.hpp"

#include <string>
#include <string_view>

namespace meshprobe {

/// At the key if it is written down, else at the entry.
void error_at(Reader& reader, const Node::Entry& entry, std::string_view key, const std::string& message);
void warning_at(Reader& reader, const Node::Entry& entry, std::string_view key, const std::string& message);

void warn_of_password(Reader& reader, const Node::Entry& entry, std::string_view key, std::string_view url,
                      std::string_view instead);

void judge_connection(Reader& reader, const Node::Entry& entry, const Connection& connection);
/// The same for a mesh or an archive, where nobody is there to accept a changed key.
void judge_fixed_trust(Reader& reader, const Node::Entry& entry, const Connection& connection);

} // namespace meshprobe
