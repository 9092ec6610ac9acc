#include "tests/unit/archiver/scripted_archive.hpp"

#include <thread>

using namespace meshprobe;

namespace {

Verdict answer(const Item& item, Verdict::Kind kind, std::string reason = "because") {
    return {item.ticket, kind, std::move(reason)};
}

std::set<std::string> ids_of(const Segment& segment) {
    std::set<std::string> ids;
    for (const Message& message : segment.messages())
        ids.emplace(message.id);
    return ids;
}

} // namespace

TEST_CASE("what is delivered leaves the spool") {
    ScriptedRoot root;
    ScriptedArchive archive;
    for (int number = 0; number < 5; ++number)
        root.publish(number, 7);
    REQUIRE(root.drain(archive));
    CHECK(root.left() == 0);
    CHECK(archive.taken.size() == 35);
    CHECK(archive.most_on_their_way == archive.limit.messages);
    CHECK(archive.connects == 1);
}

TEST_CASE("an empty spool needs no connection") {
    ScriptedRoot root;
    ScriptedArchive archive;
    REQUIRE(root.drain(archive));
    CHECK(archive.connects == 0);
}

TEST_CASE("one message may be larger than the window") {
    ScriptedRoot root;
    ScriptedArchive archive;
    archive.limit.bytes = 10;
    root.publish(1, 3, std::string(100, ' '));
    REQUIRE(root.drain(archive));
    CHECK(archive.taken.size() == 3);
    CHECK(archive.most_on_their_way == 1);
}

TEST_CASE("refused messages go to failed with their ids, the others are delivered") {
    ScriptedRoot root;
    ScriptedArchive archive;
    const std::string name = root.publish(1, 5);
    archive.verdict = [](const Item& item) {
        return answer(item, item.message->id == "r1-3" ? Verdict::Kind::refused : Verdict::Kind::delivered,
                      "too blue");
    };
    REQUIRE(root.drain(archive));
    CHECK(root.left() == 0);
    CHECK(archive.taken.size() == 4);
    const auto failed = root.spool.read_failed(name);
    REQUIRE(failed);
    REQUIRE(*failed);
    CHECK(ids_of(**failed) == std::set<std::string>{"r1-3"});
    CHECK(root.spool.failed_reason(name) == "too blue");
}

TEST_CASE("messages refused at a second try join those of the first in failed") {
    ScriptedRoot root;
    ScriptedArchive archive;
    const std::string name = root.publish(1, 3);
    int tries = 0;
    archive.verdict = [&](const Item& item) {
        if (item.message->id == "r1-0") return answer(item, Verdict::Kind::refused);
        if (item.message->id == "r1-1")
            return answer(item, ++tries < 2 ? Verdict::Kind::later : Verdict::Kind::refused);
        return answer(item, Verdict::Kind::delivered);
    };
    REQUIRE(root.drain(archive));
    CHECK(ids_of(**root.spool.read_failed(name)) == std::set<std::string>{"r1-0", "r1-1"});
    CHECK(archive.taken == std::map<std::string, int>{{"r1-2", 1}});
}

TEST_CASE("only what is owed is sent again") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 6);
    root.publish(2, 2);
    int tries = 0;
    archive.verdict = [&](const Item& item) {
        return answer(item, item.message->id == "r1-4" && ++tries < 3 ? Verdict::Kind::later
                                                                      : Verdict::Kind::delivered);
    };
    REQUIRE(root.drain(archive));
    CHECK(root.left() == 0);
    CHECK(archive.taken.size() == 8);
    for (const auto& [id, times] : archive.taken)
        CHECK(times == 1);
}

TEST_CASE("a drain gives up on what is never taken, and says why") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 2);
    root.publish(2, 2);
    archive.verdict = [](const Item& item) {
        return answer(item, item.segment->run == "r1" ? Verdict::Kind::later : Verdict::Kind::delivered,
                      "not today");
    };
    const auto drained = root.drain(archive);
    REQUIRE_FALSE(drained);
    CHECK(drained.error().message.find("not today") != std::string::npos);
    CHECK(root.left() == 1);
}

TEST_CASE("what is undecided is tried again as soon as something is delivered") {
    ScriptedRoot root;
    ScriptedArchive archive;
    archive.limit.messages = 2;
    for (int number = 1; number <= 20; ++number)
        root.publish(number, 1);
    bool proven = false;
    archive.verdict = [&](const Item& item) {
        if (item.segment->run == "r20") {
            proven = true;
            return answer(item, Verdict::Kind::delivered);
        }
        return answer(item, proven ? Verdict::Kind::dropped : Verdict::Kind::undecided);
    };
    REQUIRE(root.drain(archive));
    CHECK(root.left() == 0);
    CHECK(archive.taken.size() == 1);
}

TEST_CASE("a lost connection is made again and what was on its way is sent again") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 30);
    int sends = 0;
    archive.on_send = [&](std::span<const Item>) -> Status {
        if (++sends % 3 == 0) return fail(ErrorKind::unreachable, "cut");
        return {};
    };
    REQUIRE(root.drain(archive));
    CHECK(root.left() == 0);
    CHECK(archive.taken.size() == 30);
    CHECK(archive.connects > 1);
}

TEST_CASE("a drain gives up on an archive that cannot be reached") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 1);
    archive.on_connect = [] { return fail(ErrorKind::unreachable, "nobody there"); };
    const auto drained = root.drain(archive);
    REQUIRE_FALSE(drained);
    CHECK(drained.error().kind == ErrorKind::unreachable);
    CHECK(drained.error().message.find("nobody there") != std::string::npos);
    CHECK(archive.connects == 4);
    CHECK(root.left() == 1);
}

TEST_CASE("one bad message among many is found, and only that one is refused") {
    const int bad = GENERATE(0, 1, 17, 38, 39);
    ScriptedRoot root;
    ScriptedArchive archive;
    archive.limit.messages = 100;
    const std::string name = root.publish(1, 40);
    const std::string bad_id = fmt::format("r1-{}", bad);
    archive.on_send = [&](std::span<const Item> batch) -> Status {
        for (const Item& item : batch) {
            if (item.message->id == bad_id) return fail(ErrorKind::refused, "one of these");
        }
        return {};
    };
    REQUIRE(root.drain(archive));
    CHECK(root.left() == 0);
    CHECK(archive.taken.size() == 39);
    CHECK(ids_of(**root.spool.read_failed(name)) == std::set<std::string>{bad_id});
    CHECK(archive.connects < 40);
}

TEST_CASE("a busy archive is left alone for a while") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 4);
    int answers = 0;
    archive.verdict = [&](const Item& item) {
        return answer(item, ++answers <= 4 ? Verdict::Kind::busy : Verdict::Kind::delivered);
    };
    REQUIRE(root.drain(archive));
    CHECK(archive.taken.size() == 4);
    CHECK(archive.connects == 1);
}

TEST_CASE("a drain gives up on an archive that is connected and takes nothing") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 2);
    archive.on_held_up = [] { return std::string("no room"); };
    const auto drained = root.deliver(archive, {.drain = true, .patience = std::chrono::milliseconds(30)});
    REQUIRE_FALSE(drained);
    CHECK(drained.error().kind == ErrorKind::unreachable);
    CHECK(drained.error().message.find("no room") != std::string::npos);
    CHECK(root.left() == 1);
}

TEST_CASE("a drain waits for an archive that takes nothing for a moment") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 2);
    archive.on_held_up = [asked = 0]() mutable { return std::string(++asked < 5 ? "no room" : ""); };
    REQUIRE(root.deliver(archive, {.drain = true, .patience = std::chrono::seconds(20)}));
    CHECK(archive.taken.size() == 2);
}

TEST_CASE("a drain leaves an archive tidied, to the end") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 2);
    REQUIRE(root.drain(archive));
    CHECK(archive.last_tidies == 1);
    CHECK(archive.tidies > 1); // the last said that there is more
}

TEST_CASE("while failed/ cannot take them, refused messages do not fill the memory") {
    ScriptedRoot root;
    ScriptedArchive archive;
    for (int number = 1; number <= 100; ++number)
        root.publish(number, 1);
    std::filesystem::remove(root.spool.failed());
    std::ofstream(root.spool.failed()) << "in the way";
    archive.verdict = [](const Item& item) { return answer(item, Verdict::Kind::refused); };
    std::size_t sent = 0;
    archive.on_send = [&](std::span<const Item> batch) {
        sent += batch.size();
        return Status();
    };
    std::thread end([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        eventfd_write(root.stop_event.get(), 1);
    });
    REQUIRE(root.deliver(archive));
    end.join();
    CHECK(sent < 60);
    CHECK(root.left() == 100);
}

TEST_CASE("a damaged segment is set aside, those behind it are delivered") {
    ScriptedRoot root;
    ScriptedArchive archive;
    const std::string damaged = root.publish(1, std::string("{\"segment\":1}\n"));
    root.publish(2, 3);
    REQUIRE(root.drain(archive));
    CHECK(root.left() == 0);
    CHECK(archive.taken.size() == 3);
    CHECK(root.spool.list_failed() == std::vector{damaged});
    CHECK(root.spool.failed_reason(damaged).find("damaged") != std::string::npos);
}

TEST_CASE("a power failure at any call loses nothing and repeats at most the window") {
    int crash_at = 0;
    for (bool crashed = true; crashed; ++crash_at) {
        crashed = false;
        ScriptedRoot root;
        ScriptedArchive archive;
        for (int number = 0; number < 4; ++number)
            root.publish(number, 6);
        archive.verdict = [](const Item& item) {
            return answer(item,
                          item.message->id == "r2-2" ? Verdict::Kind::refused : Verdict::Kind::delivered);
        };
        int calls = 0;
        archive.on_call = [&](std::string_view) {
            if (calls++ == crash_at) throw PowerFailure();
        };
        try {
            static_cast<void>(root.drain(archive));
        } catch (const PowerFailure&) {
            crashed = true;
            static_cast<void>(root.drain(archive));
        }
        CHECK(root.left() == 0);
        CHECK(archive.taken.size() == 23);
        std::size_t repeated = 0;
        for (const auto& [id, times] : archive.taken)
            repeated += static_cast<std::size_t>(times - 1);
        // the window, and what the segments of its messages had delivered before
        CHECK(repeated <= archive.limit.messages + 6);
        CHECK(root.spool.list_failed()->size() == 1);
    }
    CHECK(crash_at > 10);
}

TEST_CASE("a service delivers what is published while it runs, and ends when the spool stayed empty") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 1);
    archive.on_call = [&, published = 1](std::string_view call) mutable {
        if (call == "settled" && published < 5) root.publish(++published, 1);
    };
    REQUIRE(root.deliver(archive, {.idle = std::chrono::milliseconds(50)}));
    CHECK(root.left() == 0);
    CHECK(archive.taken.size() == 5);
    CHECK(archive.connects == 1);
}

TEST_CASE("a service ends at once when it is told to") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 1);
    archive.verdict = [&](const Item& item) {
        eventfd_write(root.stop_event.get(), 1);
        return answer(item, Verdict::Kind::delivered);
    };
    REQUIRE(root.deliver(archive, {.idle = std::chrono::hours(1)}));
    CHECK(root.left() == 0);
}

TEST_CASE("a stop while the archive is away does not wait for it") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 1);
    archive.on_connect = [&] {
        eventfd_write(root.stop_event.get(), 1);
        return fail(ErrorKind::unreachable, "away");
    };
    REQUIRE(root.deliver(archive));
    CHECK(root.left() == 1);
}

TEST_CASE("the state file says how it stands") {
    ScriptedRoot root;
    ScriptedArchive archive;
    root.publish(1, 3);
    REQUIRE(root.drain(archive));
    auto state = read_archiver_state(root.paths, "a");
    REQUIRE(state);
    REQUIRE(*state);
    CHECK((*state)->state == "idle");
    CHECK((*state)->delivered_messages == 3);
    CHECK((*state)->last_delivery_usec > 0);

    root.publish(2, 1);
    archive.on_connect = [] { return fail(ErrorKind::unreachable, "gone fishing"); };
    REQUIRE_FALSE(root.drain(archive));
    state = read_archiver_state(root.paths, "a");
    CHECK((*state)->state == "waiting");
    CHECK((*state)->message == "gone fishing");
    CHECK((*state)->last_delivery_usec > 0);
}

TEST_CASE("nothing more is taken than the window has room for, in messages or in bytes") {
    SegmentBuilder builder({"meshprobe@h", "h", "default", "a", "r", "raw"});
    for (int message = 0; message < 5; ++message)
        builder.add("throughput", 1, std::string(100, 'x'));
    auto segment = Segment::parse(std::move(builder).finish());
    REQUIRE(segment);
    Flights flights;
    CHECK_FALSE(flights.may_take({10, 1000}));
    flights.add("s", std::move(*segment));
    CHECK(flights.take({1, 1000}).size() == 1);
    CHECK_FALSE(flights.may_take({1, 1000}));
    CHECK_FALSE(flights.may_take({10, 199}));
    CHECK(flights.may_take({10, 200}));
    const auto taken = flights.take({10, 399});
    CHECK(taken.size() == 2);
    CHECK_FALSE(flights.may_take({10, 399}));
    CHECK(flights.settle(answer(taken.front(), Verdict::Kind::delivered)));
    CHECK(flights.may_take({10, 399}));
    CHECK(flights.take({10, 1000}).size() == 2);
    CHECK_FALSE(flights.may_take({10, 1000})); // nothing waits
}
