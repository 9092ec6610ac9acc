#include "probe/limit/age.hpp"

#include <fmt/core.h>

namespace meshprobe {

Verdict AgeLimit::judge(const Judged& judged) const {
    const auto age = std::chrono::seconds(judged.now) - std::chrono::seconds(judged.ts);
    return age > max_ ? Verdict::drop : Verdict::pass;
}

std::string AgeLimit::reason() const {
    return fmt::format("older than {}", format_duration(max_));
}

} // namespace meshprobe
