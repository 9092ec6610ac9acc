// What stands before a message where syslog is spoken.
//
// rfc3164, as syslog(3) writes it to the local socket (to another machine with the host's name after the
// time):
//
//   <14>Nov 27 22:45:12 meshprobe[4711]: MESSAGE
//
// rfc5424, with what is known of the message as structured data; 32473 is the number of RFC 5612 for whoever
// has none of his own:
//
//   <14>1 2026-11-27T22:45:12.000001Z HOST meshprobe 4711 EVENT-TYPE [meshprobe@32473 id="RUN-0" host="…"
//   event-type="…" task="…" archive="…"] MESSAGE
#pragma once

#include "archiver/archive_type.hpp"
#include "lib/config/config.hpp"

#include <chrono>
#include <string>

namespace meshprobe {

class SyslogHeader {
  public:
    enum class To { this_machine, another };

    SyslogHeader(const SyslogSettings& settings, To to);

    /// Appends it, with the blank before the message; nothing if none is wanted.
    void append(std::string& out, const Item& item, std::chrono::system_clock::time_point now) const;

  private:
    SyslogFormat format_;
    std::string priority_; ///< "<14>"
    std::string machine_;  ///< HOSTNAME
    std::string tag_;      ///< "meshprobe[4711]: ", or "meshprobe 4711"
};

} // namespace meshprobe
