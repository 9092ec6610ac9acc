// The functions that rewrite and priority scripts may call. They keep their notes in a member of the task,
// named so that no document can mean it: '#' begins a comment.
#pragma once

#include <string_view>

namespace meshprobe::pscheduler {

inline constexpr std::string_view notes_member = "#notes";

inline constexpr std::string_view rewrite_prelude = R"jq(
def classifiers: ."#notes".classifiers;
def classifiers_has($value): ."#notes".classifiers | any(. == $value);
def hint($name): ."#notes".hints[$name];
def change($message):
  ."#notes".changed = true
  | if $message == null then . else ."#notes".diags += [$message | tostring] end;
def reject($message): error("Task rejected: " + ($message | tostring));
. | )jq";

inline constexpr std::string_view priority_prelude = R"jq(
def classifiers: ."#notes".classifiers;
def classifiers_has($value): ."#notes".classifiers | any(. == $value);
def default: 0;
def requested: .priority;
def priority: ."#notes".priority;
def note($message): if $message == null then . else ."#notes".diags += [$message | tostring] end;
def set($value; $message): ."#notes".priority = $value | note("\($message) (set to \($value))");
def adjust($value; $message):
  ."#notes".priority += $value
  | note("\($message) (\(if $value > 0 then "+" else "" end)\($value))");
. | )jq";

} // namespace meshprobe::pscheduler
