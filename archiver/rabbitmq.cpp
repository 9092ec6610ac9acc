#include "archiver/archive_type.hpp"
namespace meshprobe {
Result<std::unique_ptr<ArchiveType>> make_rabbitmq(const ArchiveContext&) {
    return fail(ErrorKind::configuration, "archiver rabbitmq is not built in");
}
} // namespace meshprobe
