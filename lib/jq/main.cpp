// meshprobe-jq: runs one jq program for lib/jq/jq.hpp, which starts it. Nobody else has a use for it.
#include "lib/jq/frame.hpp"

#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

extern "C" {
#include <jq.h>
#include <jv.h>
}

namespace {

using namespace meshprobe;
using nlohmann::json;

struct Teardown {
    void operator()(jq_state* state) const { ::jq_teardown(&state); }
};
using State = std::unique_ptr<jq_state, Teardown>;

/// What the caller sends, frame by frame.
class Inputs {
  public:
    /// nullopt: the caller has gone.
    std::optional<std::string> next() {
        if (!read_up_to(jq_frame::header)) return std::nullopt;
        const auto size = jq_frame::size_in(received_);
        if (!size || !read_up_to(jq_frame::header + *size)) return std::nullopt;
        std::string next = received_.substr(jq_frame::header + *size); // usually nothing
        received_.resize(jq_frame::header + *size);
        received_.erase(0, jq_frame::header);
        return std::exchange(received_, std::move(next));
    }

  private:
    bool read_up_to(std::size_t size) {
        std::array<char, 65536> buffer{};
        received_.reserve(size); // memory is bounded
        while (received_.size() < size) {
            const auto count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return false;
            received_.append(buffer.data(), static_cast<std::size_t>(count));
        }
        return true;
    }

    std::string received_;
};

std::string frame_of(char kind, std::string_view text) {
    std::string frame = jq_frame::head(text.size() + 1) + kind;
    frame += text;
    return frame;
}

bool write_frames(std::string_view rest) {
    while (!rest.empty()) {
        const auto count = ::write(STDOUT_FILENO, rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

bool write_frame(char kind, std::string_view text) {
    return write_frames(frame_of(kind, text));
}

std::string text_of(jv value) {
    if (::jv_get_kind(value) != JV_KIND_STRING) value = ::jv_dump_string(value, 0);
    std::string text(::jv_string_value(value),
                     static_cast<std::size_t>(::jv_string_length_bytes(::jv_copy(value))));
    ::jv_free(value);
    return text;
}

bool limit(__rlimit_resource_t resource, rlim_t value) {
    rlimit bounds{};
    if (::getrlimit(resource, &bounds) < 0) return false;
    bounds.rlim_max = std::min(bounds.rlim_max, value); // which may be lower already
    bounds.rlim_cur = bounds.rlim_max;
    return ::setrlimit(resource, &bounds) == 0;
}

/// Of the processor; then SIGPROF ends us. What others do with the processor meanwhile is no fault of the
/// program. 0: without end.
void allow_time(unsigned seconds) {
    itimerval timer{};
    timer.it_value.tv_sec = seconds;
    ::setitimer(ITIMER_PROF, &timer, nullptr);
}

class Machine {
  public:
    Machine(json setup, Inputs& inputs) : setup_(std::move(setup)), inputs_(inputs) {}

    int run() {
        const std::string modules = setup_.value("modules", "");
        const bool is_bounded = limit(RLIMIT_AS, setup_.value("memory", std::uint64_t{128} << 20U)) &&
                                limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) &&
                                (!modules.empty() || no_files());
        if (!is_bounded) return give_up_unbounded();
        allow_time(seconds());
        const State state(::jq_init());
        if (!state) return 1;
        ::jq_set_error_cb(state.get(), remember, &message_);
        if (!modules.empty()) {
            ::jq_set_attr(state.get(), ::jv_string("JQ_LIBRARY_PATH"),
                          ::jv_array_append(::jv_array(), ::jv_string(modules.c_str())));
        }
        const jv arguments = ::jv_parse(setup_.value("arguments", json::object()).dump().c_str());
        if (::jq_compile_args(state.get(), setup_.value("program", "").c_str(), arguments) == 0)
            return write_frame(jq_frame::faulty, message_) ? 0 : 1;
        if (!no_files()) return give_up_unbounded();
        if (!write_frame(jq_frame::compiled, {})) return 1;
        allow_time(0);
        while (const auto input = inputs_.next()) {
            allow_time(seconds());
            if (!answer(state.get(), *input)) return 1;
            allow_time(0);
        }
        return 0;
    }

  private:
    static bool no_files() { return limit(RLIMIT_NOFILE, 3); }
    /// In a sandbox that forbids setrlimit(2).
    static int give_up_unbounded() {
        return write_frame(jq_frame::faulty,
                           "its bounds cannot be set: " + std::generic_category().message(errno))
                   ? 0
                   : 1;
    }
    [[nodiscard]] unsigned seconds() const { return setup_.value("seconds", 2U); }

    static void remember(void* message, jv text) {
        auto& all = *static_cast<std::string*>(message);
        const std::string added = text_of(::jq_format_error(text));
        if (all.size() + added.size() < 4096) all += (all.empty() ? "" : "; ") + added;
    }

    bool answer(jq_state* state, const std::string& input) {
        const jv value = ::jv_parse_sized(input.data(), static_cast<int>(input.size()));
        if (::jv_is_valid(value) == 0) {
            return write_frame(jq_frame::failed,
                               "its input is no JSON: " + text_of(::jv_invalid_get_msg(value)));
        }
        std::uint64_t left = setup_.value("output", std::uint64_t{8} << 20U);
        const bool first_only = setup_.value("first-only", false);
        ::jq_start(state, value, 0);
        jv result = ::jq_next(state);
        for (; ::jv_is_valid(result) != 0; result = ::jq_next(state)) {
            const jv text = ::jv_dump_string(result, 0);
            const std::string_view bytes(::jv_string_value(text),
                                         static_cast<std::size_t>(::jv_string_length_bytes(::jv_copy(text))));
            const bool fits = bytes.size() < left;
            left -= fits ? bytes.size() + 1 : 0;
            // The only one travels with the word that it is: waking the caller costs more than most programs.
            const bool written =
                !fits        ? write_frame(jq_frame::exceeded, "its results are larger than they may be")
                : first_only ? write_frames(frame_of(jq_frame::result, bytes) + frame_of(jq_frame::done, {}))
                             : write_frame(jq_frame::result, bytes);
            ::jv_free(text);
            if (!written) return false;
            if (!fits || first_only) return true;
        }
        return conclude(state, result);
    }

    static bool conclude(jq_state* state, jv end) {
        if (::jq_halted(state) != 0) {
            const jv message = ::jq_get_error_message(state);
            ::jv_free(end);
            if (::jv_is_valid(message) == 0) {
                ::jv_free(message);
                return write_frame(jq_frame::done, {});
            }
            return write_frame(jq_frame::failed, text_of(message));
        }
        if (::jv_invalid_has_msg(::jv_copy(end)) == 0) {
            ::jv_free(end);
            return write_frame(jq_frame::done, {});
        }
        return write_frame(jq_frame::failed, text_of(::jv_invalid_get_msg(end)));
    }

    json setup_;
    Inputs& inputs_;
    std::string message_;
};

} // namespace

int main(int argc, char** /*argv*/) {
    if (argc != 1 || ::isatty(STDIN_FILENO) == 1) {
        std::fputs(
            "meshprobe-jq is started by other programs of meshprobe; there is nothing to run by hand\n",
            stderr);
        return 2;
    }
    // A service that is stopped still needs its results; we end when whoever asks does.
    std::signal(SIGTERM, SIG_IGN);
    std::signal(SIGINT, SIG_IGN);
    Inputs inputs;
    const auto setup = inputs.next();
    if (!setup) return 1;
    json parsed = json::parse(*setup, nullptr, false);
    if (!parsed.is_object()) return 1;
    try {
        return Machine(std::move(parsed), inputs).run();
    } catch (const std::exception&) {
        return 1; // out of memory; the caller sees the stream end
    }
}
