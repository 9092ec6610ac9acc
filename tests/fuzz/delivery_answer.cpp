// Whatever an OpenSearch or an esmond answers to what is delivered: each document asked about has one
// verdict, or all are asked about again; a key of metadata never leads out of the archive; a reason is one
// line.
#include "archiver/http_dialect.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/archiver/items.hpp"

#include <algorithm>

using namespace meshprobe;

namespace {

void check_reasons(const Outcome& outcome) {
    const auto is_line = [](const std::string& text) {
        return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
    };
    for (const Verdict& verdict : outcome.verdicts)
        fuzz::promise(is_line(verdict.reason), "a reason is one line of ASCII");
    fuzz::promise(is_line(outcome.error.message), "an error is one line of ASCII");
}

void check_bulk(const std::string& text) {
    static const test::Items items({"{}", "{}", "{}"});
    Archive archive;
    archive.http.batch = 3;
    archive.http.index = "{test-type}-{date}";
    const auto dialect = make_bulk_dialect(archive, "https://o.example.org");
    const auto outcome = dialect->hear(items.span(), {200, text, {}});
    const bool is_settled = outcome.kind == Outcome::Kind::settled && outcome.verdicts.size() == 3;
    fuzz::promise(is_settled || outcome.kind == Outcome::Kind::lost,
                  "each document has a verdict, or none has");
    check_reasons(outcome);
}

void check_esmond(const std::string& text) {
    static const test::Items items({R"({"metadata":{"source":"a"},"data":[{"ts":1,"val":[]}]})"});
    const auto dialect = make_esmond_dialect("https://m.example.org/archive/");
    static_cast<void>(dialect->ask(items.span()));
    const auto outcome = dialect->hear(items.span(), {201, text, {}});
    check_reasons(outcome);
    if (outcome.kind != Outcome::Kind::unfinished) return;
    const auto put = dialect->ask(items.span());
    constexpr std::string_view root = "https://m.example.org/archive/";
    fuzz::promise(put.method == "PUT" && put.url.starts_with(root), "points go below the archive");
    fuzz::promise(put.url.find_first_of("/. \r\n", root.size()) == put.url.size() - 1, "a key is a name");
}

/// The body of a message, and so of what a transform made of it.
void check_body(const std::string& text) {
    const test::Items items({text});
    Archive archive;
    archive.http.batch = 3;
    archive.http.index = "{test-type}-{date}";
    const auto bulk = make_bulk_dialect(archive, "https://o.example.org")->ask(items.span());
    const auto action = bulk.body.substr(0, bulk.body.find('\n'));
    fuzz::promise(action.starts_with(R"({"create":{"_index":")") && action.ends_with(R"(","_id":"run-0"}})"),
                  "an action is one line");
    const auto esmond = make_esmond_dialect("https://m.example.org/archive/");
    if (esmond->objection(items.span()[0]).empty()) static_cast<void>(esmond->ask(items.span()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::view(data, size));
    check_bulk(text);
    check_esmond(text);
    if (text.find('\n') == std::string::npos) check_body(text);
    return 0;
}
