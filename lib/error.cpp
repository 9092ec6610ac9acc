#include "lib/error.hpp"

#include <cerrno>
#include <system_error>

namespace meshprobe {

tl::unexpected<Error> fail_errno(std::string_view what, int error_number) {
    return fail(ErrorKind::storage, std::string(what) + ": " + std::generic_category().message(error_number));
}

tl::unexpected<Error> fail_errno(std::string_view what) {
    return fail_errno(what, errno);
}

} // namespace meshprobe
