#include "lib/config/schema.hpp"

#include "lib/config/checks.hpp"
#include "lib/config/codec.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

using namespace std::chrono_literals;
using codec::group;
using codec::key;

std::string mesh_url(std::string_view text) {
    return check::url(text, "https http");
}

/// IpVersion's words are in its order, but the one that stands for "either" is the rarest.
constexpr auto ip_versions = codec::choice<IpVersion>("any", "4", "6");

/// One, or a list of them.
struct ConnectTos {
    std::string_view type = "text or list";
    void read(Reader& reader, const Node& node, std::vector<std::string>& value) const {
        if (node.kind == Node::Kind::list)
            return codec::List{"[\"::192.0.2.8:\"]", check::connect_to}.read(reader, node, value);
        const auto text = reader.text(node, "an address, or a list of HOST:PORT:HOST2:PORT2");
        if (!text) return;
        if (text->empty() || node.kind == Node::Kind::empty) return value.clear();
        if (const auto wrong = check::connect_to(*text); !wrong.empty()) {
            reader.error(node.mark, wrong);
        } else {
            value.assign(1, std::string(*text));
        }
    }
    [[nodiscard]] Shown show(const std::vector<std::string>& value) const {
        if (value.empty()) return {};
        return value.size() == 1 ? Shown(value.front()) : Shown(value);
    }
};

/// Its password is for nobody to see.
struct Proxy {
    std::string_view type = "URL";
    void read(Reader& reader, const Node& node, std::string& value) const {
        codec::Text{"URL", check::proxy}.read(reader, node, value);
    }
    [[nodiscard]] Shown show(const std::string& value) const {
        return value.empty() ? Shown{} : Shown(check::without_password(value));
    }
};

struct Labels {
    std::string_view type = "mapping of text";
    void read(Reader& reader, const Node& node,
              std::map<std::string, std::string, std::less<>>& labels) const {
        if (!reader.mapping(node)) return;
        for (const auto& [name, entry] : node.entries) {
            const auto step = reader.enter(name);
            if (const auto text = reader.text(*entry.value))
                labels.insert_or_assign(name, std::string(*text));
        }
    }
    [[nodiscard]] Shown show(const std::map<std::string, std::string, std::less<>>& labels) const {
        return labels.empty() ? Shown{} : Shown(labels);
    }
};

} // namespace

const Keys<Connection>& connection_keys() {
    static const Keys<Connection> keys{
        group<Connection>(
            "tls",
            {
                key("trust", &Connection::trust, codec::choice<Trust>("ca", "first-use", "pin", "any")),
                key("ca", &Connection::ca, codec::Text{"path or credential", check::path_or_credential}),
                key("certificate", &Connection::certificate,
                    codec::Text{"path or credential", check::path_or_credential}),
                key("key", &Connection::key, codec::Text{"path or credential", check::path_or_credential}),
                key("pins", &Connection::pins, codec::List{"[sha256//…]", check::pin}),
            }),
        key("http-fallback", &Connection::http_fallback, codec::Flag{}),
        key("ip-version", &Connection::ip_version, ip_versions),
        key("connect-to", &Connection::connect_to, ConnectTos{}),
        key("bind-address", &Connection::bind_address, codec::Text{"address", check::address}),
        key("proxy", &Connection::proxy, Proxy{}),
        key("proxy-credential", &Connection::proxy_credential,
            codec::Text{"path or credential", check::path_or_credential}),
        key("proxy-ca", &Connection::proxy_ca, codec::Text{"path or credential", check::path_or_credential}),
        key("no-proxy", &Connection::no_proxy, codec::Set{check::no_proxy}),
    };
    return keys;
}

const Keys<Description>& description_keys() {
    static const Keys<Description> keys{
        key("description", &Description::description, codec::Text{}),
        key("site", &Description::site, codec::Text{}),
        key("country", &Description::country, codec::Text{}),
        key("contact", &Description::contact, codec::Text{}),
        key("version", &Description::version, codec::Text{}),
        key("labels", &Description::labels, Labels{}),
    };
    return keys;
}

const Keys<Mesh>& mesh_keys() {
    static const Keys<Mesh> keys{
        key("url", &Mesh::url, codec::Text{"URL", mesh_url}),
        key("file", &Mesh::file, codec::Text{"path", check::absolute_path}),
        key("enabled", &Mesh::enabled, codec::Flag{}),
        key("refresh", &Mesh::refresh, codec::Duration{1s, std::chrono::days(30)}),
        key("configure-archives", &Mesh::configure_archives, codec::Flag{}),
        key("allow-private", &Mesh::allow_private, codec::Flag{}),
    };
    return keys;
}

const Keys<Config>& global_keys() {
    static const Keys<Config> keys{
        key("merge-same-address", &Config::merge_same_address, codec::Flag{}),
        key("slots", &Config::slots, codec::Number{1, 4096}),
    };
    return keys;
}

} // namespace meshprobe
