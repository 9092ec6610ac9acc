// What one archive brought is known when another one takes its place, and only then.
#include "lib/checkpoint/checkpoint.hpp"
#include "probe/series_history.hpp"
#include "probe/subject_book.hpp"
#include "tests/unit/lib/temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace meshprobe;
using meshprobe::test::TemporaryDirectory;

namespace {

constexpr Timestamp keep = 86'400;

MetadataEntry described_series(std::string key, std::string source = "\"192.0.2.1\"") {
    MetadataEntry entry;
    entry.key = std::move(key);
    entry.meta.source = std::move(source);
    entry.meta.destination = "\"192.0.2.2\"";
    entry.meta.input_source = "\"a.example.net\"";
    entry.meta.input_destination = "\"b.example.net\"";
    entry.meta.test_type = "\"throughput\"";
    entry.meta.tool_name = "\"pscheduler/iperf3\"";
    entry.meta.ip_transport_protocol = "\"tcp\"";
    entry.meta.time_duration = "30";
    return entry;
}

/// A host that was read through several archives.
class Host {
  public:
    Host() {
        REQUIRE(std::filesystem::create_directories(paths_.checkpoints()));
        auto opened = Checkpoint::open(paths_, instance_, keep);
        REQUIRE(opened);
        checkpoint_.emplace(std::move(*opened));
    }

    void receive(const MetadataEntry& subject, Flavour flavour, std::vector<Timestamp> times) {
        Commit commit;
        commit.series.push_back(
            {.series = subject.key + " throughput", .sent = times, .complete_until = times.back()});
        REQUIRE(checkpoint_->commit(commit));
        SubjectBook book(paths_, instance_);
        book.note(subject, flavour);
        REQUIRE(book.write(checkpoint_->series()));
    }

    [[nodiscard]] std::optional<SeriesState> know(const MetadataEntry& subject, Flavour flavour) const {
        SeriesHistory history(*checkpoint_);
        REQUIRE(history.look_at_others(paths_, instance_));
        return history.find(subject, "throughput", flavour);
    }
    [[nodiscard]] const Checkpoint& checkpoint() const { return *checkpoint_; }

  private:
    TemporaryDirectory directory_;
    Paths paths_{directory_.path()};
    Instance instance_{"default", "h.example.org"};
    std::optional<Checkpoint> checkpoint_;
};

} // namespace

TEST_CASE("another archive goes on where the first one ended") {
    Host host;
    host.receive(described_series("esmond-key"), Flavour::esmond, {1000, 2000});
    // The same test, with the numbers and names of another archive.
    auto same = described_series("own-key", "\"a.example.net\"");
    same.meta.time_duration = "\"30.0\"";
    const auto known = host.know(same, Flavour::pscheduler);
    REQUIRE(known);
    CHECK(known->seen(1000));
    CHECK(known->seen(2000));
    CHECK_FALSE(known->seen(3000));
    CHECK(known->newest == 2000);
    CHECK(known->complete_until == 2000);

    SECTION("what both brought counts") {
        host.receive(same, Flavour::pscheduler, {3000});
        const auto both = host.know(described_series("esmond-key"), Flavour::esmond);
        REQUIRE(both);
        CHECK(both->seen(1000));
        CHECK(both->seen(3000));
        CHECK(both->complete_until == 3000);
    }
    SECTION("one who does not look at others knows its own only") {
        const SeriesHistory history(host.checkpoint());
        CHECK_FALSE(history.find(same, "throughput", Flavour::pscheduler));
    }
}

TEST_CASE("series that one archive tells apart stay apart") {
    Host host;
    host.receive(described_series("one"), Flavour::esmond, {1000});
    CHECK_FALSE(host.know(described_series("two"), Flavour::esmond));
    CHECK(host.know(described_series("two"), Flavour::opensearch));
    host.receive(described_series("elmond"), Flavour::elmond, {5000});
    const auto known =
        host.know(described_series("opensearch"), Flavour::opensearch); // has the keys of elmond
    REQUIRE(known);
    CHECK_FALSE(known->seen(5000));
}

TEST_CASE("another test is none of the same") {
    Host host;
    host.receive(described_series("key"), Flavour::esmond, {1000});
    const auto differs = [&](auto change) {
        auto other = described_series("other");
        change(other.meta);
        return !host.know(other, Flavour::pscheduler);
    };
    CHECK(differs([](EntryMeta& meta) { meta.input_destination = "\"c.example.net\""; }));
    CHECK(differs([](EntryMeta& meta) { meta.test_type = "\"rtt\""; }));
    CHECK(differs([](EntryMeta& meta) { meta.tool_name = "\"pscheduler/nuttcp\""; }));
    CHECK(differs([](EntryMeta& meta) { meta.ip_transport_protocol = "\"udp\""; }));
    CHECK(differs([](EntryMeta& meta) { meta.time_duration = "60"; }));
    CHECK(differs([](EntryMeta& meta) { meta.source = "\"2001:db8::1\""; }));
}

TEST_CASE("where the family of addresses is not known, nothing is taken for the same that may be another") {
    Host host;
    host.receive(described_series("four"), Flavour::esmond, {1000});
    const auto by_name = described_series("name", "\"a.example.net\"");
    CHECK(host.know(by_name, Flavour::pscheduler));
    host.receive(described_series("six", "\"2001:db8::1\""), Flavour::esmond, {2000});
    CHECK_FALSE(host.know(by_name, Flavour::pscheduler));
    const auto six = host.know(described_series("other", "\"2001:db8::7\""), Flavour::opensearch);
    REQUIRE(six);
    CHECK(six->seen(2000));
    CHECK_FALSE(six->seen(1500));
}

TEST_CASE("of several alike of one archive only what all of them have is taken for received") {
    Host host;
    host.receive(described_series("first-key"), Flavour::esmond, {1000, 2000});
    host.receive(described_series("second-key"), Flavour::esmond, {1000});
    const auto known = host.know(described_series("own-key"), Flavour::pscheduler);
    REQUIRE(known);
    CHECK(known->seen(1000));
    CHECK_FALSE(known->seen(2000)); // rather again than lost
    CHECK(known->complete_until == 1000);
}
