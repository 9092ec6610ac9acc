// bare-poster URL REQUESTS SIZE: the least that a C program must do to POST over one kept connection, with
// libcurl as its examples do it. What the archivers over HTTP are measured against.
#include <curl/curl.h>

#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const long requests = std::atol(argv[2]);
    const std::string body(static_cast<std::size_t>(std::atol(argv[3])), 'x');
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL* handle = curl_easy_init();
    curl_slist* fields = curl_slist_append(nullptr, "Content-Type: application/json");
    fields = curl_slist_append(fields, "Expect:");
    curl_easy_setopt(handle, CURLOPT_URL, argv[1]);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    for (long sent = 0; sent < requests; ++sent) {
        long status = 0;
        if (curl_easy_perform(handle) != CURLE_OK) return 1;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        if (status != 204) return 1;
    }
    curl_slist_free_all(fields);
    curl_easy_cleanup(handle);
    return 0;
}
