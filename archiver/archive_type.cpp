#include "archiver/archive_type.hpp"

#include <fmt/core.h>

#include <array>

namespace meshprobe {
namespace {

struct Row {
    std::string_view name;
    ArchiveFactory make;
};

constexpr std::array types{
    Row{"esmond", make_esmond},         Row{"file", make_file},         Row{"http", make_http},
    Row{"opensearch", make_opensearch}, Row{"rabbitmq", make_rabbitmq}, Row{"sqlite", make_sqlite},
    Row{"syslog", make_syslog},         Row{"tcp", make_tcp},           Row{"udp", make_udp},
};

} // namespace

Result<std::unique_ptr<ArchiveType>> make_archive(const ArchiveContext& context) {
    std::string known;
    for (const Row& row : types) {
        if (row.name == context.archive.archiver)
            return context.archive.shadow ? make_shadow(context) : row.make(context);
        known += fmt::format("{}{}", known.empty() ? "" : ", ", row.name);
    }
    return fail(ErrorKind::configuration,
                fmt::format("archives.{}.archiver: '{}' is not an archiver of this version; it knows {}",
                            context.archive.name, context.archive.archiver, known));
}

} // namespace meshprobe
