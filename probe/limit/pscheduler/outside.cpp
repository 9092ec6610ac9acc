#include "probe/limit/pscheduler/outside.hpp"

#include "lib/http/session.hpp"
#include "lib/jq/jq.hpp"
#include "lib/limit_list.hpp"
#include "probe/limit/pscheduler/dns.hpp"

#include <fmt/core.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <deque>
#include <map>
#include <memory>

namespace meshprobe::pscheduler {

namespace {

using Clock = std::chrono::steady_clock;

/// Time that several things share.
class Budget {
  public:
    explicit Budget(Microseconds time) : left_(time) {}

    template <class Work>
    auto spend(Work work) {
        const auto begin = Clock::now();
        auto result = work();
        left_ -= std::chrono::duration_cast<Microseconds>(Clock::now() - begin);
        return result;
    }
    [[nodiscard]] bool is_spent() const { return left_ <= Microseconds(0); }

  private:
    Microseconds left_;
};

/// Programs with arguments of their own; the last ones used stay ready.
class Programs {
  public:
    Programs(Microseconds time, std::string helper)
        : time_(time), budget_(time), helper_(std::move(helper)) {}

    Result<std::optional<nlohmann::json>>
    first_result(const std::string& program, const nlohmann::json& arguments, const nlohmann::json& input) {
        const std::string key = key_of(program, arguments);
        const std::string text = input.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        const std::string question = key + '\0' + text;
        if (const auto known = exceeded_.find(question); known != exceeded_.end()) return fail(known->second);
        if (budget_.is_spent()) return fail(out_of_time());
        return budget_.spend([&]() -> Result<std::optional<nlohmann::json>> {
            if (auto made = make_ready(key, program, arguments); !made) return fail(made.error());
            const auto results = ready_.front().compiled.run(text);
            if (!results) {
                if (results.error().kind == ErrorKind::interrupted)
                    exceeded_.emplace(question, results.error());
                return fail(results.error());
            }
            if (results->empty()) return std::nullopt;
            return nlohmann::json::parse(results->front(), nullptr, false);
        });
    }

    [[nodiscard]] Status has_time() const {
        return budget_.is_spent() ? Status(fail(out_of_time())) : Status();
    }

    Status compile(const std::string& program, const nlohmann::json& arguments) {
        if (budget_.is_spent()) return fail(out_of_time());
        return budget_.spend([&] { return make_ready(key_of(program, arguments), program, arguments); });
    }

  private:
    struct Entry {
        std::string key;
        JqProgram compiled;
    };

    static std::string key_of(const std::string& program, const nlohmann::json& arguments) {
        return program + '\0' + arguments.dump();
    }

    [[nodiscard]] Error out_of_time() const {
        return {ErrorKind::internal,
                fmt::format("its jq programs took their {} together; the next run goes on here",
                            format_duration(time_))};
    }

    /// In front of the others. A program that does not get ready in time has seen no input that could be to
    /// blame.
    Status make_ready(const std::string& key, const std::string& program, const nlohmann::json& arguments) {
        constexpr std::size_t most_ready = 8;
        const auto ready = std::ranges::find(ready_, key, &Entry::key);
        Status made;
        if (ready == ready_.end()) {
            JqOptions options;
            options.arguments = arguments;
            options.modules = jq_modules(helper_);
            options.helper = helper_;
            options.first_only = true;
            auto compiled = JqProgram::compile(program, std::move(options));
            if (compiled) {
                ready_.push_front({key, std::move(*compiled)});
                if (ready_.size() > most_ready) ready_.pop_back();
            } else {
                made = fail(compiled.error());
            }
        } else {
            if (ready != ready_.begin()) std::rotate(ready_.begin(), ready, std::next(ready));
            made = ready_.front().compiled.make_ready();
        }
        if (!made && made.error().kind != ErrorKind::configuration)
            return fail(ErrorKind::internal, "jq does not start: " + made.error().message);
        return made;
    }

    Microseconds time_;
    Budget budget_;
    std::string helper_;
    std::deque<Entry> ready_;               ///< the last one used in front
    std::map<std::string, Error> exceeded_; ///< what took a program out of its bounds: once is enough
};

class NameServers {
  public:
    explicit NameServers(Microseconds time) : time_(time), budget_(time) {}

    Result<DnsAnswer> ask(const std::string& name, DnsType type, Microseconds timeout) {
        if (const auto known = known_.find({name, type}); known != known_.end()) return known->second;
        if (budget_.is_spent()) {
            return fail(ErrorKind::internal,
                        fmt::format("its questions to DNS took their {} together; the next run goes on here",
                                    format_duration(time_)));
        }
        // The last one is not cut short: it would look as if nobody answered.
        auto answer = budget_.spend([&] { return ask_dns(name, type, std::min(timeout, time_)); });
        return known_.emplace(std::pair(name, type), std::move(answer)).first->second;
    }

  private:
    Microseconds time_;
    Budget budget_;
    std::map<std::pair<std::string, DnsType>, DnsAnswer> known_;
};

class Fetches {
  public:
    Fetches(const Paths& paths, Microseconds time) : paths_(paths), time_(time), budget_(time) {}

    Result<Fetched> get(const Fetch& fetch) {
        if (const auto known = known_.find(fetch); known != known_.end()) return known->second;
        if (budget_.is_spent()) {
            return fail(ErrorKind::internal,
                        fmt::format("what it fetches took its {} together; the next run goes on here",
                                    format_duration(time_)));
        }
        return known_.emplace(fetch, budget_.spend([&] { return transfer(fetch); })).first->second;
    }

  private:
    Result<Fetched> transfer(const Fetch& fetch) {
        constexpr std::uint64_t largest = 1U << 20;
        HttpSession::Settings settings;
        settings.connection = Connection::with(fetch.verify ? Trust::ca : Trust::any);
        settings.connection.bind_address = fetch.bind;
        settings.credential_user = "probe";
        settings.user_agent = "meshprobe/" MESHPROBE_VERSION;
        settings.max_in_flight = 1;
        settings.connect_timeout = fetch.timeout;
        settings.inactivity = fetch.timeout;
        auto session = HttpSession::create(paths_, std::move(settings));
        if (!session) return fail(session.error());
        std::string body;
        Result<Fetched> result = fail(ErrorKind::internal, "no answer");
        HttpRequest request;
        request.url = fetch.url;
        request.headers = fetch.headers;
        request.max_bytes = largest;
        request.total = std::min(fetch.timeout, time_);
        request.on_body = [&body](std::string_view part) -> Status {
            body.append(part);
            return {};
        };
        session->start(std::move(request), [&](const Result<HttpResponse>& response) {
            if (response) {
                result = Fetched{response->status, {}};
            } else {
                result = fail(response.error());
            }
        });
        if (auto ran = session->run(); !ran) return fail(ran.error());
        if (result) result->body = std::move(body);
        return result;
    }

    const Paths& paths_;
    Microseconds time_;
    Budget budget_;
    std::map<Fetch, Result<Fetched>> known_;
};

IpAddress address_of(const sockaddr* socket) {
    IpAddress address;
    if (socket->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, socket, sizeof v4);
        std::memcpy(address.bytes.data(), &v4.sin_addr, 4);
    } else {
        sockaddr_in6 v6{};
        std::memcpy(&v6, socket, sizeof v6);
        std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
        address.size = 16;
    }
    return address;
}

std::vector<IpNetwork> interfaces() {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(all, ::freeifaddrs);
    std::vector<IpNetwork> networks;
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr || one->ifa_netmask == nullptr) continue;
        if (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6) continue;
        IpNetwork network{address_of(one->ifa_addr), 0};
        for (const auto byte : address_of(one->ifa_netmask).bytes)
            network.bits += static_cast<unsigned>(std::popcount(byte));
        networks.push_back(network);
    }
    return networks;
}

} // namespace

World outside_world(const Paths& paths, const WorldBounds& bounds) {
    World world;
    const auto programs = std::make_shared<Programs>(bounds.jq, bounds.jq_helper);
    world.jq = [programs](const std::string& program, const nlohmann::json& arguments,
                          const nlohmann::json& input) {
        return programs->first_result(program, arguments, input);
    };
    world.compile_jq = [programs](const std::string& program, const nlohmann::json& arguments) {
        return programs->compile(program, arguments);
    };
    world.has_time_for_jq = [programs] { return programs->has_time(); };
    world.dns = [names = std::make_shared<NameServers>(bounds.dns)](const std::string& name, DnsType type,
                                                                    Microseconds timeout) {
        return names->ask(name, type, timeout);
    };
    world.fetch = [fetches = std::make_shared<Fetches>(paths, bounds.fetch)](const Fetch& fetch) {
        return fetches->get(fetch);
    };
    world.list = [&paths](const std::string& key) -> std::optional<std::string> {
        auto list = read_limit_list(paths, key);
        return list && *list ? std::move((*list)->text) : std::nullopt;
    };
    world.interfaces = [known = std::make_shared<std::optional<std::vector<IpNetwork>>>()] {
        if (!*known) *known = interfaces();
        return **known;
    };
    return world;
}

} // namespace meshprobe::pscheduler
