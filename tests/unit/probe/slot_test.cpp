#include "probe/slot.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <future>
#include <latch>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace meshprobe;
using namespace std::chrono_literals;

namespace {

class Root {
  public:
    [[nodiscard]] Paths paths() const { return Paths(directory_.path()); }

  private:
    test::TemporaryDirectory directory_;
};

Slot::Settings impatient(unsigned count, bool dead_host = false) {
    return {.count = count, .tickets = 64, .wait = 0s, .dead_host = dead_host, .stop = {}};
}

std::optional<Slot> take(const Root& root, const Slot::Settings& settings) {
    auto slot = Slot::take(root.paths(), settings);
    if (!slot) FAIL(slot.error().message);
    return std::move(*slot);
}

} // namespace

TEST_CASE("as many slots as configured, and each is free again when its holder is done") {
    const Root root;
    std::vector<Slot> held;
    for (int i = 0; i < 4; ++i) {
        auto slot = take(root, impatient(4));
        REQUIRE(slot);
        held.push_back(std::move(*slot));
    }
    CHECK_FALSE(take(root, impatient(4)));
    const auto number = held.back().number();
    held.pop_back();
    const auto again = take(root, impatient(4));
    REQUIRE(again);
    CHECK(again->number() == number);
}

TEST_CASE("the first probes of all make the directory at the same time") {
    constexpr unsigned probes = 8;
    for (int round = 0; round < 200; ++round) {
        const Root root;
        std::latch start(probes);
        std::vector<std::future<Result<std::optional<Slot>>>> taken;
        for (unsigned i = 0; i < probes; ++i) {
            taken.push_back(std::async(std::launch::async, [&] {
                start.arrive_and_wait();
                return Slot::take(root.paths(), impatient(probes));
            }));
        }
        for (auto& slot : taken) {
            const auto result = slot.get();
            INFO((result ? "no slot was free" : result.error().message));
            REQUIRE((result && *result));
        }
    }
}

TEST_CASE("a slot that cannot be opened keeps nobody from the others") {
    const Root root;
    REQUIRE(take(root, impatient(1))); // makes the directory
    std::filesystem::create_directory(root.paths().slots() / "3");
    const auto slot = take(root, impatient(4));
    REQUIRE(slot);
    CHECK(slot->number() == 2);
    for (const auto* name : {"0", "1", "2"}) {
        std::filesystem::remove(root.paths().slots() / name);
        std::filesystem::create_directory(root.paths().slots() / name);
    }
    CHECK_FALSE(Slot::take(root.paths(), impatient(4))); // none of them can be
}

TEST_CASE("dead hosts hold at most a quarter of the slots") {
    const Root root;
    std::vector<Slot> held;
    while (auto slot = take(root, impatient(16, true)))
        held.push_back(std::move(*slot));
    CHECK(held.size() == 4);
    while (auto slot = take(root, impatient(16)))
        held.push_back(std::move(*slot));
    CHECK(held.size() == 16);
    const Root small;
    CHECK(take(small, impatient(2, true)));
    CHECK(take(small, impatient(1, true)));
}

TEST_CASE("who waits gets the slot that becomes free") {
    const Root root;
    auto held = take(root, impatient(1));
    REQUIRE(held);
    std::promise<void> waits;
    Slot::Settings patient{.count = 1, .tickets = 64, .wait = 60s, .dead_host = false, .stop = {}};
    patient.stop = [&, told = false]() mutable {
        if (!std::exchange(told, true)) waits.set_value();
        return false;
    };
    auto waiting = std::async(std::launch::async, [&] { return take(root, patient).has_value(); });
    waits.get_future().wait();
    held.reset();
    CHECK(waiting.get());
}

TEST_CASE("waiting ends when it is told to, and when its time is over") {
    const Root root;
    const auto held = take(root, impatient(1));
    CHECK_FALSE(take(
        root, {.count = 1, .tickets = 64, .wait = 60s, .dead_host = false, .stop = [] { return true; }}));
    CHECK_FALSE(take(root, {.count = 1, .tickets = 64, .wait = 5ms, .dead_host = false, .stop = {}}));
}

TEST_CASE("only so many may wait, all others leave at once") {
    const Root root;
    const auto held = take(root, impatient(1));
    std::promise<void> waits;
    std::promise<void> enough;
    auto over = enough.get_future().share();
    auto waiting = std::async(std::launch::async, [&] {
        return take(
            root,
            {.count = 1, .tickets = 1, .wait = 60s, .dead_host = false, .stop = [&, told = false]() mutable {
                 if (!std::exchange(told, true)) waits.set_value();
                 return over.wait_for(0s) == std::future_status::ready;
             }});
    });
    waits.get_future().wait();
    bool asked = false;
    CHECK_FALSE(take(root, {.count = 1, .tickets = 1, .wait = 60s, .dead_host = false, .stop = [&] {
                                return asked = true;
                            }}));
    CHECK_FALSE(asked); // it did not even begin to wait
    enough.set_value();
    CHECK_FALSE(waiting.get());
}

TEST_CASE("a killed holder's slot is free") {
    const Root root;
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto slot = Slot::take(root.paths(), impatient(1));
        const char answer = slot && *slot ? 'y' : 'n';
        if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
        while (true)
            ::pause();
    }
    char answer = 0;
    REQUIRE(::read(ready[0], &answer, 1) == 1);
    CHECK(answer == 'y');
    CHECK_FALSE(take(root, impatient(1)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    CHECK(take(root, impatient(1)));
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST_CASE("a directory that cannot be made is a storage error that names it") {
    const Root root;
    std::filesystem::create_directories(root.paths().run().parent_path());
    std::filesystem::create_symlink("/dev/null", root.paths().run());
    const auto slot = Slot::take(root.paths(), impatient(1));
    REQUIRE_FALSE(slot);
    CHECK(slot.error().kind == ErrorKind::storage);
    CHECK_THAT(slot.error().message, Catch::Contains("run/meshprobe"));
}
