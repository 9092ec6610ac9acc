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
        const auto outcome = transform_.apply(text);
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
