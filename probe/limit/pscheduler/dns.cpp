#include "probe/limit/pscheduler/dns.hpp"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace meshprobe::pscheduler {

namespace {

int number_of(DnsType type) {
    switch (type) {
    case DnsType::a:
        return ns_t_a;
    case DnsType::aaaa:
        return ns_t_aaaa;
    case DnsType::ptr:
        return ns_t_ptr;
    case DnsType::txt:
        break;
    }
    return ns_t_txt;
}

std::string address_text(std::span<const unsigned char> data) {
    IpAddress address;
    if (data.size() != 4 && data.size() != 16) return {};
    address.size = static_cast<unsigned>(data.size());
    std::copy(data.begin(), data.end(), address.bytes.begin());
    return address.text();
}

/// Strings of up to 255 bytes, each behind its length, are one text.
std::string joined_text(std::span<const unsigned char> data) {
    std::string text;
    while (!data.empty()) {
        const auto size = std::min<std::size_t>(data.front(), data.size() - 1);
        for (const auto byte : data.subspan(1, size))
            text += static_cast<char>(byte);
        data = data.subspan(1 + size);
    }
    return text;
}

class Resolver {
  public:
    explicit Resolver(Microseconds timeout) {
        is_open_ = ::res_ninit(&state_) == 0;
        if (!is_open_) return;
        constexpr int most_servers = 2;
        state_.nscount = std::min(state_.nscount, most_servers);
        state_.retry = 1;
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(timeout / std::max(state_.nscount, 1));
        state_.retrans = static_cast<int>(std::clamp<std::int64_t>(seconds.count(), 1, 30));
    }
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;
    ~Resolver() {
        if (is_open_) ::res_nclose(&state_);
    }

    DnsAnswer ask(const std::string& name, DnsType type) {
        if (!is_open_) return {};
        std::array<unsigned char, 65536> answer{};
        const int size = ::res_nquery(&state_, name.c_str(), ns_c_in, number_of(type), answer.data(),
                                      static_cast<int>(answer.size()));
        if (size < 0) {
            const bool is_absent = state_.res_h_errno == HOST_NOT_FOUND || state_.res_h_errno == NO_DATA;
            return {is_absent ? DnsAnswer::Is::absent : DnsAnswer::Is::unknown, {}};
        }
        return read_dns_answer(
            std::span(answer).first(std::min<std::size_t>(static_cast<std::size_t>(size), answer.size())),
            type);
    }

  private:
    struct __res_state state_ {};
    bool is_open_ = false;
};

} // namespace

DnsAnswer read_dns_answer(std::span<const unsigned char> answer, DnsType type) {
    ns_msg message{};
    if (::ns_initparse(answer.data(), static_cast<int>(answer.size()), &message) != 0) return {};
    DnsAnswer found{DnsAnswer::Is::absent, {}};
    for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
        ns_rr record{};
        if (::ns_parserr(&message, ns_s_an, i, &record) != 0) return {};
        if (ns_rr_type(record) != number_of(type)) continue; // a CNAME on the way
        const std::span<const unsigned char> data(ns_rr_rdata(record), ns_rr_rdlen(record));
        std::string text;
        if (type == DnsType::ptr) {
            std::array<char, NS_MAXDNAME> name{};
            if (::ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), data.data(), name.data(),
                                     name.size()) < 0)
                return {};
            text = name.data();
        } else {
            text = type == DnsType::txt ? joined_text(data) : address_text(data);
        }
        if (text.empty()) continue;
        found.is = DnsAnswer::Is::found;
        found.texts.push_back(std::move(text));
    }
    return found;
}

DnsAnswer ask_dns(const std::string& name, DnsType type, Microseconds timeout) {
    return Resolver(timeout).ask(name, type);
}

} // namespace meshprobe::pscheduler
