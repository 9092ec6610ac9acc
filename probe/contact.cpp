#include "probe/contact.hpp"

#include "probe/fetch/archive_url.hpp"

#include <fmt/core.h>

namespace meshprobe {

namespace {

/// Clocks that differ by less are taken for equal; a first search begins so much earlier than it should, that
/// it need not be repeated when the server tells its time.
constexpr Timestamp tolerance = 300;

/// No connection came about, for a reason that a server without TLS would give as well. A proxy has its own.
bool may_be_plain_http(const Error& error) {
    return error.kind == ErrorKind::unreachable && error.message.find("resolve") == std::string::npos &&
           error.message.find(" through proxy ") == std::string::npos;
}

/// Searches; and again, further back, if the server's clock shows that the first guess was wrong.
Result<MetadataSearch::Page> search(Contact& contact, const ContactSettings& settings,
                                    const Progress& progress) {
    const Flavour known = to_series_flavour(progress.flavour);
    const PollPlan guess = plan_poll(progress, settings.clock, settings.rules, known);
    const bool by_clock = guess.first_contact || guess.reread || guess.gap;
    const Timestamp from = std::max(Timestamp{1}, guess.search_from - (by_clock ? tolerance : 0));
    contact.search = std::make_unique<MetadataSearch>(*contact.session, contact.url, from,
                                                      settings.event_types, settings.tests);
    auto page = contact.search->next(settings.stop);
    if (!page) return fail(page.error());
    if ((*page)->date > latest_timestamp) (*page)->date.reset(); // no time that could be written down
    contact.has_date = (*page)->date.has_value();
    contact.plan = plan_poll(progress, (*page)->date.value_or(settings.clock), settings.rules, known);
    if (contact.plan.search_from >= from) return std::move(**page);

    contact.search = std::make_unique<MetadataSearch>(*contact.session, contact.url, contact.plan.search_from,
                                                      settings.event_types, settings.tests);
    page = contact.search->next(settings.stop);
    if (!page) return fail(page.error());
    return std::move(**page);
}

} // namespace

void hint_at_plain_http(Error& error) {
    if (may_be_plain_http(error))
        error.message += " (if this host speaks plain http only, set http-fallback: true for it)";
}

Result<Contact> make_contact(const ContactSettings& settings, const Progress& progress,
                             ContactAttempts& attempts) {
    const bool http_fallback = settings.http.connection.http_fallback;
    const auto urls = candidate_urls(settings.archives, progress.archive_url, http_fallback);
    std::optional<Error> first_error;
    std::string answered; // its twin is not tried over weaker transport
    for (const auto& url : urls) {
        if (differ_in_scheme_only(url, answered) && !url.starts_with("https:")) continue;
        auto session = HttpSession::create(settings.paths, settings.http);
        if (!session) return fail(session.error());
        Contact contact;
        contact.session = std::make_unique<HttpSession>(std::move(*session));
        contact.url = url;
        auto page = search(contact, settings, progress);
        if (page) {
            contact.page = std::move(*page);
            return contact;
        }
        attempts.requests += contact.session->requests();
        attempts.bytes += contact.session->bytes();
        attempts.wait_asked = contact.search->wait_asked();
        const auto kind = page.error().kind;
        const bool is_final = kind == ErrorKind::untrusted || kind == ErrorKind::interrupted ||
                              kind == ErrorKind::credentials || kind == ErrorKind::configuration ||
                              attempts.wait_asked;
        if (is_final) return fail(page.error());
        if (contact.session->connected()) answered = url;
        // The first one says most: the others are twins and stand-ins.
        if (!first_error) first_error = page.error();
    }
    if (!first_error) return fail(ErrorKind::configuration, "no measurement archive is known for this host");
    if (answered.empty() && !http_fallback) hint_at_plain_http(*first_error);
    return fail(*first_error);
}

} // namespace meshprobe
