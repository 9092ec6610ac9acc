#include "ctl/context_plugin.hpp"

#include "lib/file.hpp"
#include "lib/json.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <string_view>
#include <system_error>
#include <vector>

extern char** environ; // NOLINT(readability-redundant-declaration)

namespace meshprobe {

namespace {

constexpr std::size_t largest_answer = 64U << 10;

/// A file in memory that holds `text`.
Result<FileDescriptor> memory_file(const char* name, std::string_view text) {
    FileDescriptor file(::memfd_create(name, MFD_CLOEXEC));
    if (!file.is_open()) return fail_errno("create a file in memory");
    while (!text.empty()) {
        const auto written = ::write(file.get(), text.data(), text.size());
        if (written < 0) return fail_errno("write to a file in memory");
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::lseek(file.get(), 0, SEEK_SET) < 0) return fail_errno("rewind a file in memory");
    return file;
}

class SpawnActions {
  public:
    SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
    void connect(int from, int to) { ::posix_spawn_file_actions_adddup2(&actions_, from, to); }
    [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

/// Its exit status; killed if it takes longer.
Result<int> wait_for(pid_t pid, Microseconds patience) {
    // glibc 2.36 declares pidfd_open() without its C linkage.
    const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    pollfd end{.fd = process.get(), .events = POLLIN, .revents = 0};
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
    const bool has_ended = process.is_open() && ::poll(&end, 1, static_cast<int>(milliseconds)) == 1;
    if (!has_ended) ::kill(pid, SIGKILL);
    int status = 0;
    if (::waitpid(pid, &status, 0) < 0) return fail_errno("wait for it");
    if (!has_ended) {
        return fail(ErrorKind::internal,
                    fmt::format("it does not answer within {}",
                                format_duration(std::chrono::duration_cast<std::chrono::seconds>(patience))));
    }
    if (WIFSIGNALED(status))
        return fail(ErrorKind::internal, fmt::format("it died of signal {}", WTERMSIG(status)));
    return WEXITSTATUS(status);
}

Result<std::string> answer_of(const std::filesystem::path& program, std::string_view data,
                              Microseconds patience) {
    const auto input = memory_file("context-data", data);
    if (!input) return fail(input.error());
    const auto output = memory_file("context-answer", {});
    if (!output) return fail(output.error());
    SpawnActions actions;
    actions.connect(input->get(), STDIN_FILENO);
    actions.connect(output->get(), STDOUT_FILENO);
    std::string path = program.string();
    std::array<char*, 2> arguments{path.data(), nullptr};
    pid_t pid = -1;
    if (const int error =
            ::posix_spawn(&pid, path.c_str(), actions.get(), nullptr, arguments.data(), environ);
        error != 0)
        return fail(ErrorKind::internal, fmt::format("start it: {}", std::generic_category().message(error)));
    const auto status = wait_for(pid, patience);
    if (!status) return fail(status.error());
    if (*status != 0) return fail(ErrorKind::internal, fmt::format("it ended with status {}", *status));
    std::string answer(largest_answer, '\0');
    const auto size = ::pread(output->get(), answer.data(), answer.size(), 0);
    if (size < 0) return fail_errno("read its answer");
    answer.resize(static_cast<std::size_t>(size));
    return answer;
}

} // namespace

Status ask_whether_valid(const std::filesystem::path& change, const std::string& data,
                         Microseconds patience) {
    const auto program = change.parent_path() / "data-is-valid";
    if (::access(program.c_str(), X_OK) < 0) return {};
    const auto answer = answer_of(program, data.empty() ? "{}" : data, patience);
    if (!answer) return fail(answer.error().in(program.string()));
    const auto verdict = nlohmann::json::parse(*answer, nullptr, false);
    const auto valid = verdict.is_object() ? verdict.find("valid") : verdict.end();
    if (!verdict.is_object() || valid == verdict.end() || !valid->is_boolean()) {
        return fail(ErrorKind::internal,
                    fmt::format("{}: its answer is not {{\"valid\": true or false}}", program.string()));
    }
    if (valid->get<bool>()) return {};
    const auto error = verdict.find("error");
    return fail(ErrorKind::configuration,
                fmt::format("{} refuses it: {}", program.string(),
                            error != verdict.end() && error->is_string() ? error->get<std::string>()
                                                                         : "it does not say why"));
}

} // namespace meshprobe
