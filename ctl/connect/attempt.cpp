#include "ctl/connect/attempt.hpp"

#include "lib/config/checks.hpp"
#include "lib/connect_to.hpp"
#include "lib/file.hpp"
#include "lib/http/identity.hpp"
#include "lib/http/session.hpp"
#include "lib/trust.hpp"

#include <fmt/core.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

namespace meshprobe {

namespace {

using namespace std::chrono_literals;

constexpr Microseconds connect_time = 10s;
constexpr Microseconds answer_time = 30s;

std::vector<Opening> resolve(const Endpoint& endpoint, IpVersion version) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    if (version != IpVersion::any) hints.ai_family = version == IpVersion::v4 ? AF_INET : AF_INET6;
    addrinfo* found = nullptr;
    if (::getaddrinfo(endpoint.host.c_str(), nullptr, &hints, &found) != 0)
        return {{endpoint.host, "", "", endpoint.port}};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    std::vector<Opening> openings;
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) != 0)
            continue;
        openings.push_back(
            {endpoint.host, entry->ai_family == AF_INET6 ? "IPv6" : "IPv4", text.data(), endpoint.port});
    }
    std::ranges::sort(openings);
    openings.erase(std::unique(openings.begin(), openings.end()), openings.end());
    return openings;
}

bool is_excepted(const std::vector<std::string>& no_proxy, std::string_view host) {
    return std::ranges::any_of(no_proxy, [&](const std::string& name) {
        return name == host || name == "*" ||
               (host.size() > name.size() && host.ends_with(name) &&
                host[host.size() - name.size() - 1] == '.');
    });
}

/// Where the packets really go, and what to call that.
struct Hop {
    Endpoint endpoint;
    std::string via; ///< empty: the target itself
};

std::optional<Hop> next_hop(const Target& target) {
    auto endpoint = endpoint_of(target.url);
    if (!endpoint) return std::nullopt;
    const auto& connection = target.connection;
    if (!connection.proxy.empty() && !is_excepted(connection.no_proxy, endpoint->host)) {
        const auto scheme = connection.proxy.find("://");
        const auto rest =
            scheme == std::string::npos ? "://" + connection.proxy : connection.proxy.substr(scheme);
        auto proxy = endpoint_of("tcp" + rest);
        if (!proxy) return std::nullopt;
        return Hop{std::move(*proxy), check::without_password(connection.proxy)};
    }
    for (const auto& text : connection.connect_to) {
        const auto entry = parse_connect_to(text);
        if (!entry || !entry->is_about(endpoint->host, endpoint->port)) continue;
        if (!entry->to_host.empty()) endpoint->host = entry->to_host;
        endpoint->port = entry->to_port.value_or(endpoint->port);
        return Hop{*endpoint, text};
    }
    return Hop{std::move(*endpoint), {}};
}

std::string_view text_of(TrustDecision decision) {
    switch (decision) {
    case TrustDecision::accept:
        return "remembered key";
    case TrustDecision::accept_and_remember:
        return "new key";
    case TrustDecision::accept_changed_verified:
        return "renewed key";
    case TrustDecision::reject:
        break;
    }
    return "changed key";
}

/// What went well, for the ways of trust that are decided within the handshake.
std::string trust_of(const Target& target, bool tls) {
    if (!tls) return "no TLS";
    switch (target.connection.trust) {
    case Trust::ca:
        return "certificate verifies";
    case Trust::pin:
        return "pinned key";
    case Trust::any:
        return "not checked (trust: any)";
    case Trust::first_use:
        break;
    }
    return {};
}

Status look_into(const std::string& directory) {
    if (::access(directory.c_str(), W_OK | X_OK) == 0) return {};
    return fail_errno("write into " + directory);
}

Status connect_locally(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (socket.is_open() &&
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return {};
    return fail_errno("connect to " + path);
}

std::string without_first_line_break(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

class Try {
  public:
    Try(const Paths& paths, Attempt& attempt) : paths_(paths), attempt_(attempt) {}

    void run(const std::function<bool()>& stop) {
        const Target& target = attempt_.target;
        if (const auto path = local_path_of(target.url); !path.empty()) return look_at(std::string(path));
        const auto hop = next_hop(target);
        if (!hop) {
            attempt_.error =
                fmt::format("no host and port can be read from {}", check::without_password(target.url));
            return;
        }
        attempt_.via = hop->via;
        attempt_.openings = resolve(hop->endpoint, target.connection.ip_version);
        if (target.url.starts_with("udp://")) return address_only();
        const bool is_http = target.url.starts_with("http://") || target.url.starts_with("https://");
        if (target.kind == Target::Kind::archive && !is_http) {
            call(*endpoint_of(target.url));
            return;
        }
        ask(target.url, stop);
        const bool may_fall_back = target.kind != Target::Kind::archive && // whose archivers never do
                                   target.connection.http_fallback && !connected_ &&
                                   target.url.starts_with("https://");
        if (!attempt_.is_good() && may_fall_back) ask("http" + target.url.substr(5), stop);
    }

  private:
    /// A directory that files are written to, or a socket for datagrams.
    void look_at(const std::string& path) {
        const auto found = attempt_.target.url.starts_with("unix:") ? connect_locally(path) : look_into(path);
        attempt_.answer = "is there";
        if (!found) attempt_.error = found.error().message;
    }

    /// Whoever listens there would say nothing.
    void address_only() {
        for (Opening& opening : attempt_.openings) {
            opening.protocol = "udp";
            if (opening.address.empty()) attempt_.error = opening.host + " does not resolve";
        }
        attempt_.answer = "resolves (over UDP nobody answers)";
    }

    void call(const Endpoint& endpoint) {
        const Target& target = attempt_.target;
        const auto dialled = dial(paths_, endpoint, target.connection, target.user, connect_time);
        if (dialled) {
            attempt_.trust = trust_of(target, endpoint.tls);
        } else {
            attempt_.error = without_first_line_break(dialled.error().message);
        }
    }

    /// Reads the remembered key and decides; remembers nothing.
    KeyDecision decide_key() {
        auto remembered = TrustStore(paths_).read(attempt_.target.name);
        if (!remembered) attempt_.error = remembered.error().message;
        return [this, known = remembered ? *remembered : std::nullopt](const ShownKey& key) {
            const auto decision = decide(known, key.pin, key.verified);
            attempt_.trust = fmt::format("{}{}", text_of(decision),
                                         key.verified ? ", certificate verifies" : ", self-signed");
            return is_accepted(decision);
        };
    }

    void ask(const std::string& url, const std::function<bool()>& stop) {
        const Target& target = attempt_.target;
        HttpSession::Settings settings{.connection = target.connection,
                                       .credential_user = target.user,
                                       .user_agent = "meshprobe/" MESHPROBE_VERSION,
                                       .max_in_flight = 1,
                                       .connect_timeout = connect_time,
                                       .inactivity = answer_time,
                                       .interface = target.interface,
                                       .decide_key = {}};
        if (target.connection.trust == Trust::first_use) settings.decide_key = decide_key();
        auto session = HttpSession::create(paths_, std::move(settings));
        if (!session) {
            attempt_.error = session.error().message;
            return;
        }
        auto request = request_for(url);
        if (!request) {
            attempt_.error = request.error().message;
            return;
        }
        request->headers.emplace_back("Accept: application/json");
        request->total = answer_time;
        const auto asked = request->url.substr(0, request->url.find('?'));
        Result<HttpResponse> answer = fail(ErrorKind::interrupted, "stopped");
        session->start(std::move(*request), [&](Result<HttpResponse> result) { answer = std::move(result); });
        static_cast<void>(session->run(stop));
        connected_ = session->connected();
        const auto trust = trust_of(target, url.starts_with("https"));
        if (!trust.empty() && connected_) attempt_.trust = trust;
        attempt_.error.clear();
        attempt_.status = answer ? answer->status : 0;
        if (!answer) {
            attempt_.error = without_first_line_break(answer.error().message);
        } else if (!is_good(answer->status)) {
            attempt_.error = fmt::format("{} answers with HTTP status {}", asked, answer->status);
        }
    }

    [[nodiscard]] Result<HttpRequest> request_for(const std::string& url) const {
        const Target& target = attempt_.target;
        HttpRequest request;
        request.url = url;
        if (target.archive) {
            const auto identity = identity_of(paths_, *target.archive);
            if (!identity) return fail(identity.error());
            identity->apply(request);
            // What is put in per message is not known here: asked is what stands before it.
            request.url = identity->url.substr(0, identity->url.find('{'));
        }
        const bool is_esmond = target.archive && target.archive->archiver == "esmond";
        if (is_esmond || target.kind == Target::Kind::host)
            request.url += "?format=json&limit=1&time-start=" + lately();
        return request;
    }

    /// What takes messages need not give anything: that it answers, and lets us in, is enough.
    [[nodiscard]] bool is_good(long status) const {
        const auto& archive = attempt_.target.archive;
        if (archive && archive->archiver == "http") return status < 500 && status != 401 && status != 407;
        return status >= 200 && status <= 299;
    }

    static std::string lately() {
        const auto now = std::chrono::system_clock::now() - 1h;
        return std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
    }

    const Paths& paths_;
    Attempt& attempt_;
    bool connected_ = false;
};

} // namespace

std::vector<Attempt> try_all(const Paths& paths, const std::vector<Target>& targets, unsigned at_once,
                             Microseconds time, const std::function<bool()>& stop) {
    std::vector<Attempt> attempts(targets.size());
    for (std::size_t i = 0; i < targets.size(); ++i)
        attempts[i].target = targets[i];
    const auto end = std::chrono::steady_clock::now() + time;
    const auto is_over = [&] { return std::chrono::steady_clock::now() >= end || (stop && stop()); };
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t index = next++; index < attempts.size(); index = next++) {
            if (is_over()) {
                attempts[index].error = "not tried: the time was over";
            } else {
                Try(paths, attempts[index]).run(is_over);
            }
        }
    };
    std::vector<std::jthread> workers;
    for (std::size_t count = 0; count < std::min<std::size_t>(at_once, targets.size()); ++count)
        workers.emplace_back(work);
    workers.clear(); // joins
    return attempts;
}

} // namespace meshprobe
