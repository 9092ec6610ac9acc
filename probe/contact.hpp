// The first answer of a host: which of its archives, over which scheme, and what it lists as updated.
#pragma once

#include "lib/checkpoint/checkpoint.hpp"
#include "lib/http/session.hpp"
#include "probe/fetch/esmond.hpp"
#include "probe/windows.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace meshprobe {

/// What to ask, and how.
struct ContactSettings {
    const Paths& paths;
    HttpSession::Settings http;
    std::vector<std::string> archives; ///< as HostRecord::measurement_archives
    std::vector<std::string> event_types;
    std::vector<std::string> tests; ///< types; empty: all
    WindowRules rules;
    Timestamp clock = 0; ///< what the server's clock should say now, as far as known
    std::function<bool()> stop;
};

struct Contact {
    std::unique_ptr<HttpSession> session; ///< in one place: `search` refers to it
    std::unique_ptr<MetadataSearch> search;
    std::string url;
    MetadataSearch::Page page; ///< the first one
    PollPlan plan;
    bool has_date = false; ///< the server told its clock
};

/// Numbers also of the attempts that failed.
struct ContactAttempts {
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
    std::optional<Microseconds> wait_asked;
};

/// Says in `error` that plain http is not tried, if a server without TLS could be the cause. For when nothing
/// answered, and http was not tried.
void hint_at_plain_http(Error& error);

[[nodiscard]] Result<Contact> make_contact(const ContactSettings& settings, const Progress& progress,
                                           ContactAttempts& attempts);

} // namespace meshprobe
