#include "ctl/commands.hpp"
#include "ctl/output.hpp"
#include "lib/config/load.hpp"
#include "lib/file.hpp"
#include "lib/json.hpp"
#include "lib/pscheduler/document_stream.hpp"
#include "lib/transform/jq_transform.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace meshprobe::command {

namespace {

constexpr std::size_t largest_script = 1U << 20;
constexpr std::size_t largest_message = 64U << 20;

struct Request {
    Transform transform;
    std::string file = "-";
};

Result<Transform> written_transform(const CommandLine& line, const std::string& file) {
    auto script = read_file(file, largest_script);
    if (!script) return fail(script.error());
    return Transform{.name = file,
                     .script = std::move(*script),
                     .arguments = line.value("args").value_or(""),
                     .output_raw = line.has("output-raw"),
                     .description = {}};
}

Result<Transform> configured_transform(const CommandLine& line, const std::string& name) {
    if (line.has("args") || line.has("output-raw")) {
        return fail(ErrorKind::usage,
                    fmt::format("transform {} has args and output-raw of its own in the configuration; "
                                "options are for --script",
                                name));
    }
    const auto loaded = load_config(line.paths);
    if (!loaded) return fail(loaded.error());
    const auto& transforms = loaded->config.transforms;
    const auto found = transforms.find(name);
    if (found != transforms.end()) return found->second;
    std::vector<std::string_view> names;
    for (const auto& entry : transforms)
        names.emplace_back(entry.first);
    const auto guess = nearest(name, names);
    return fail(ErrorKind::usage,
                fmt::format("there is no usable transform \"{}\" in the configuration{}", name,
                            guess ? fmt::format(" (did you mean \"{}\"?)", *guess)
                                  : std::string("; \"meshprobectl check\" shows whether one has an error")));
}

Result<Request> read_request(const CommandLine& line) {
    if (line.arguments.empty() || line.arguments.front() != "try")
        return fail(ErrorKind::usage, "say \"try\", which is all that it can do");
    if (const auto args = line.value("args");
        args && !nlohmann::json::parse(*args, nullptr, false).is_object())
        return fail(ErrorKind::usage, "--args: expected a JSON object such as {\"site\":\"a\"}");
    const auto script = line.value("script");
    const std::size_t named = script ? 1 : 2; // words that say what to try
    if (line.arguments.size() < named)
        return fail(ErrorKind::usage, "say which transform: its NAME, or --script FILE");
    if (line.arguments.size() > named + 1)
        return fail(ErrorKind::usage, "takes one FILE of messages at most");
    auto transform =
        script ? written_transform(line, *script) : configured_transform(line, line.arguments[1]);
    if (!transform) return fail(transform.error());
    Request request{std::move(*transform)};
    if (line.arguments.size() > named) request.file = line.arguments.back();
    return request;
}

/// Messages as they wait in a spool: in segments, where a line that tells of it stands in front of each, and
/// as `spool export` writes them.
class SpooledMessages {
  public:
    /// The message that is `text` or that stands in it; nullopt: it is a line of a segment, and no message.
    [[nodiscard]] std::optional<std::string_view> message_of(std::string_view text) {
        if (text.starts_with(R"({"segment":1,"instance":)")) {
            in_segment_ = true;
            awaits_body_ = false;
            return std::nullopt;
        }
        if (!in_segment_) return exported(text);
        if (std::exchange(awaits_body_, false)) return text;
        if (text.starts_with(R"({"id":)") && text.find(R"(,"size":)") != std::string_view::npos) {
            awaits_body_ = true;
            return std::nullopt;
        }
        in_segment_ = false;
        if (text.starts_with(R"({"messages":)")) return std::nullopt;
        return exported(text);
    }

  private:
    static std::string_view exported(std::string_view text) {
        for (const std::string_view body : {R"(,"failed":false,"body":)", R"(,"failed":true,"body":)"}) {
            const auto at = text.find(body);
            if (text.starts_with(R"({"id":)") && at != std::string_view::npos)
                return text.substr(at + body.size(), text.size() - at - body.size() - 1);
        }
        return text;
    }

    bool in_segment_ = false;
    bool awaits_body_ = false;
};

class Trial {
  public:
    explicit Trial(Request request)
        : file_(std::move(request.file)), transform_(std::move(request.transform)) {}

    [[nodiscard]] Status run() {
        if (auto compiled = transform_.compile(); !compiled) return compiled;
        const bool is_input = file_ == "-";
        FileDescriptor opened;
        if (!is_input) {
            opened = FileDescriptor(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
            if (!opened.is_open()) return fail_errno(file_);
        }
        if (is_input) file_ = "standard input";
        DocumentStream stream({.document = [this](auto text, auto line) { try_one(text, line); },
                               .problem = [this](auto problem, auto line) { fail_one(problem, line); }},
                              largest_message);
        std::array<char, 65536> buffer{};
        while (std::ferror(stdout) == 0) {
            const auto count = ::read(is_input ? STDIN_FILENO : opened.get(), buffer.data(), buffer.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail_errno(file_);
            if (count == 0) break;
            stream.feed({buffer.data(), static_cast<std::size_t>(count)});
        }
        stream.finish();
        if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return fail_errno("standard output");
        return {};
    }

    [[nodiscard]] ExitCode exit_code() const {
        if (failed_ == 0) return ExitCode::success;
        return taken_ == 0 ? ExitCode::failure : ExitCode::partial;
    }

  private:
    void try_one(std::string_view text, std::uint64_t line) {
        const auto message = spooled_.message_of(text);
        if (!message) return;
        const auto outcome = transform_.apply(*message);
        if (!outcome) return fail_one(outcome.error().message, line);
        ++taken_;
        if (*outcome) {
            fmt::print("{}\n", **outcome);
        } else {
            note("nothing is sent: the result is null", line);
        }
    }

    void fail_one(std::string_view problem, std::uint64_t line) {
        ++failed_;
        note(problem, line);
    }

    void note(std::string_view text, std::uint64_t line) const {
        std::fflush(stdout); // in the order in which it happened
        fmt::print(stderr, "meshprobectl: {}:{}: {}\n", one_line(file_), line, one_line(text));
    }

    std::string file_;
    JqTransform transform_;
    SpooledMessages spooled_;
    std::uint64_t taken_ = 0;
    std::uint64_t failed_ = 0;
};

} // namespace

ExitCode transform(const CommandLine& line) {
    auto request = read_request(line);
    if (!request) {
        return request.error().kind == ErrorKind::usage
                   ? complain_about_usage("transform", request.error().message)
                   : complain(request.error());
    }
    Trial trial(std::move(*request));
    if (auto run = trial.run(); !run) return complain(run.error());
    return trial.exit_code();
}

} // namespace meshprobe::command
