# Durations and times in ISO 8601, with the functions of pScheduler's module of this name. Limits call them for
# each result: captures are taken by their places, because making an object of them (capture) costs several times
# what the match does, and so does the flag "i".

def invalid_duration(v): v as $value | error("Invalid ISO 8601 duration '\($value)'");

# "P1DT2H3.5S" in seconds. Only seconds have fractions, weeks stand only before days; years and months are none.
def duration_as_seconds(v):
  v as $value
  | if ($value | type) != "string" then invalid_duration($value) else . end
  | [$value | match("^[Pp](?:(?:([0-9]+)[Ww])?([0-9]+)[Dd])?(?:[Tt](?:([0-9]+)[Hh])?(?:([0-9]+)[Mm])?(?:([0-9]+(?:\\.[0-9]+)?)[Ss])?)?$")]
  | if length == 0 then invalid_duration($value) else .[0] end
  | [.captures[] | .string // "0" | tonumber]
  | .[0] * 604800 + .[1] * 86400 + .[2] * 3600 + .[3] * 60 + .[4];

# The parts that "2026-05-19T10:00:05-04:00" has, as numbers.
def timestamp_parsed(t):
  t as $time
  | if ($time | type) != "string" then error("Invalid timestamp '\($time)'") else . end
  | [$time | match("^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?(?:(Z)|(?:([+-][0-9]{2})(?::([0-9]{2}))?))?)?")]
  | if length == 0 then error("Invalid timestamp '\($time)'") else .[0] end
  | [.captures[].string] as [$year, $month, $day, $hour, $minute, $second, $zulu, $offset_hr, $offset_min]
  | {year: ($year | tonumber), month: ($month | tonumber), day: ($day | tonumber)}
  | if $hour == null then . else .hour = ($hour | tonumber) | .minute = ($minute | tonumber) end
  | if $second == null then . else .second = ($second | tonumber) end
  | if $zulu != null then .offset_hr = 0 | .offset_min = 0
    elif $offset_hr != null then .offset_hr = ($offset_hr | ltrimstr("+") | tonumber)
    else . end
  | if $offset_min == null then . else .offset_min = ($offset_min | tonumber) end;
