// meshprobectl spool retry|export|drop: what an administrator does about segments that are not delivered.
#include "ctl/output.hpp"
#include "ctl/spool.hpp"
#include "lib/json.hpp"
#include "lib/spool/json_line.hpp"
#include "lib/spool/quota.hpp"
#include "lib/units_of_measure.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace meshprobe::spool_command {

namespace {

/// What the names on the command line stand for: those in failed/, and if `queued_too` those in q/.
Result<std::vector<StoredSegment>> named_segments(const CommandLine& line, const Spool& spool,
                                                  bool queued_too) {
    const auto stored = stored_segments(spool);
    if (!stored) return fail(stored.error());
    std::vector<StoredSegment> chosen;
    for (auto name = line.arguments.begin() + 2; name != line.arguments.end(); ++name) {
        const auto found = std::ranges::find_if(*stored, [&](const StoredSegment& segment) {
            return segment.name == *name && (segment.failed || queued_too);
        });
        if (found == stored->end()) {
            return fail(ErrorKind::usage, fmt::format("the spool of {} holds no {}segment \"{}\"",
                                                      spool.archive(), queued_too ? "" : "failed ", *name));
        }
        chosen.push_back(*found);
    }
    return chosen;
}

Result<std::vector<StoredSegment>> all_segments(const Spool& spool, bool queued_too) {
    auto stored = stored_segments(spool);
    if (!stored) return stored;
    std::erase_if(*stored, [&](const StoredSegment& segment) { return !segment.failed && !queued_too; });
    return stored;
}

ExitCode worse(ExitCode a, ExitCode b) {
    return a == ExitCode::success ? b : a;
}

/// One message a line; the body as it is where it is JSON, as a string where it is not.
std::string exported_line(const Segment& segment, const Message& message, bool failed) {
    std::string text = "{\"id\":";
    append_json_string(text, message.id);
    text += ",\"host\":";
    append_json_string(text, segment.header().host);
    text += ",\"task\":";
    append_json_string(text, segment.header().task);
    text += ",\"event-type\":";
    append_json_string(text, message.event_type);
    text += ",\"points\":";
    append_number(text, message.points);
    text += failed ? ",\"failed\":true,\"body\":" : ",\"failed\":false,\"body\":";
    if (nlohmann::json::accept(message.body)) {
        text += message.body;
    } else {
        append_json_string(text, message.body);
    }
    return text + "}\n";
}

class Output {
  public:
    /// "-" is standard output; a file is made, never replaced.
    static Result<Output> open(const std::string& path) {
        if (path == "-") return Output(FileDescriptor(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)));
        FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
        if (!file.is_open()) return fail_errno("create " + path);
        return Output(std::move(file));
    }
    Status write(std::string_view text) {
        buffer_ += text;
        return buffer_.size() < flush_at ? Status{} : flush();
    }
    /// Exported data is about to be dropped, more often than not.
    Status finish() {
        if (auto flushed = flush(); !flushed) return flushed;
        if (::fsync(file_.get()) < 0 && errno != EINVAL && errno != EROFS) return fail_errno("fsync");
        return {};
    }

  private:
    static constexpr std::size_t flush_at = 1 << 20;
    explicit Output(FileDescriptor file) : file_(std::move(file)) {}
    Status flush() {
        auto written = write_all(file_.get(), buffer_);
        buffer_.clear();
        return written;
    }
    FileDescriptor file_;
    std::string buffer_;
};

/// The spool of an archive that is configured no more goes when its last segment went; what is not empty
/// stays.
void tidy_up_orphan(const Paths& paths, const Spool& spool) {
    if (is_configured(paths, spool.archive()) != std::optional(false)) return;
    const auto left = stored_segments(spool);
    if (!left || !left->empty()) return;
    forget_notes(spool);
    std::error_code ignored;
    for (const auto& directory : {spool.queue(), spool.failed(), spool.directory()})
        std::filesystem::remove(directory, ignored);
}

} // namespace

ExitCode retry(const CommandLine& line) {
    if (line.arguments.size() < 2) return complain_about_usage("spool", "retry needs an archive");
    const bool all = line.has("all");
    if (all == (line.arguments.size() > 2)) {
        return complain_about_usage("spool", "retry needs names of failed segments, or --all");
    }
    const auto spool = existing_spool(line.paths, line.arguments[1]);
    if (!spool) return complain(spool.error());
    const auto chosen = all ? all_segments(*spool, false) : named_segments(line, *spool, false);
    if (!chosen) return complain(chosen.error());
    ExitCode exit = ExitCode::success;
    std::size_t moved = 0;
    for (const StoredSegment& segment : *chosen) {
        if (const auto done = spool->retry(segment.name); !done) {
            exit = worse(exit, complain(done.error()));
        } else {
            ++moved;
        }
    }
    fmt::print("{} of {} {} queued again.\n", counted(moved, "failed segment"), spool->archive(),
               moved == 1 ? "is" : "are");
    return exit;
}

ExitCode export_messages(const CommandLine& line) {
    if (line.arguments.size() != 3)
        return complain_about_usage("spool", "export needs an archive and a file (or -)");
    const auto spool = existing_spool(line.paths, line.arguments[1]);
    if (!spool) return complain(spool.error());
    const auto stored = stored_segments(*spool);
    if (!stored) return complain(stored.error());
    auto output = Output::open(line.arguments[2]);
    if (!output) return complain(output.error());

    ExitCode exit = ExitCode::success;
    std::uint64_t messages = 0;
    for (const StoredSegment& name : *stored) {
        const auto segment = name.read(*spool);
        if (!segment) {
            exit = worse(exit, complain(segment.error())); // the others are exported all the same
            continue;
        }
        if (!*segment) continue; // delivered meanwhile
        for (const Message& message : (*segment)->messages()) {
            if (auto written = output->write(exported_line(**segment, message, name.failed)); !written) {
                return complain(written.error().in(line.arguments[2]));
            }
            ++messages;
        }
    }
    if (auto finished = output->finish(); !finished) return complain(finished.error().in(line.arguments[2]));
    if (line.arguments[2] != "-")
        fmt::print("{} of {} {} in {}.\n", counted(messages, "message"), spool->archive(),
                   messages == 1 ? "is" : "are", line.arguments[2]);
    return exit;
}

ExitCode drop(const CommandLine& line) {
    if (line.arguments.size() < 2) return complain_about_usage("spool", "drop needs an archive");
    const int ways =
        (line.arguments.size() > 2 ? 1 : 0) + (line.has("failed") ? 1 : 0) + (line.has("all") ? 1 : 0);
    if (ways != 1)
        return complain_about_usage("spool", "drop needs names of segments, or --failed, or --all");
    const auto spool = existing_spool(line.paths, line.arguments[1]);
    if (!spool) return complain(spool.error());
    const auto chosen = line.has("all") || line.has("failed") ? all_segments(*spool, line.has("all"))
                                                              : named_segments(line, *spool, true);
    if (!chosen) return complain(chosen.error());

    std::uint64_t points = 0;
    std::size_t damaged = 0;
    std::vector<std::string> queued;
    std::vector<std::string> failed;
    for (const StoredSegment& name : *chosen) {
        const auto segment = name.read(*spool);
        if (!segment) ++damaged;
        if (segment && *segment) points += (*segment)->points();
        (name.failed ? failed : queued).push_back(name.name);
    }
    std::string what = fmt::format("{} of {} with {}", counted(chosen->size(), "segment"), spool->archive(),
                                   counted(points, "point"));
    if (damaged > 0)
        what +=
            fmt::format(" and what {} {}", counted(damaged, "damaged one"), damaged == 1 ? "holds" : "hold");
    if (!line.has("yes")) {
        fmt::print(stderr, "meshprobectl: {} would be lost for good; with --yes they are dropped\n", what);
        return ExitCode::usage;
    }
    auto removed = spool->remove(queued);
    if (removed) removed = spool->sync_queue();
    if (removed) removed = spool->remove_failed(failed);
    if (!removed) return complain(removed.error());
    tidy_up_orphan(line.paths, *spool);
    fmt::print("{} {} dropped.\n", what, chosen->size() == 1 ? "is" : "are");
    return ExitCode::success;
}

} // namespace meshprobe::spool_command
