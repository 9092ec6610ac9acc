#include "probe/limit/pscheduler/jq_modules.hpp"

namespace meshprobe::pscheduler {

namespace {

// '@' stands for the prefix.

constexpr std::string_view iso8601 = R"jq(
def @invalid_duration(v): error("Invalid ISO 8601 duration '\(v)'");
def @duration_as_seconds(v):
  v as $text
  | if ($text | type) != "string" then @invalid_duration($text)
    else ([$text | match("^P(?:([0-9]+)W)?(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:[.][0-9]+)?)S)?)?$"; "i")]) as $found
    | if $found == [] then @invalid_duration($text)
      else [$found[0].captures[] | (.string // "") | if . == "" then 0 else tonumber end]
      | .[0] * 604800 + .[1] * 86400 + .[2] * 3600 + .[3] * 60 + .[4]
      end
    end;
def @timestamp_parsed(t):
  t as $text
  | ([$text | tostring | match("^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:T([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?)?(?:(Z)|([+-][0-9]{2})(?::?([0-9]{2}))?)?)?"; "i")]) as $found
  | if $found == [] then error("Invalid timestamp '\($text)'")
    else [$found[0].captures[] | (.string // "")] as $parts
    | ["year", "month", "day", "hour", "minute", "second", null, "offset_hr", "offset_min"] as $names
    | (reduce range(0; 9) as $i ({};
        if $names[$i] == null or $parts[$i] == "" then .
        else .[$names[$i]] = ($parts[$i] | ltrimstr("+") | tonumber) end))
      + (if $parts[6] != "" then {offset_hr: 0, offset_min: 0} else {} end)
    end;
)jq";

constexpr std::string_view si = R"jq(
def @invalid(v): error("Invalid SI Number '\(v)'");
def @multiplier(p):
  p as $prefix
  | ["", "k", "m", "g", "t", "p", "e", "z", "y"] as $prefixes
  | ($prefix | tostring | rtrimstr("i")) as $letter
  | ($prefixes | index($letter)) as $power
  | if $power == null or $prefix == "i" then null
    else reduce range(0; $power) as $i (1; . * (if ($prefix | endswith("i")) then 1024 else 1000 end))
    end;
def @as_integer(v):
  v as $text
  | if ($text | type) == "number" then $text
    elif ($text | type) != "string" then @invalid($text)
    else ([$text | ascii_downcase | match("^([0-9]+(?:[.][0-9]+)?)(?:([kmgtpezy])(i?))?$")]) as $found
    | if $found == [] then @invalid($text)
      else [$found[0].captures[] | (.string // "")]
      | (.[0] | tonumber) * @multiplier(.[1] + .[2]) | floor
      end
    end;
)jq";

std::string with_prefix(std::string_view definitions, std::string_view prefix) {
    std::string text;
    for (const char c : definitions) {
        if (c == '@') {
            text += prefix;
        } else {
            text += c;
        }
    }
    return text;
}

} // namespace

std::optional<std::string> definitions_of(std::string_view module, std::string_view prefix) {
    if (module == "pscheduler/iso8601") return with_prefix(iso8601, prefix);
    if (module == "pscheduler/si") return with_prefix(si, prefix);
    return std::nullopt;
}

} // namespace meshprobe::pscheduler
