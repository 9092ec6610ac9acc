#include "ctl/generator_run.hpp"

#include "lib/file.hpp"
#include "lib/json.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

namespace meshprobe {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view program = "meshprobe-generator";
constexpr std::string_view wants = "meshprobe.target.wants/";
constexpr std::size_t largest_output = 64U << 20;
constexpr std::size_t largest_unit = 1U << 20;

Result<fs::path> find_generator() {
    std::error_code error;
    const auto beside = fs::read_symlink("/proc/self/exe", error).parent_path() / program;
    for (const auto& path : {beside, fs::path(MESHPROBE_GENERATOR_DIR) / program}) {
        if (::access(path.c_str(), X_OK) == 0) return path;
    }
    return fail(ErrorKind::storage,
                fmt::format("{} is neither in {} nor in {}; install meshprobe again", program,
                            beside.parent_path().string(), MESHPROBE_GENERATOR_DIR));
}

class SpawnActions {
  public:
    SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
    posix_spawn_file_actions_t* get() { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

Result<std::string> read_to_end(int fd) {
    std::string text;
    std::array<char, 65536> buffer{};
    while (true) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno(fmt::format("read from {}", program));
        if (count == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (text.size() > largest_output) {
            return fail(ErrorKind::internal,
                        fmt::format("{} printed more than {} bytes", program, largest_output));
        }
    }
}

} // namespace

Result<GeneratorOutput> run_generator(const Paths& paths, const std::vector<std::string>& arguments) {
    const auto path = find_generator();
    if (!path) return fail(path.error());
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) < 0) return fail_errno("pipe");
    const FileDescriptor reader(ends[0]);
    FileDescriptor writer(ends[1]);
    // A few lines: a file takes them without anybody reading meanwhile.
    const FileDescriptor remarks(::memfd_create("remarks", MFD_CLOEXEC));
    if (!remarks.is_open()) return fail_errno("memfd_create");

    auto words = paths.options();
    words.insert(words.begin(), path->string());
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);

    SpawnActions actions;
    ::posix_spawn_file_actions_adddup2(actions.get(), writer.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(actions.get(), remarks.get(), STDERR_FILENO);
    pid_t child = 0;
    if (const int error = ::posix_spawn(&child, path->c_str(), actions.get(), nullptr, argv.data(), environ);
        error != 0) {
        return fail_errno("run " + path->string(), error);
    }
    writer.close();
    auto text = read_to_end(reader.get());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return fail_errno(fmt::format("wait for {}", program));
    }
    if (!text) return fail(text.error());
    if (!WIFEXITED(status)) {
        return fail(ErrorKind::internal,
                    fmt::format("{} was killed by signal {}", program, WTERMSIG(status)));
    }
    ::lseek(remarks.get(), 0, SEEK_SET);
    auto lines = read_to_end(remarks.get());
    if (!lines) return fail(lines.error());
    return GeneratorOutput{
        .exit_status = WEXITSTATUS(status), .text = std::move(*text), .remarks = std::move(*lines)};
}

Result<PlannedUnits> plan_units(const Paths& paths) {
    auto output = run_generator(paths, {"--dry-run", "--json"});
    if (!output) return fail(output.error());
    const auto plan = nlohmann::json::parse(output->text, nullptr, false);
    if (!plan.is_array()) {
        const auto why = std::string_view(output->remarks).substr(0, output->remarks.find('\n'));
        return fail(ErrorKind::configuration, why.empty() ? fmt::format("{} made no plan (exit status {})",
                                                                        program, output->exit_status)
                                                          : std::string(why));
    }
    PlannedUnits planned{
        .units = {}, .exit_status = output->exit_status, .remarks = std::move(output->remarks)};
    for (const auto& file : plan) {
        const auto path = file.value("path", "");
        if (path.starts_with(wants)) {
            planned.units.links.insert(path.substr(wants.size()));
        } else {
            planned.units.files.emplace(path, file.value("content", ""));
        }
    }
    return planned;
}

WantedUnits generated_units(const Paths& paths) {
    WantedUnits units;
    const auto root = paths.generated_units();
    std::error_code error; // what cannot be read was not written by our generator
    for (fs::directory_iterator entry(root, error), end; !error && entry != end; entry.increment(error)) {
        const auto name = entry->path().filename().string();
        if (!name.starts_with("meshprobe")) continue;
        if (!entry->is_directory(error)) {
            if (auto content = read_file(entry->path(), largest_unit))
                units.files.emplace(name, std::move(*content));
            continue;
        }
        std::error_code inner_error;
        for (fs::directory_iterator inner(entry->path(), inner_error), inner_end;
             !inner_error && inner != inner_end; inner.increment(inner_error)) {
            const auto path = fmt::format("{}/{}", name, inner->path().filename().string());
            if (path.starts_with(wants)) {
                units.links.insert(path.substr(wants.size()));
            } else if (auto content = read_file(inner->path(), largest_unit)) {
                units.files.emplace(path, std::move(*content));
            }
        }
    }
    return units;
}

} // namespace meshprobe
