#include "ctl/commands.hpp"
#include "ctl/output.hpp"
#include "lib/file.hpp"
#include "lib/format/format.hpp"
#include "lib/pscheduler/document_stream.hpp"
#include "lib/pscheduler/run_document.hpp"
#include "lib/pscheduler/run_record.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace meshprobe::command {

namespace {

constexpr std::size_t padding = 16; ///< that formats may read behind a value

class Converter {
  public:
    explicit Converter(std::string format) : format_(std::move(format)) {}

    [[nodiscard]] Status read(const std::string& file) {
        const bool is_input = file == "-";
        FileDescriptor opened;
        if (!is_input) {
            opened = FileDescriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
            if (!opened.is_open()) return fail_errno(file);
        }
        name_ = is_input ? "standard input" : file;
        DocumentStream stream({.document = [this](auto text, auto line) { convert(text, line); },
                               .problem = [this](auto problem, auto line) { refuse(problem, line); }},
                              largest_run_document);
        std::array<char, 65536> buffer{};
        while (std::ferror(stdout) == 0) {
            const auto count = ::read(is_input ? STDIN_FILENO : opened.get(), buffer.data(), buffer.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return fail_errno(name_);
            if (count == 0) break;
            stream.feed({buffer.data(), static_cast<std::size_t>(count)});
        }
        stream.finish();
        return {};
    }

    /// What was made has arrived wherever it goes to.
    [[nodiscard]] static Status finish() {
        if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return fail_errno("standard output");
        return {};
    }

    [[nodiscard]] ExitCode exit_code() const {
        if (refused_ == 0) return ExitCode::success;
        return converted_ == 0 ? ExitCode::failure : ExitCode::partial;
    }

  private:
    void convert(std::string_view text, std::uint64_t line) {
        const auto record = read_run_record(text);
        if (!record) return refuse(record.error().message, line);
        for (const auto& problem : record->problems)
            refuse(fmt::format("{}: {}", problem.event_type, problem.text), line);
        ++converted_;
        for (const auto& value : record->values)
            write(*record, value);
    }

    void write(const RunRecord& record, const EventValue& value) {
        padded_.assign(value.json).append(padding, ' ');
        const Point point{record.ts, {std::string_view(padded_).substr(0, value.json.size()), true}};
        make_format(format_, record.subject, value.event_type)
            ->write(body_, {&point, 1}, std::chrono::system_clock::now());
        body_ += '\n';
        std::fwrite(body_.data(), 1, body_.size(), stdout); // finish() tells
    }

    void refuse(std::string_view problem, std::uint64_t line) {
        ++refused_;
        fmt::print(stderr, "meshprobectl: {}:{}: {}\n", one_line(name_), line,
                   one_line(std::string(problem)));
    }

    std::string format_;
    std::string name_; ///< of what is being read
    std::string padded_;
    std::string body_;
    std::uint64_t converted_ = 0; ///< documents
    std::uint64_t refused_ = 0;   ///< documents, and values of good ones
};

} // namespace

ExitCode convert(const CommandLine& line) {
    const auto format = line.value("format").value_or("raw");
    if (std::ranges::find(format_names, format) == format_names.end()) {
        const auto guess = nearest(format, format_names);
        return complain_about_usage("convert",
                                    fmt::format("--format: there is no format \"{}\"{}; there are {}", format,
                                                guess ? fmt::format(" (did you mean \"{}\"?)", *guess) : "",
                                                fmt::join(format_names, ", ")));
    }
    auto files = line.arguments;
    if (files.empty()) files.emplace_back("-");
    Converter converter(format);
    ExitCode unreadable = ExitCode::success;
    for (const auto& file : files) {
        if (auto read = converter.read(file); !read) unreadable = complain(read.error());
    }
    if (auto finished = Converter::finish(); !finished) return complain(finished.error());
    return unreadable == ExitCode::success ? converter.exit_code() : unreadable;
}

} // namespace meshprobe::command
