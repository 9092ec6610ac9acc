#include "probe/limit/pscheduler/identifier.hpp"

#include <array>

namespace meshprobe::pscheduler {

namespace {

class Always final : public Identifier {
  public:
    Result<Answer> identifies(const Hints& /*hints*/, const World& /*world*/) const override {
        return Answer::yes;
    }
};

std::unique_ptr<Identifier> make_always(DataReader& /*data*/) {
    return std::make_unique<Always>();
}

class Hint final : public Identifier {
  public:
    Hint(std::string hint, StringMatch match) : hint_(std::move(hint)), match_(std::move(match)) {}
    Result<Answer> identifies(const Hints& hints, const World& world) const override {
        const auto text = hints.text(hint_);
        return text ? match_.matches(*text, world) : Answer::no;
    }

  private:
    std::string hint_;
    StringMatch match_;
};

std::unique_ptr<Identifier> make_hint(DataReader& data) {
    std::string hint;
    std::optional<StringMatch> match;
    data.text("hint", hint, Need::required);
    data.match("match", match, Need::required);
    return std::make_unique<Hint>(std::move(hint), match.value_or(StringMatch{}));
}

class JqIdentifier final : public Identifier {
  public:
    explicit JqIdentifier(Script script) : script_(std::move(script)) {}
    Result<Answer> identifies(const Hints& hints, const World& world) const override {
        const auto result = script_.first_result(world, hints.object);
        if (!result && is_fault(result.error())) return fail(result.error());
        if (script_.output_raw || !result || !*result || !(*result)->is_boolean()) return Answer::unknown;
        return answer((*result)->get<bool>());
    }

  private:
    Script script_;
};

/// The data are the specification itself.
std::unique_ptr<Identifier> make_jq_identifier(DataReader& data) {
    auto script = data.whole_script();
    return std::make_unique<JqIdentifier>(script ? std::move(*script) : Script{});
}

constexpr std::array<IdentifierType, 10> known_identifiers{{
    {"always", make_always},
    {"hint", make_hint},
    {"ip-cidr-list", make_cidr_list},
    {"ip-cidr-list-url", make_cidr_list_url},
    {"ip-cymru-asn", make_cymru_asn},
    {"ip-cymru-bogon", make_cymru_bogon},
    {"ip-reverse-dns", make_reverse_dns},
    {"jq", make_jq_identifier},
    {"local-subnet", make_local_subnet},
    {"localif", make_local_interface},
}};

} // namespace

std::optional<std::string> Hints::text(std::string_view name) const {
    if (!object.is_object()) return std::nullopt;
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
}

std::optional<IpAddress> Hints::requester() const {
    const auto written = text("requester");
    return written ? parse_ip_address(*written) : std::nullopt;
}

std::span<const IdentifierType> identifier_types() {
    return known_identifiers;
}

} // namespace meshprobe::pscheduler
