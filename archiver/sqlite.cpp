// Archive type `sqlite`: a file of our own, for whoever has no broker. One transaction for each batch, synced
// to the disk before it counts as delivered.
#include "archiver/archive_type.hpp"
#include "archiver/database.hpp"
#include "archiver/point_writer.hpp"
#include "archiver/raw_body.hpp"
#include "archiver/reporter.hpp"
#include "archiver/retention.hpp"
#include "archiver/schema.hpp"
#include "lib/file.hpp"

#include <fmt/core.h>

#include <utility>

namespace meshprobe {
namespace {

class SqliteArchive : public ArchiveType {
  public:
    SqliteArchive(const ArchiveContext& context, std::filesystem::path file)
        : archive_(context.archive), reporter_(context.reporter), path_(std::move(file)) {}

    Status connect() override {
        if (auto made = make_directories(path_.parent_path()); !made) return made;
        auto database = Database::open(path_);
        if (!database) return fail(database.error());
        database_ = std::move(*database);
        if (auto ready = prepare(); !ready) {
            disconnect();
            return ready;
        }
        reporter_.logged_in();
        return {};
    }

    void disconnect() override {
        retention_.reset(); // statements before their connection
        writer_.reset();
        database_.reset();
        verdicts_.clear();
    }

    Status send(std::span<const Item> batch) override {
        auto sent = database_->execute("BEGIN IMMEDIATE");
        if (sent) sent = write(batch);
        if (sent) sent = writer_->write_volume();
        if (sent) sent = database_->execute("COMMIT"); // synchronous=FULL: on the disk, or an error
        if (!sent) {
            if (database_->in_transaction()) static_cast<void>(database_->execute("ROLLBACK"));
            writer_->forget();
            verdicts_.clear();
        } else if (database_->has_moved()) {
            verdicts_.clear(); // once too often in a file that was put away is better than in none
            return fail(ErrorKind::storage, path_.string() + " was moved or removed; a new one is begun");
        }
        return sent;
    }

    Result<std::vector<Verdict>> settle() override { return std::exchange(verdicts_, {}); }

    Microseconds service_interval() const override { return std::chrono::minutes(1); } // retention
    Window window() const override { return {archive_.window, 8U << 20}; }
    std::string place() const override { return path_.string(); }

    Result<bool> tidy(bool the_last_time) override {
        const auto step = retention_->step(std::chrono::system_clock::now(), the_last_time);
        if (!step) return fail(step.error());
        if (step->deleted) writer_->forget();
        return step->more;
    }

  private:
    Status prepare() {
        // auto_vacuum and page size only count before the first table is made. A page of 8 KiB holds several
        // histograms; the write-ahead log is copied back every 64 MiB, so that hot pages are copied once.
        for (const char* sql :
             {"PRAGMA page_size = 8192", "PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL",
              "PRAGMA synchronous = FULL", "PRAGMA wal_autocheckpoint = 8192",
              "PRAGMA journal_size_limit = 67108864", "PRAGMA cache_size = -16384"}) {
            if (auto set = database_->execute(sql); !set) return set;
        }
        if (auto made = make_schema(); !made) return made;
        auto writer = PointWriter::create(*database_);
        if (!writer) return fail(writer.error());
        writer_ = std::move(*writer);
        auto retention = Retention::create(*database_, archive_.retention_age, archive_.retention_size);
        if (!retention) return fail(retention.error());
        retention_ = std::move(*retention);
        return {};
    }

    Status make_schema() {
        const auto version = read_version();
        if (!version) return fail(version.error());
        if (*version == schema_version) return {};
        if (*version > schema_version || *version < 0) {
            return fail(ErrorKind::configuration,
                        fmt::format("{} has tables of version {}, this meshprobe knows versions up to {}; "
                                    "use the version that made it, or move the file away: a new one is begun",
                                    path_.string(), *version, schema_version));
        }
        std::string steps;
        for (auto step = static_cast<std::size_t>(*version); step < schema_steps.size(); ++step)
            steps += schema_steps[step];
        auto made = database_->execute(fmt::format("BEGIN IMMEDIATE; {} COMMIT", steps));
        if (!made && database_->in_transaction()) static_cast<void>(database_->execute("ROLLBACK"));
        return made;
    }

    /// 0: there is nothing in it.
    Result<std::int64_t> read_version() {
        const auto exists =
            database_->number("SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'");
        if (!exists) return fail(exists.error());
        if (*exists > 0) return database_->number("SELECT version FROM schema_version");
        const auto others = database_->number("SELECT count(*) FROM sqlite_master");
        if (!others) return fail(others.error());
        if (*others == 0) return 0;
        return fail(ErrorKind::configuration,
                    fmt::format("{} is somebody else's database, not one of meshprobe; move it away: a new "
                                "one is begun",
                                path_.string()));
    }

    Status write(std::span<const Item> batch) {
        for (const Item& item : batch) {
            Verdict verdict{item.ticket, Verdict::Kind::delivered, {}};
            const auto body = read(item);
            if (body) {
                if (auto written = writer_->write(item.segment->host, **body); !written) return written;
            } else {
                verdict = {item.ticket, Verdict::Kind::refused, body.error().message};
            }
            verdicts_.push_back(std::move(verdict));
        }
        return {};
    }

    Result<const RawBody*> read(const Item& item) {
        if (item.segment->format != "raw") {
            return fail(ErrorKind::protocol,
                        fmt::format("format '{}' cannot be stored here, only raw", item.segment->format));
        }
        return reader_.read(item.message->body);
    }

    const Archive& archive_;
    Reporter& reporter_;
    const std::filesystem::path path_;
    std::unique_ptr<Database> database_;
    std::unique_ptr<PointWriter> writer_;
    std::unique_ptr<Retention> retention_;
    RawBodyReader reader_;
    std::vector<Verdict> verdicts_;
};

} // namespace

Result<std::unique_ptr<ArchiveType>> make_sqlite(const ArchiveContext& context) {
    return make_database(context, context.paths.local_archive() / (context.archive.name + ".db"));
}

std::unique_ptr<ArchiveType> make_database(const ArchiveContext& context, std::filesystem::path file) {
    return std::make_unique<SqliteArchive>(context, std::move(file));
}

} // namespace meshprobe
