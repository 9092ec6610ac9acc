// The front door of all logging. Only programs (never lib) call it, and each problem is logged once.
// Under systemd it speaks the native journal protocol, with fields; a generator writes to the kernel log;
// by hand, lines go to standard error.
#pragma once

#include "lib/message_id.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

enum class Priority : int { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

/// MESHPROBE_HOST, MESHPROBE_TASK, MESHPROBE_INSTANCE, MESHPROBE_ARCHIVE, MESHPROBE_MESH,
/// MESHPROBE_EVENT_TYPE, MESHPROBE_POINTS, MESHPROBE_MESSAGES, MESHPROBE_REQUESTS, MESHPROBE_BYTES,
/// MESHPROBE_DURATION_USEC, MESHPROBE_LAG_USEC …: meshprobe.journal-fields(7).
struct Field {
    std::string name; ///< upper case; the journal drops others silently
    std::string value;

    Field(std::string field, std::string text) : name(std::move(field)), value(std::move(text)) {}
    Field(std::string field, std::string_view text) : name(std::move(field)), value(text) {}
    Field(std::string field, const char* text) : name(std::move(field)), value(text) {}
    Field(std::string field, std::uint64_t number) : name(std::move(field)), value(std::to_string(number)) {}
    Field(std::string field, std::int64_t number) : name(std::move(field)), value(std::to_string(number)) {}
};
using Fields = std::vector<Field>;

class Journal {
  public:
    enum class Sink { journal, kernel_log, standard_error };

    /// The journal if standard error is connected to it ($JOURNAL_STREAM), otherwise standard error.
    /// `identity` goes with every entry.
    explicit Journal(std::string_view program, Fields identity = {});
    Journal(std::string_view program, Sink sink, Fields identity = {});

    void log(Priority priority, const MessageId& id, std::string_view message,
             const Fields& fields = {}) const;
    /// What has no kind of its own; never for news.
    void log(Priority priority, std::string_view message, const Fields& fields = {}) const;

  private:
    void send(Priority priority, const MessageId* id, std::string_view message, const Fields& fields) const;

    std::string program_;
    Sink sink_;
    Fields identity_;
    Priority most_verbose_ = Priority::info; ///< for standard error; $SYSTEMD_LOG_LEVEL=debug shows all
};

} // namespace meshprobe
