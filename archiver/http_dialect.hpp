// How one kind of archive is spoken to over HTTP: which messages make up a request, and what its answer says
// of them. Pure: http_archive.hpp does the talking.
#pragma once

#include "archiver/archive_type.hpp"
#include "lib/http/session.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace meshprobe {

struct HttpAnswer {
    long status = 0;
    std::string body; ///< its beginning: see HttpArchive; of an answer that is no success 512 bytes
    std::optional<Microseconds> retry_after;

    [[nodiscard]] bool is_success() const { return status >= 200 && status <= 299; }
    /// "HTTP status 400: …", with the beginning of the body in printable ASCII.
    [[nodiscard]] std::string text() const;
};

/// What an answer means for the messages that were asked about.
struct Outcome {
    enum class Kind {
        settled,    ///< `verdicts` has one for each of them
        unfinished, ///< there is another request to make about them
        refused, ///< at least one of them will never be taken, and if they are several it is not said which
        unclear, ///< one of them is to blame, or the archive as a whole
        lost,    ///< none of them is to blame: `error`
    };
    Kind kind = Kind::settled;
    std::vector<Verdict> verdicts;
    Error error; ///< of all kinds but settled and unfinished: why
    /// Unclear: what becomes of a message that is to blame: refused, or later.
    Verdict::Kind blame = Verdict::Kind::refused;
};

class HttpDialect {
  public:
    HttpDialect() = default;
    HttpDialect(const HttpDialect&) = delete;
    HttpDialect& operator=(const HttpDialect&) = delete;
    virtual ~HttpDialect() = default;

    /// Why that archive is not even asked to take it; empty: it is.
    [[nodiscard]] virtual std::string objection(const Item& item) {
        static_cast<void>(item);
        return {};
    }
    /// How many of those that wait, from the first one on, go together; at least 1.
    [[nodiscard]] virtual std::size_t count(std::span<const Item> waiting) = 0;
    /// The next request about them: method, URL, header fields and body. Asked again after `unfinished`, and
    /// after any failure of the connection.
    [[nodiscard]] virtual HttpRequest ask(std::span<const Item> batch) = 0;
    [[nodiscard]] virtual Outcome hear(std::span<const Item> batch, const HttpAnswer& answer) = 0;
    /// The connection is gone, and the other side may be another one next time.
    virtual void forget() {}
};

/// Of an answer that is no success, as most servers mean it.
[[nodiscard]] Outcome outcome_of(const HttpAnswer& answer);
/// All of them have the same fate.
[[nodiscard]] Outcome settled(std::span<const Item> batch, Verdict::Kind kind,
                              const std::string& reason = {});

/// `url`: that of the section, without user and password.
[[nodiscard]] std::unique_ptr<HttpDialect> make_messages_dialect(const Archive& archive,
                                                                 const std::string& url);
[[nodiscard]] std::unique_ptr<HttpDialect> make_bulk_dialect(const Archive& archive, const std::string& url);
/// Here it ends with a slash.
[[nodiscard]] std::unique_ptr<HttpDialect> make_esmond_dialect(const std::string& url);

} // namespace meshprobe
