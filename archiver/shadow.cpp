// In the place of an archive with `shadow: true`: delivers nothing, and notes down in a database of its own
// what would have been delivered, for `meshprobectl compare`. The archive itself is not even dialled.
#include "archiver/archive_type.hpp"
#include "archiver/reporter.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace meshprobe {
namespace {

constexpr Microseconds usual_retention = std::chrono::days(7);

class ShadowArchive : public ArchiveType {
  public:
    explicit ShadowArchive(const ArchiveContext& context)
        : archive_(with_retention(context.archive)), reporter_(context.reporter),
          notes_(make_database({context.paths, archive_, context.reporter, context.stop},
                               context.paths.shadow_notes(archive_.name))) {}

    Status connect() override {
        if (!std::exchange(is_told_, true)) {
            reporter_.journal().log(
                Priority::notice,
                fmt::format("{}: in shadow: nothing is delivered, what would be is noted in {}",
                            archive_.name, notes_->place()));
        }
        return notes_->connect();
    }
    void disconnect() override {
        notes_->disconnect();
        verdicts_.clear();
    }

    Status send(std::span<const Item> batch) override {
        // Only of raw messages is it known which results they hold.
        std::vector<Item> raw;
        std::ranges::copy_if(batch, std::back_inserter(raw),
                             [](const Item& item) { return item.segment->format == "raw"; });
        if (!raw.empty()) {
            if (auto sent = notes_->send(raw); !sent) return sent;
        }
        for (const Item& item : batch) {
            if (item.segment->format != "raw")
                verdicts_.push_back({item.ticket, Verdict::Kind::delivered, {}});
        }
        return {};
    }

    Result<std::vector<Verdict>> settle() override {
        auto settled = notes_->settle();
        if (!settled) return settled;
        // What cannot be noted would have been delivered all the same.
        for (Verdict& verdict : *settled)
            verdicts_.push_back({verdict.ticket, Verdict::Kind::delivered, {}});
        return std::exchange(verdicts_, {});
    }

    Microseconds service_interval() const override { return notes_->service_interval(); }
    Window window() const override { return notes_->window(); }
    Result<bool> tidy(bool the_last_time) override { return notes_->tidy(the_last_time); }
    std::string place() const override { return notes_->place(); }

  private:
    static Archive with_retention(Archive archive) {
        if (!archive.retention_age && !archive.retention_size) archive.retention_age = usual_retention;
        return archive;
    }

    const Archive archive_;
    Reporter& reporter_;
    std::unique_ptr<ArchiveType> notes_;
    std::vector<Verdict> verdicts_;
    bool is_told_ = false;
};

} // namespace

std::unique_ptr<ArchiveType> make_shadow(const ArchiveContext& context) {
    return std::make_unique<ShadowArchive>(context);
}

} // namespace meshprobe
