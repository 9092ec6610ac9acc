// Identifiers that ask DNS about the requester's address.
#include "probe/limit/pscheduler/identifier.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace meshprobe::pscheduler {

namespace {

constexpr Microseconds usual_timeout = std::chrono::seconds(2);

/// "1.2.0.192", or the 32 nibbles of an IPv6 address, the last first.
std::string reversed(const IpAddress& address) {
    std::string text;
    for (unsigned i = address.size; i-- > 0;) {
        const unsigned byte = address.bytes.at(i);
        text += text.empty() ? "" : ".";
        text +=
            address.size == 4 ? fmt::format("{}", byte) : fmt::format("{:x}.{:x}", byte & 0xfU, byte >> 4U);
    }
    return text;
}

Result<DnsAnswer> ask(const World& world, const std::string& name, DnsType type, Microseconds timeout) {
    return world.dns ? world.dns(name, type, timeout) : DnsAnswer{};
}

class CymruBogon final : public Identifier {
  public:
    CymruBogon(bool fail_result, Microseconds timeout, std::vector<IpNetwork> exclude)
        : fail_result_(fail_result), timeout_(timeout), exclude_(std::move(exclude)) {}

    Result<Answer> identifies(const Hints& hints, const World& world) const override {
        const auto requester = hints.requester();
        if (!requester) return Answer::unknown;
        const auto excluded = [&](const IpNetwork& network) { return network.contains(*requester); };
        if (std::ranges::any_of(exclude_, excluded)) return Answer::no;
        const auto name =
            fmt::format("{}.v{}.fullbogons.cymru.com", reversed(*requester), requester->size == 4 ? 4 : 6);
        const auto told = ask(world, name, DnsType::a, timeout_);
        if (!told) return fail(told.error());
        if (told->is == DnsAnswer::Is::unknown) return answer(fail_result_);
        return answer(std::ranges::find(told->texts, "127.0.0.2") != told->texts.end());
    }

  private:
    bool fail_result_;
    Microseconds timeout_;
    std::vector<IpNetwork> exclude_;
};

/// Of "23028 64500 | 216.90.108.0/24 | US | arin | 1998-09-25".
std::vector<std::uint64_t> as_numbers(std::string_view text) {
    std::vector<std::uint64_t> numbers;
    text = text.substr(0, text.find('|'));
    while (!text.empty()) {
        std::uint64_t number = 0;
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc()) numbers.push_back(number);
        const auto next = text.find(' ');
        text = next == std::string_view::npos ? std::string_view() : text.substr(next + 1);
    }
    return numbers;
}

class CymruAsn final : public Identifier {
  public:
    CymruAsn(bool fail_result, Microseconds timeout, bool peers, std::vector<std::uint64_t> asns)
        : fail_result_(fail_result), timeout_(timeout), peers_(peers), asns_(std::move(asns)) {}

    Result<Answer> identifies(const Hints& hints, const World& world) const override {
        const auto requester = hints.requester();
        if (!requester) return Answer::unknown;
        const std::string_view zone = peers_ ? "peer" : requester->size == 4 ? "origin" : "origin6";
        const auto name = fmt::format("{}.{}.asn.cymru.com", reversed(*requester), zone);
        const auto told = ask(world, name, DnsType::txt, timeout_);
        if (!told) return fail(told.error());
        if (told->is == DnsAnswer::Is::unknown) return answer(fail_result_);
        return answer(std::ranges::any_of(told->texts, [this](const std::string& text) {
            return std::ranges::any_of(as_numbers(text), [this](std::uint64_t number) {
                return std::ranges::find(asns_, number) != asns_.end();
            });
        }));
    }

  private:
    bool fail_result_;
    Microseconds timeout_;
    bool peers_;
    std::vector<std::uint64_t> asns_;
};

/// The name must lead back to the address, or anybody could claim any name.
class ReverseDns final : public Identifier {
  public:
    ReverseDns(StringMatch match, Microseconds timeout) : match_(std::move(match)), timeout_(timeout) {}

    Result<Answer> identifies(const Hints& hints, const World& world) const override {
        const auto requester = hints.requester();
        if (!requester) return Answer::unknown;
        const auto pointer = reversed(*requester) + (requester->size == 4 ? ".in-addr.arpa" : ".ip6.arpa");
        const auto names = ask(world, pointer, DnsType::ptr, timeout_);
        if (!names) return fail(names.error());
        bool is_known = names->is != DnsAnswer::Is::unknown;
        for (const auto& name : names->texts) {
            const auto matches = leads_back_and_matches(name, *requester, world);
            if (!matches || *matches == Answer::yes) return matches;
            is_known = is_known && *matches == Answer::no;
        }
        return is_known ? Answer::no : Answer::unknown;
    }

  private:
    [[nodiscard]] Result<Answer> leads_back_and_matches(const std::string& name, const IpAddress& requester,
                                                        const World& world) const {
        const auto type = requester.size == 4 ? DnsType::a : DnsType::aaaa;
        const auto addresses = ask(world, name, type, timeout_);
        if (!addresses) return fail(addresses.error());
        if (addresses->is == DnsAnswer::Is::unknown) return Answer::unknown;
        const bool leads_back = std::ranges::any_of(
            addresses->texts, [&](const std::string& text) { return parse_ip_address(text) == requester; });
        if (!leads_back) return Answer::no;
        auto matches = match_.matches(name, world);
        return matches && *matches == Answer::no ? match_.matches(name + ".", world) : matches;
    }

    StringMatch match_;
    Microseconds timeout_;
};

} // namespace

std::unique_ptr<Identifier> make_cymru_bogon(DataReader& data) {
    bool fail_result = false;
    Microseconds timeout = usual_timeout;
    std::vector<IpNetwork> exclude;
    data.flag("fail-result", fail_result, Need::required);
    data.duration("timeout", timeout, Need::optional);
    data.networks("exclude", exclude, Need::optional);
    return std::make_unique<CymruBogon>(fail_result, timeout, std::move(exclude));
}

std::unique_ptr<Identifier> make_cymru_asn(DataReader& data) {
    bool fail_result = false;
    bool peers = false;
    Microseconds timeout = usual_timeout;
    std::vector<std::uint64_t> asns;
    data.flag("fail-result", fail_result, Need::required);
    data.flag("peers", peers);
    data.duration("timeout", timeout, Need::optional);
    data.cardinals("asns", asns, Need::optional);
    return std::make_unique<CymruAsn>(fail_result, timeout, peers, std::move(asns));
}

std::unique_ptr<Identifier> make_reverse_dns(DataReader& data) {
    std::optional<StringMatch> match;
    Microseconds timeout = usual_timeout;
    data.match("match", match, Need::required);
    data.duration("timeout", timeout, Need::required);
    return std::make_unique<ReverseDns>(match.value_or(StringMatch{}), timeout);
}

} // namespace meshprobe::pscheduler
