// Checks of an entry as a whole, after its keys were read one by one: what is missing, what contradicts.
#pragma once

#include "lib/config/config.hpp"
#include "lib/config/reader.hpp"

namespace meshprobe {

void judge(Reader& reader, const Node::Entry& entry, const Mesh& mesh);
void judge(Reader& reader, const Node::Entry& entry, const Limit& limit);
void judge(Reader& reader, const Node::Entry& entry, const Transform& transform);
/// Also fills in what follows from other keys (the exchange of a format).
void judge(Reader& reader, const Node::Entry& entry, Archive& archive);
/// `config`: to know the archives. Also for the settings of a host.
void judge(Reader& reader, const Node::Entry& entry, const TaskSettings& settings, const Config& config);

} // namespace meshprobe
