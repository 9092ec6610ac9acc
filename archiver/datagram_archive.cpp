#include "archiver/datagram_archive.hpp"

#include "archiver/reporter.hpp"

#include <fmt/core.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace meshprobe {

DatagramArchive::DatagramArchive(const ArchiveContext& context, SyslogHeader header, Way way)
    : archive_(context.archive), reporter_(context.reporter), header_(std::move(header)),
      way_(std::move(way)) {}

Status DatagramArchive::connect() {
    disconnect();
    auto opened = way_.open();
    if (!opened) return fail(opened.error().in(way_.place));
    socket_ = std::move(*opened);
    reporter_.logged_in();
    return {};
}

void DatagramArchive::disconnect() {
    socket_.close();
    queue_.clear();
    verdicts_.clear();
    is_full_ = false;
}

Status DatagramArchive::send(std::span<const Item> batch) {
    queue_.insert(queue_.end(), batch.begin(), batch.end());
    return {};
}

Result<std::vector<Verdict>> DatagramArchive::settle() {
    is_full_ = false;
    while (!queue_.empty() && may_send()) {
        const auto step = send_one(queue_.front());
        if (!step) return fail(step.error());
        is_full_ = *step == Step::full;
        if (is_full_) break;
        burst_size_ += datagram_.size();
        queue_.pop_front();
    }
    // What bounced at once (nobody listens on that port) is told by the socket, if not of which datagram.
    if (auto found = find_bounced(); !found) return fail(found.error());
    return std::exchange(verdicts_, {});
}

bool DatagramArchive::may_send() {
    if (way_.burst == 0 || burst_size_ < way_.burst) return true;
    const auto now = Clock::now();
    if (now - burst_begun_ < std::chrono::milliseconds(1)) return false;
    burst_begun_ = now;
    burst_size_ = 0;
    return true;
}

Microseconds DatagramArchive::service_interval() const {
    return queue_.empty() || is_full_ ? Microseconds(std::chrono::hours(1)) : std::chrono::milliseconds(1);
}

Result<DatagramArchive::Step> DatagramArchive::send_one(const Item& item) {
    datagram_.clear();
    header_.append(datagram_, item, std::chrono::system_clock::now());
    datagram_ += item.message->body;
    if (datagram_.size() > way_.most) {
        refuse(item.ticket, datagram_.size(), fmt::format("{} allows {}", way_.limit, way_.most));
        return Step::sent;
    }
    if (::send(socket_.get(), datagram_.data(), datagram_.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
        verdicts_.push_back({item.ticket, Verdict::Kind::delivered, {}});
        return Step::sent;
    }
    switch (errno) {
    case EAGAIN:
    case EINTR:
        return Step::full;
    case EMSGSIZE:
        refuse(item.ticket, datagram_.size(), "the system takes less in one datagram");
        return Step::sent;
    default:
        return fail(ErrorKind::unreachable, fmt::format("{}: {}", way_.place, std::strerror(errno)));
    }
}

Status DatagramArchive::find_bounced() const {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return {};
    return fail(ErrorKind::unreachable, fmt::format("{}: {}", way_.place, std::strerror(error)));
}

void DatagramArchive::refuse(std::uint64_t ticket, std::size_t size, std::string_view limit) {
    verdicts_.push_back(
        {ticket, Verdict::Kind::refused, fmt::format("it makes a datagram of {} bytes; {}", size, limit)});
}

} // namespace meshprobe
