// measure FILE PROGRAM ARGS…: runs a program and writes what it took, as JSON, to FILE; its own status is
// passed on.
//
// A process inherits the peak memory of the one that called exec(), so a test in Python cannot measure a
// child of its own: this small program stands in between.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

pid_t child = 0;

void pass_on(int number) {
    ::kill(child, number);
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: measure FILE PROGRAM ARGS...\n", stderr);
        return 2;
    }
    const auto started = std::chrono::steady_clock::now();
    child = ::fork();
    if (child == 0) {
        ::execvp(argv[2], argv + 2);
        std::perror(argv[2]);
        ::_exit(127);
    }
    std::signal(SIGTERM, pass_on);
    std::signal(SIGINT, pass_on);
    int status = 0;
    rusage usage{};
    while (::wait4(child, &status, 0, &usage) != child) {
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    const int result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    std::FILE* file = std::fopen(argv[1], "we");
    if (file == nullptr) {
        std::perror(argv[1]);
        return 127;
    }
    std::fprintf(file,
                 R"({"status": %d, "seconds": %.6f, "cpu": %.6f, "peak_kib": %ld})"
                 "\n",
                 result, elapsed.count(), seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
    std::fclose(file);
    return result;
}
