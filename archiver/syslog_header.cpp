#include "archiver/syslog_header.hpp"

#include "lib/summary_name.hpp"

#include <fmt/chrono.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace meshprobe {
namespace {

constexpr std::size_t longest_message_id = 32; // MSGID

std::string host_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "-";
}

void append_parameter(std::string& out, std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(out), " {}=\"", name);
    for (const char c : value) {
        if (c == '"' || c == '\\' || c == ']') out += '\\';
        out += c;
    }
    out += '"';
}

/// Printable ASCII without blanks, cut to what the protocol allows.
std::string message_id(std::string_view event_type) {
    std::string id(event_type.substr(0, longest_message_id));
    std::ranges::replace_if(
        id, [](char c) { return c <= 0x20 || c >= 0x7f; }, '_');
    return id.empty() ? "-" : id;
}

} // namespace

SyslogHeader::SyslogHeader(const SyslogSettings& settings, To to) : format_(settings.format) {
    priority_ =
        fmt::format("<{}>", facility_code(settings.facility) * 8 + static_cast<unsigned>(settings.severity));
    if (to == To::another || format_ == SyslogFormat::rfc5424) machine_ = host_name() + " ";
    tag_ = format_ == SyslogFormat::rfc5424 ? fmt::format("{} {}", settings.identifier, ::getpid())
                                            : fmt::format("{}[{}]: ", settings.identifier, ::getpid());
}

void SyslogHeader::append(std::string& out, const Item& item,
                          std::chrono::system_clock::time_point now) const {
    if (format_ == SyslogFormat::none) return;
    const auto seconds = std::chrono::system_clock::to_time_t(now);
    if (format_ == SyslogFormat::rfc3164) {
        fmt::format_to(std::back_inserter(out), "{}{:%b %e %H:%M:%S} {}{}", priority_,
                       fmt::localtime(seconds), machine_, tag_);
        return;
    }
    const auto fraction = std::chrono::floor<Microseconds>(now.time_since_epoch()) % std::chrono::seconds(1);
    const std::string_view event_type = event_type_of(item.message->event_type);
    fmt::format_to(std::back_inserter(out), "{}1 {:%Y-%m-%dT%H:%M:%S}.{:06}Z {}{} {} [meshprobe@32473",
                   priority_, fmt::gmtime(seconds), fraction.count(), machine_, tag_, message_id(event_type));
    append_parameter(out, "id", item.message->id);
    append_parameter(out, "host", item.segment->host);
    append_parameter(out, "event-type", item.message->event_type);
    append_parameter(out, "task", item.segment->task);
    append_parameter(out, "archive", item.segment->archive);
    out += "] ";
}

} // namespace meshprobe
