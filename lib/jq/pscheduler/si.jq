# Numbers with SI prefixes, with the functions of pScheduler's module of this name.

def invalid(v): v as $value | error("Invalid SI Number '\($value)'");

# 1000 of "k", 1024 of "ki"; null of what is no prefix, be it a string or not.
def multiplier(p):
  (p | strings // "none") as $prefix
  | {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15, "e": 1e18, "z": 1e21, "y": 1e24,
     "ki": 1024, "mi": 1048576, "gi": 1073741824, "ti": 1099511627776, "pi": 1125899906842624,
     "ei": 1152921504606846976, "zi": 1180591620717411303424, "yi": 1208925819614629174706176}[$prefix | strings] // null;

# "1.5G" is 1500000000; numbers are what they are.
def as_integer(v):
  v as $value
  | if ($value | type) == "number" then $value
    elif ($value | type) != "string" then invalid($value)
    else
      [$value | match("^([0-9]+(?:\\.[0-9]+)?)((?:[KkMmGgTtPpEeZzYy][Ii]?)?)$")]
      | if length == 0 then invalid($value) else [.[0].captures[].string] end
      | (.[0] | tonumber) * multiplier(.[1] // "" | ascii_downcase)
      | floor
    end;
