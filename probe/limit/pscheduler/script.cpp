#include "probe/limit/pscheduler/script.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace meshprobe::pscheduler {

namespace {

constexpr std::array<std::string_view, 2> modules{"pscheduler/iso8601", "pscheduler/si"};

/// Of jq 1.7, which administrators of pScheduler have.
constexpr std::string_view newer_builtins = "def pick(pathexps): . as $top | reduce path(pathexps) as $path "
                                            "(null; setpath($path; $top | getpath($path))); ";

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '.' || c == ':';
}

/// Goes over a program, and knows what is a string and what is a comment.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    /// The program without its imports, which go to `imports`, on one line.
    Result<std::string> split(std::string& imports) {
        std::string rest;
        while (at_ < text_.size()) {
            if (is_at_import()) {
                const auto begin = at_;
                auto statement = import();
                if (!statement) return fail(statement.error());
                imports += *statement;
                const auto taken = text_.substr(begin, at_ - begin);
                rest.append(static_cast<std::size_t>(std::ranges::count(taken, '\n')), '\n');
            } else {
                rest += take();
            }
        }
        return rest;
    }

  private:
    [[nodiscard]] bool is_at_import() const {
        if (at_ > 0 && is_word(text_[at_ - 1])) return false;
        for (const std::string_view word : {"import", "include"}) {
            if (!text_.substr(at_).starts_with(word)) continue;
            const auto quote = text_.find_first_not_of(" \t\n", at_ + word.size());
            if (quote != std::string_view::npos && text_[quote] == '"') return true;
        }
        return false;
    }

    /// A string or a comment as a whole, else one byte.
    std::string_view take() {
        const auto begin = at_;
        if (text_[at_] == '"') {
            for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
                if (text_[at_] == '\\') ++at_;
            }
            at_ = std::min(at_ + 1, text_.size());
        } else if (text_[at_] == '#') {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }

    Result<std::string> import() {
        const auto end = text_.find(';', at_);
        if (end == std::string_view::npos)
            return fail(ErrorKind::configuration, "an import without its semicolon");
        const auto statement = text_.substr(at_, end - at_);
        at_ = end + 1;
        const auto open = statement.find('"');
        const auto close = statement.find('"', open + 1);
        if (close == std::string_view::npos)
            return fail(ErrorKind::configuration, "an import without the end of its name");
        const auto module = statement.substr(open + 1, close - open - 1);
        if (std::ranges::find(modules, module) == modules.end()) {
            return fail(ErrorKind::configuration,
                        fmt::format("there is no jq module \"{}\"; there are pscheduler/iso8601 and "
                                    "pscheduler/si",
                                    module));
        }
        if (statement.starts_with("include")) return fmt::format("include \"{}\"; ", module);
        const auto as = statement.find("as", close);
        if (as == std::string_view::npos)
            return fail(ErrorKind::configuration, fmt::format("import \"{}\" without \"as\"", module));
        const auto name = statement.find_first_not_of(" \t\r\n", as + 2);
        if (name == std::string_view::npos)
            return fail(ErrorKind::configuration, fmt::format("import \"{}\" as what?", module));
        // What else it may say, where to search for instance, is left out.
        const auto end_of_name =
            std::ranges::find_if_not(statement.substr(name), is_word) - statement.begin();
        return fmt::format("import \"{}\" as {}; ", module,
                           statement.substr(name, static_cast<std::size_t>(end_of_name) - name));
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace

Result<std::string> compose_program(std::string_view prelude, std::string_view script) {
    std::string program;
    auto body = Scanner(script).split(program);
    if (!body) return fail(body.error());
    if (body->find("pick") != std::string::npos) program += newer_builtins;
    // Behind any of these jq takes no import, however well one was hidden from the scanner.
    program += prelude.empty() ? ". | " : prelude;
    std::ranges::replace(program, '\n', ' '); // jq counts lines from here on
    const bool is_empty = body->find_first_not_of(" \t\r\n") == std::string::npos;
    return program + (is_empty ? "." : *body);
}

Result<std::optional<nlohmann::json>> Script::first_result(const World& world,
                                                           const nlohmann::json& input) const {
    if (!world.jq) return fail(ErrorKind::interrupted, "there is no jq here");
    return world.jq(program, arguments, input);
}

bool Script::mentions(std::string_view word) const {
    return program.find(word) != std::string::npos;
}

} // namespace meshprobe::pscheduler
