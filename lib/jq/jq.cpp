#include "lib/jq/jq.hpp"

#include "lib/jq/frame.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace meshprobe {

namespace {

constexpr std::string_view helper_name = "meshprobe-jq";

/// How much longer we wait than the program may have the processor: others have it, too.
constexpr int patience = 5;

std::string find_helper(const JqOptions& options) {
    if (!options.helper.empty()) return options.helper;
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        std::string beside = (self.parent_path() / helper_name).string();
        if (::access(beside.c_str(), X_OK) == 0) return beside;
    }
    return MESHPROBE_JQ_INSTALLED;
}

class FileActions {
  public:
    explicit FileActions(int socket) {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_adddup2(&actions_, socket, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions_, socket, STDOUT_FILENO);
        ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
    [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

class Attributes {
  public:
    Attributes() {
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
    [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_{};
};

} // namespace

std::string jq_modules(const std::string& helper) {
    std::error_code error;
    const auto program = helper.empty() ? std::filesystem::read_symlink("/proc/self/exe", error)
                                        : std::filesystem::path(helper);
    if (!error) {
        const auto beside = program.parent_path().parent_path() / "share/meshprobe/jq";
        if (std::filesystem::is_directory(beside, error)) return beside.string();
    }
    return MESHPROBE_JQ_MODULES;
}

Result<JqProgram> JqProgram::compile(std::string program, JqOptions options) {
    if (program.find('\0') != std::string::npos)
        return fail(ErrorKind::configuration, "a jq program with a zero byte in it");
    JqProgram compiled(std::move(program), std::move(options));
    if (auto started = compiled.start(); !started) return fail(started.error());
    return compiled;
}

JqProgram& JqProgram::operator=(JqProgram&& other) noexcept {
    if (this == &other) return *this;
    stop();
    program_ = std::move(other.program_);
    options_ = std::move(other.options_);
    socket_ = std::move(other.socket_);
    received_ = std::move(other.received_);
    pid_ = std::move(other.pid_);
    return *this;
}

JqProgram::~JqProgram() {
    stop();
}

int JqProgram::stop() {
    socket_ = FileDescriptor();
    received_.clear();
    const pid_t pid = std::exchange(pid_.value, -1);
    if (pid <= 0) return 0;
    ::kill(pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/// Its own faults end it by other signals than the one that the kernel, or a person, takes to get rid of it;
/// that stop() kills changes nothing, because it closes its socket while it ends.
Error JqProgram::ending() {
    const int status = stop();
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        return {ErrorKind::internal,
                "meshprobe-jq was killed, which happens when the machine, or the unit, is "
                "out of memory"};
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF) {
        return {ErrorKind::interrupted, fmt::format("it takes more than {}", format_duration(options_.time))};
    }
    return {ErrorKind::interrupted, fmt::format("it needs more than its {} of memory, or ends jq otherwise",
                                                format_size(options_.memory))};
}

Status JqProgram::start() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0)
        return fail_errno("socketpair");
    socket_ = FileDescriptor(ends[0]);
    FileDescriptor theirs(ends[1]);
    std::string helper = find_helper(options_);
    // No environment: neither secrets of ours ($ENV) nor a ~/.jq of anybody's.
    std::string home = "HOME=/nonexistent";
    std::array<char*, 2> arguments{helper.data(), nullptr};
    std::array<char*, 2> environment{home.data(), nullptr};
    const int error = ::posix_spawn(&pid_.value, helper.c_str(), FileActions(theirs.get()).get(),
                                    Attributes().get(), arguments.data(), environment.data());
    theirs = FileDescriptor(); // or it would not be seen that it ends
    if (error != 0) {
        pid_.value = -1;
        return fail(ErrorKind::internal,
                    fmt::format("start {}: {}", helper, std::generic_category().message(error)));
    }
    const nlohmann::json setup{
        {"program", program_},
        {"arguments", options_.arguments},
        {"modules", options_.modules},
        {"first-only", options_.first_only},
        {"memory", options_.memory},
        {"output", options_.output},
        {"seconds", std::chrono::ceil<std::chrono::seconds>(options_.time).count()},
    };
    const auto deadline = Clock::now() + patience * options_.time;
    auto sent = send(setup.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), deadline);
    auto answer = sent ? receive(deadline) : Result<Answer>(fail(sent.error()));
    if (answer && answer->kind == jq_frame::compiled) return {};
    stop();
    if (!answer) return fail(answer.error());
    return fail(ErrorKind::configuration, answer->text.empty() ? "it does not compile" : answer->text);
}

Result<std::vector<std::string>> JqProgram::run(std::string_view json) {
    std::vector<std::string> results;
    auto ran = run(json, [&results](std::string&& result) { results.push_back(std::move(result)); });
    if (!ran) return fail(std::move(ran.error()));
    return results;
}

Status JqProgram::run(std::string_view json, const std::function<void(std::string&&)>& on_result) {
    if (json.size() > jq_frame::largest)
        return fail(ErrorKind::protocol, fmt::format("an input of {}", format_size(json.size())));
    if (auto ready = make_ready(); !ready) return ready;
    const auto deadline = Clock::now() + patience * options_.time;
    if (auto sent = send(json, deadline); !sent) {
        stop();
        return fail(sent.error());
    }
    while (true) {
        auto answer = receive(deadline);
        if (!answer) {
            stop();
            return fail(answer.error());
        }
        if (answer->kind == jq_frame::done) return {};
        if (answer->kind == jq_frame::failed) return fail(ErrorKind::protocol, std::move(answer->text));
        if (answer->kind == jq_frame::exceeded) return fail(ErrorKind::interrupted, std::move(answer->text));
        if (answer->kind != jq_frame::result) {
            stop();
            return fail(ErrorKind::internal, "meshprobe-jq answers nonsense");
        }
        on_result(std::move(answer->text));
    }
}

Status JqProgram::make_ready() {
    return pid_.value < 0 ? start() : Status();
}

Status JqProgram::await(short events, Clock::time_point deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) {
            return fail(ErrorKind::internal,
                        fmt::format("meshprobe-jq does not answer within {}: the machine is too busy",
                                    format_duration(patience * options_.time)));
        }
        pollfd entry{socket_.get(), events, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(left));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return fail_errno("poll");
    }
}

Status JqProgram::send(std::string_view payload, Clock::time_point deadline) {
    constexpr std::size_t small = 64U << 10; // cheaper to copy than to send by itself
    std::string frame = jq_frame::head(payload.size());
    if (payload.size() <= small) frame += std::exchange(payload, {});
    for (std::string_view rest : {std::string_view(frame), payload}) {
        while (!rest.empty()) {
            const auto count = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count >= 0) {
                rest.remove_prefix(static_cast<std::size_t>(count));
            } else if (errno != EAGAIN && errno != EINTR) {
                return fail(ending());
            } else if (auto ready = await(POLLOUT, deadline); !ready) {
                return ready;
            }
        }
    }
    return {};
}

Status JqProgram::read_some(Clock::time_point deadline) {
    if (auto ready = await(POLLIN, deadline); !ready) return ready;
    std::array<char, 65536> buffer{};
    const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (count <= 0) return fail(ending());
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return {};
}

Result<JqProgram::Answer> JqProgram::receive(Clock::time_point deadline) {
    while (true) {
        if (received_.size() >= jq_frame::header) {
            const auto size = jq_frame::size_in(received_);
            if (!size || *size == 0) return fail(ErrorKind::internal, "meshprobe-jq answers nonsense");
            if (received_.size() >= jq_frame::header + *size) {
                Answer answer{received_[jq_frame::header], received_.substr(jq_frame::header + 1, *size - 1)};
                received_.erase(0, jq_frame::header + *size);
                return answer;
            }
        }
        if (auto read = read_some(deadline); !read) return fail(read.error());
    }
}

Result<std::optional<nlohmann::json>> JqPrograms::first_result(const std::string& program,
                                                               const nlohmann::json& input) {
    constexpr std::size_t most_ready = 8;
    if (const auto known = faulty_.find(program); known != faulty_.end()) return fail(known->second);
    const auto ready = std::ranges::find(ready_, program, &Entry::program);
    if (ready == ready_.end()) {
        auto compiled = JqProgram::compile(program, options_);
        if (!compiled) {
            faulty_.emplace(program, compiled.error());
            return fail(compiled.error());
        }
        ready_.push_front({program, std::move(*compiled)});
        if (ready_.size() > most_ready) ready_.pop_back();
    } else if (ready != ready_.begin()) {
        std::rotate(ready_.begin(), ready, std::next(ready));
    }
    const auto results =
        ready_.front().compiled.run(input.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    if (!results) return fail(results.error());
    if (results->empty()) return std::nullopt;
    return nlohmann::json::parse(results->front(), nullptr, false);
}

} // namespace meshprobe
