// How archives over HTTP are asked to take messages: those of the archivers http, opensearch and esmond.
#pragma once

#include "lib/units_of_measure.hpp"

#include <chrono>
#include <map>
#include <string>

namespace meshprobe {

/// What the body of a request is.
enum class HttpBody {
    message, ///< one message as it is
    array,   ///< a JSON array of messages
    ndjson,  ///< a message on each line
};

struct HttpDelivery {
    std::string method = "POST";
    std::map<std::string, std::string, std::less<>> headers; ///< with an empty value: not sent
    HttpBody body = HttpBody::message;
    unsigned batch = 1;                              ///< messages in one request, at most
    std::string index;                               ///< of opensearch, a template
    Microseconds timeout = std::chrono::seconds(30); ///< without a byte in either direction
};

} // namespace meshprobe
