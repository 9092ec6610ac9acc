// Any document of JSON as a source of results: a jq program picks them, the document is read as a whole, and
// only if it is another one than last time.
#pragma once

#include "lib/config/config.hpp"
#include "lib/error.hpp"
#include "lib/http/session.hpp"
#include "probe/fetch/run_source.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace meshprobe {

/// `url` as configured, with `host` (HOST or HOST:PORT) in place of each "{host}".
[[nodiscard]] std::string document_address(std::string_view url, std::string_view host);

class HttpSource final : public RunSource {
  public:
    static constexpr std::uint64_t largest_document = 8ULL << 20;
    static constexpr std::uint64_t most_picked = 4ULL << 20; ///< bytes of all records
    static constexpr Microseconds longest_program =
        std::chrono::seconds(10); ///< of compiling, and of its run

    /// `known`: what version() said when the document was read last, or another source's URL, or nothing.
    HttpSource(HttpSession& session, HttpDocument document, std::string_view host, std::string known);

    /// The document is read for the first page; each has some of its records. `configuration` errors if the
    /// program cannot be had.
    [[nodiscard]] Result<std::optional<Page>> next(const std::function<bool()>& stop) override;
    [[nodiscard]] std::optional<Microseconds> wait_asked() const override { return wait_asked_; }

    /// What was read: the URL, in its fragment the program, and by which header the server tells whether it
    /// is still the same.
    [[nodiscard]] std::string version() const override { return version_; }

  private:
    [[nodiscard]] Status load_program();
    [[nodiscard]] HttpRequest request(std::string& body) const;
    /// Its date.
    [[nodiscard]] Result<std::optional<Timestamp>> read(const std::function<bool()>& stop);
    [[nodiscard]] Status pick(const std::string& body);
    void keep(std::string&& result);
    [[nodiscard]] Page next_records();

    HttpSession& session_;
    HttpDocument document_;
    std::string host_; ///< without port
    std::string known_;
    std::string version_;
    std::string script_;
    std::optional<Microseconds> wait_asked_;
    bool is_read_ = false;
    std::string records_; ///< one a line: as small as they can be held; what is behind them may be looked at
    std::size_t at_ = 0;  ///< of the next one
    std::uint64_t count_ = 0;
};

} // namespace meshprobe
