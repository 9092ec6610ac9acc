// Identifiers that compare the requester's address with networks.
#include "probe/limit/pscheduler/identifier.hpp"

#include <algorithm>

namespace meshprobe::pscheduler {

namespace {

using Networks = std::vector<IpNetwork>;

bool contains(const Networks& networks, const IpAddress& address) {
    return std::ranges::any_of(networks, [&](const IpNetwork& network) { return network.contains(address); });
}

class CidrList final : public Identifier {
  public:
    explicit CidrList(Networks networks) : networks_(std::move(networks)) {}
    Result<Answer> identifies(const Hints& hints, const World& /*world*/) const override {
        const auto requester = hints.requester();
        return requester ? answer(contains(networks_, *requester)) : Answer::unknown;
    }

  private:
    Networks networks_;
};

/// One network a line, '#' begins a comment; what is none is passed over.
Networks networks_in(std::string_view text) {
    Networks networks;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        line = line.substr(0, line.find('#'));
        const auto first = line.find_first_not_of(" \t\r");
        if (first == std::string_view::npos) continue;
        line = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
        if (const auto network = parse_ip_network(line)) networks.push_back(*network);
    }
    return networks;
}

class CidrListUrl final : public Identifier {
  public:
    CidrListUrl(ListSource source, Networks exclude, bool fail_state)
        : source_(std::move(source)), exclude_(std::move(exclude)), fail_state_(fail_state) {}

    Result<Answer> identifies(const Hints& hints, const World& world) const override {
        const auto requester = hints.requester();
        if (!requester) return Answer::unknown;
        if (!networks_) {
            const auto text = world.list ? world.list(source_.key()) : std::nullopt;
            networks_ = text ? networks_in(*text) : Networks{};
        }
        if (networks_->empty()) return answer(fail_state_);
        return answer(contains(*networks_, *requester) && !contains(exclude_, *requester));
    }
    const ListSource* list() const override { return &source_; }

  private:
    ListSource source_;
    Networks exclude_;
    bool fail_state_;
    mutable std::optional<Networks> networks_; ///< the copy, once read: it is that of this run
};

class LocalInterface final : public Identifier {
  public:
    explicit LocalInterface(bool whole_subnet) : whole_subnet_(whole_subnet) {}
    Result<Answer> identifies(const Hints& hints, const World& world) const override {
        const auto requester = hints.requester();
        if (!requester || !world.interfaces) return Answer::unknown;
        return answer(std::ranges::any_of(world.interfaces(), [&](const IpNetwork& interface) {
            return whole_subnet_ ? interface.contains(*requester) : interface.base == *requester;
        }));
    }

  private:
    bool whole_subnet_;
};

} // namespace

std::string ListSource::key() const {
    std::string key = url;
    if (transform) key += "\n" + transform->program + "\n" + transform->arguments.dump();
    return key;
}

std::unique_ptr<Identifier> make_cidr_list(DataReader& data) {
    Networks networks;
    data.networks("cidrs", networks, Need::required);
    return std::make_unique<CidrList>(std::move(networks));
}

std::unique_ptr<Identifier> make_cidr_list_url(DataReader& data) {
    ListSource source;
    Networks exclude;
    bool fail_state = false;
    data.url("source", source.url, Need::required);
    data.duration("update", source.update, Need::required);
    data.duration("retry", source.retry, Need::required);
    data.script("transform", source.transform, Need::optional);
    data.text("bind", source.bind, Need::optional);
    data.networks("exclude", exclude, Need::optional);
    data.flag("fail-state", fail_state);
    return std::make_unique<CidrListUrl>(std::move(source), std::move(exclude), fail_state);
}

std::unique_ptr<Identifier> make_local_interface(DataReader& /*data*/) {
    return std::make_unique<LocalInterface>(false);
}

std::unique_ptr<Identifier> make_local_subnet(DataReader& /*data*/) {
    return std::make_unique<LocalInterface>(true);
}

} // namespace meshprobe::pscheduler
