#include "ctl/explain/show.hpp"

#include "ctl/output.hpp"
#include "lib/json.hpp"
#include "lib/units_of_measure.hpp"

#include <fmt/core.h>
#include <langinfo.h>

#include <clocale>
#include <string_view>

namespace meshprobe::explain {

namespace {

using nlohmann::ordered_json;

std::string_view sign_of(Mark mark, bool unicode) {
    switch (mark) {
    case Mark::yes:
        return unicode ? "✓" : "+";
    case Mark::no:
        return unicode ? "✗" : "x";
    case Mark::unknown:
        break;
    }
    return "?";
}

std::string title_of(const ChainFacts& facts) {
    if (facts.from == 0) return name_of(facts.wanted);
    return fmt::format("{}, {} - {} ({} - {})", name_of(facts.wanted), local_time(facts.from * 1'000'000),
                       local_time(facts.until * 1'000'000), format_utc(facts.from), format_utc(facts.until));
}

ordered_json or_nothing(const std::string& text) {
    return text.empty() ? ordered_json() : ordered_json(text);
}

ordered_json moment(Timestamp seconds) {
    return seconds == 0 ? ordered_json() : ordered_json(format_utc(seconds));
}

} // namespace

std::string name_of(const Wanted& wanted) {
    std::string name = printable(wanted.source);
    if (!wanted.destination.empty()) name += " to " + printable(wanted.destination);
    if (!wanted.test.type.empty()) name += ", " + printable(wanted.test.type);
    if (wanted.test.ip_version != 0) name += fmt::format(" IPv{}", wanted.test.ip_version);
    return name;
}

std::string chain_text(const Chain& chain, bool legend, bool unicode) {
    std::string text = legend ? title_of(chain.facts) + "\n" : "";
    for (const Step& step : chain.steps)
        text += fmt::format("  {} {:<9}  {}\n", sign_of(step.mark, unicode), text_of(step.station),
                            one_line(step.text));
    return text;
}

std::string verdict_line(const Verdict& verdict) {
    return fmt::format("Verdict: {}\n", one_line(verdict.text));
}

std::string verdict_text(const Verdict& verdict) {
    std::string text = verdict_line(verdict);
    if (!verdict.advice.empty()) text += fmt::format("Next:    {}\n", one_line(verdict.advice));
    return text;
}

ordered_json verdict_json(const Verdict& verdict) {
    return {{"verdict", name_of(verdict.kind)},
            {"cause", verdict.cause == Cause::none ? ordered_json() : ordered_json(name_of(verdict.cause))},
            {"text", verdict.text},
            {"advice", or_nothing(verdict.advice)}};
}

ordered_json chain_json(const Chain& chain) {
    const Wanted& wanted = chain.facts.wanted;
    auto steps = ordered_json::array();
    for (const Step& step : chain.steps) {
        steps.push_back(
            {{"step", name_of(step.station)},
             {"ok", step.mark == Mark::unknown ? ordered_json() : ordered_json(step.mark == Mark::yes)},
             {"archive", or_nothing(step.archive)},
             {"text", step.text}});
    }
    ordered_json object{
        {"source", wanted.source},
        {"destination", or_nothing(wanted.destination)},
        {"test-type", or_nothing(wanted.test.type)},
        {"ip-version", wanted.test.ip_version == 0 ? ordered_json() : ordered_json(wanted.test.ip_version)},
        {"meshes", wanted.meshes},
        {"measurement-archive", or_nothing(wanted.archive)},
        {"since", moment(chain.facts.from)},
        {"until", moment(chain.facts.until)},
        {"newest", moment(chain.facts.newest)},
        {"steps", std::move(steps)}};
    object.update(verdict_json(chain.verdict));
    return object;
}

bool speaks_unicode() {
    const locale_t locale = ::newlocale(LC_CTYPE_MASK, "", nullptr);
    if (locale == nullptr) return false;
    const bool is_utf8 = std::string_view(::nl_langinfo_l(CODESET, locale)) == "UTF-8";
    ::freelocale(locale);
    return is_utf8;
}

} // namespace meshprobe::explain
