// What identifies a requester. One function makes each type from its data; what cannot be answered, because
// the requester is no address, or nobody tells, is `unknown` unless the data say otherwise, and identifies
// nobody.
#pragma once

#include "probe/limit/pscheduler/data_reader.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe::pscheduler {

/// What is known of a request: {"requester": address, "server": address, …}.
struct Hints {
    const nlohmann::json& object;
    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
    [[nodiscard]] std::optional<IpAddress> requester() const;
};

/// A list of networks that somebody publishes.
struct ListSource {
    std::string url;
    std::string bind;
    Microseconds update = std::chrono::days(1); ///< after a success
    Microseconds retry = std::chrono::hours(1); ///< after a failure
    std::optional<Script> transform;

    /// Of the copy that is kept of it: what is fetched, and what is made of it.
    [[nodiscard]] std::string key() const;
};

class Identifier {
  public:
    virtual ~Identifier() = default;
    /// Error: somebody would have to be asked, and was not (World).
    [[nodiscard]] virtual Result<Answer> identifies(const Hints& hints, const World& world) const = 0;
    [[nodiscard]] virtual const ListSource* list() const { return nullptr; }

  protected:
    Identifier() = default;
    Identifier(const Identifier&) = default;
    Identifier& operator=(const Identifier&) = default;
};

using MakeIdentifier = std::unique_ptr<Identifier> (*)(DataReader& data);
struct IdentifierType {
    std::string_view name;
    MakeIdentifier make;
};
[[nodiscard]] std::span<const IdentifierType> identifier_types();

// identifier_address.cpp
std::unique_ptr<Identifier> make_cidr_list(DataReader& data);
std::unique_ptr<Identifier> make_cidr_list_url(DataReader& data);
std::unique_ptr<Identifier> make_local_interface(DataReader& data);
std::unique_ptr<Identifier> make_local_subnet(DataReader& data);
// identifier_dns.cpp
std::unique_ptr<Identifier> make_cymru_bogon(DataReader& data);
std::unique_ptr<Identifier> make_cymru_asn(DataReader& data);
std::unique_ptr<Identifier> make_reverse_dns(DataReader& data);

} // namespace meshprobe::pscheduler
