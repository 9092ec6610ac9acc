#include "lib/trust.hpp"

#include "lib/file.hpp"
#include "lib/host_name.hpp"
#include "lib/instance.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace meshprobe {

namespace {

constexpr std::size_t largest_record = 4096;

/// Readers see whole files in any case; this is for those who read, decide and write. The directory itself is
/// locked, which works for root and the probe's user alike and leaves nothing behind.
Result<FileDescriptor> lock(const std::filesystem::path& directory) {
    FileDescriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open()) return fail_errno(fmt::format("open {}", directory.string()));
    while (::flock(fd.get(), LOCK_EX) != 0) {
        if (errno != EINTR) return fail_errno(fmt::format("lock {}", directory.string()));
    }
    return fd;
}

std::string format(const TrustRecord& record) {
    auto text = fmt::format("pin {}\nfirst-seen {}\nverified {}\n", record.pin, record.first_seen,
                            record.verified ? "yes" : "no");
    if (!record.changed_pin.empty()) {
        text += fmt::format("changed-pin {}\nchanged-since {}\n", record.changed_pin, record.changed_since);
    }
    return text;
}

std::optional<TrustRecord> parse(std::string_view text) {
    TrustRecord record;
    const auto time = [](std::string_view digits, std::int64_t& out) {
        const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
        return error == std::errc() && stop == digits.data() + digits.size();
    };
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        const auto line = text.substr(0, end);
        text.remove_prefix(end + 1);
        const auto blank = line.find(' ');
        if (blank == std::string_view::npos) return std::nullopt;
        const auto name = line.substr(0, blank);
        const auto value = line.substr(blank + 1);
        bool is_good = true;
        if (name == "pin") {
            record.pin = value;
        } else if (name == "first-seen") {
            is_good = time(value, record.first_seen);
        } else if (name == "verified") {
            record.verified = value == "yes";
            is_good = record.verified || value == "no";
        } else if (name == "changed-pin") {
            record.changed_pin = value;
        } else if (name == "changed-since") {
            is_good = time(value, record.changed_since);
        } else {
            is_good = false;
        }
        if (!is_good) return std::nullopt;
    }
    if (record.pin.empty()) return std::nullopt;
    return record;
}

/// What is to be remembered after `decision`; the same as before if nothing is new.
TrustRecord updated(const std::optional<TrustRecord>& before, TrustDecision decision, std::string_view pin,
                    bool verified, std::int64_t now) {
    if (decision == TrustDecision::accept_and_remember ||
        decision == TrustDecision::accept_changed_verified || !before) {
        return {std::string(pin), now, verified, {}, 0};
    }
    auto record = *before;
    if (decision == TrustDecision::reject) {
        if (record.changed_pin != pin) {
            record.changed_pin = pin;
            record.changed_since = now;
        }
    } else if (!record.changed_pin.empty()) {
        record.changed_pin.clear(); // the host is back with the key we know
        record.changed_since = 0;
    }
    return record;
}

} // namespace

TrustDecision decide(const std::optional<TrustRecord>& remembered, std::string_view pin, bool verified) {
    if (!remembered) return TrustDecision::accept_and_remember;
    if (remembered->pin == pin) return TrustDecision::accept;
    return verified ? TrustDecision::accept_changed_verified : TrustDecision::reject;
}

/// The file is named as the instances are: one function makes names that are safe.
Result<std::filesystem::path> TrustStore::file(std::string_view host) const {
    const auto parsed = parse_host_name(host);
    if (!parsed) return fail(parsed.error());
    const auto name = Instance{.host = parsed->text()}.name();
    return directory_ / name.substr(name.find('@') + 1);
}

Result<std::optional<TrustRecord>> TrustStore::read(std::string_view host) const {
    const auto path = file(host);
    if (!path) return fail(path.error());
    const auto text = read_file_if_exists(*path, largest_record, Links::refuse);
    if (!text) return fail(text.error());
    if (!*text) return std::optional<TrustRecord>();
    auto record = parse(**text);
    if (!record) {
        return fail(
            ErrorKind::storage,
            fmt::format("{} is damaged, so the key of {} cannot be judged: once you are sure of the host, "
                        "run: meshprobectl trust {} --forget",
                        path->string(), host, host));
    }
    return record;
}

Status TrustStore::write(std::string_view host, const TrustRecord& record) const {
    const auto path = file(host);
    if (!path) return fail(path.error());
    return write_file_durably(*path, format(record));
}

Result<TrustDecision> TrustStore::remember(std::string_view host, std::string_view pin, bool verified,
                                           std::int64_t now) const {
    auto locked = lock(directory_);
    if (!locked) {
        if (auto made = make_directories(directory_, 0755); !made) return fail(made.error());
        locked = lock(directory_);
    }
    if (!locked) return fail(locked.error());
    const auto before = read(host);
    if (!before) return fail(before.error());
    const auto decision = decide(*before, pin, verified);
    const auto after = updated(*before, decision, pin, verified, now);
    if (*before != after) {
        if (auto written = write(host, after); !written) return fail(written.error());
    }
    return decision;
}

Result<TrustRecord> TrustStore::accept(std::string_view host, std::int64_t now) const {
    const auto nothing = [&] {
        return fail(ErrorKind::usage, fmt::format("{} has not shown another key than the remembered one: "
                                                  "there is nothing to accept",
                                                  host));
    };
    if (const auto known = read(host); !known) return fail(known.error());
    const auto locked = lock(directory_);
    if (!locked) return nothing();
    const auto before = read(host);
    if (!before) return fail(before.error());
    if (!*before || (*before)->changed_pin.empty()) return nothing();
    const TrustRecord after{(*before)->changed_pin, now, false, {}, 0};
    if (auto written = write(host, after); !written) return fail(written.error());
    return after;
}

Result<bool> TrustStore::forget(std::string_view host) const {
    const auto path = file(host);
    if (!path) return fail(path.error());
    if (::unlink(path->c_str()) != 0) {
        if (errno == ENOENT) return false;
        return fail_errno(fmt::format("remove {}", path->string()));
    }
    if (auto synced = sync_directory(directory_); !synced) return fail(synced.error());
    return true;
}

Result<std::vector<std::pair<std::string, TrustRecord>>> TrustStore::list() const {
    std::vector<std::pair<std::string, TrustRecord>> records;
    std::error_code error;
    auto entries = std::filesystem::directory_iterator(directory_, error);
    if (error == std::errc::no_such_file_or_directory) return records;
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
        const auto instance =
            parse_instance(template_name(default_task) + "@" + entries->path().filename().string());
        if (!instance) continue; // a temporary file
        if (auto record = read(instance->host); record && *record) {
            records.emplace_back(instance->host, std::move(**record));
        }
    }
    if (error) {
        return fail(ErrorKind::storage, fmt::format("read {}: {}", directory_.string(), error.message()));
    }
    std::ranges::sort(records, {}, &std::pair<std::string, TrustRecord>::first);
    return records;
}

} // namespace meshprobe
