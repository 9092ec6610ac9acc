# Durations and times in ISO 8601, with the functions of pScheduler's module of this name.

def invalid_duration(v): v as $value | error("Invalid ISO 8601 duration '\($value)'");

# "P1DT2H3.5S" in seconds. Only seconds have fractions, weeks stand only before days; years and months are none.
def duration_as_seconds(v):
  v as $value
  | if ($value | type) != "string" then invalid_duration($value) else . end
  | [$value | capture("^P((?:(?<weeks>[0-9]+)W)?(?<days>[0-9]+)D)?(T((?<hours>[0-9]+)H)?((?<minutes>[0-9]+)M)?((?<seconds>[0-9]+(\\.[0-9]+)?)S)?)?$"; "i")]
  | if length == 0 then invalid_duration($value) else .[0] end
  | map_values(. // "0" | tonumber)
  | .weeks * 604800 + .days * 86400 + .hours * 3600 + .minutes * 60 + .seconds;

# The parts that "2026-05-19T10:00:05-04:00" has, as numbers.
def timestamp_parsed(t):
  t as $time
  | if ($time | type) != "string" then error("Invalid timestamp '\($time)'") else . end
  | [$time | capture("^(?<year>[0-9]{4})-(?<month>[0-9]{1,2})-(?<day>[0-9]{1,2})(T(?<hour>[0-9]{2}):(?<minute>[0-9]{2})(:(?<second>[0-9]{2}))?((?<zulu>Z)|((?<offset_hr>[+-][0-9]{2})(:(?<offset_min>[0-9]{2}))?))?)?")]
  | if length == 0 then error("Invalid timestamp '\($time)'") else .[0] end
  | (if .zulu != null then .offset_hr = "0" | .offset_min = "0" else . end)
  | del(.zulu)
  | with_entries(select(.value != null) | .value |= (ltrimstr("+") | tonumber));
