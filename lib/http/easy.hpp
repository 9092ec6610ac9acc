// libcurl's handles, owned; and the one place that calls curl_easy_setopt.
#pragma once

#include "lib/error.hpp"

#include <curl/curl.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace meshprobe {

struct EasyDeleter {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiDeleter {
    void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;
using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

/// An option libcurl does not take is a bug of ours or a libcurl built without it: either is worth a loud
/// end.
template <class Value>
void set_option(CURL* handle, CURLoption option, Value value) {
    if (const auto code = curl_easy_setopt(handle, option, value); code != CURLE_OK) {
        throw std::runtime_error(std::string("libcurl refuses an option: ") + curl_easy_strerror(code));
    }
}

inline void append_header(HeaderList& list, const std::string& header) {
    // On failure curl_slist_append returns null and leaves the list as it was.
    if (auto* longer = curl_slist_append(list.get(), header.c_str()); longer != nullptr) {
        static_cast<void>(list.release());
        list.reset(longer);
    }
}

} // namespace meshprobe
