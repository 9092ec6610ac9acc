// Checks of an archive's section, those of each archiver: lib/config/archivers.hpp calls them.
#pragma once

#include "lib/config/archive.hpp"
#include "lib/config/reader.hpp"

namespace meshprobe {

void judge_esmond(Reader& reader, const Node::Entry& entry, Archive& archive);
void judge_http(Reader& reader, const Node::Entry& entry, Archive& archive);
void judge_opensearch(Reader& reader, const Node::Entry& entry, Archive& archive);
void judge_file(Reader& reader, const Node::Entry& entry, Archive& archive);
void judge_rabbitmq(Reader& reader, const Node::Entry& entry, Archive& archive);
void judge_sqlite(Reader& reader, const Node::Entry& entry, Archive& archive);
void judge_syslog(Reader& reader, const Node::Entry& entry, Archive& archive);
void judge_tcp(Reader& reader, const Node::Entry& entry, Archive& archive);
void judge_udp(Reader& reader, const Node::Entry& entry, Archive& archive);

} // namespace meshprobe
