// What an answer's header lines tell.
#pragma once

#include "lib/http/session.hpp"

#include <string_view>

namespace meshprobe {

/// A status line begins the response anew (100 Continue comes before the real answer); of the fields, those
/// that HttpResponse has are taken over, leniently: what cannot be read counts as absent.
void read_header_line(std::string_view line, HttpResponse& response);

} // namespace meshprobe
