#include "probe/limit/pscheduler/time.hpp"

#include <charconv>

namespace meshprobe::pscheduler {

namespace {

using namespace std::chrono;

class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    /// Exactly so many digits.
    std::optional<int> number(std::size_t digits) {
        int value = 0;
        if (rest_.size() < digits) return std::nullopt;
        const char* const end = rest_.data() + digits;
        const auto [stop, error] = std::from_chars(rest_.data(), end, value);
        if (error != std::errc() || stop != end || rest_.front() == '-') return std::nullopt;
        rest_.remove_prefix(digits);
        return value;
    }
    bool skip(std::string_view any_of) {
        if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void skip_digits() {
        while (skip("0123456789")) {
        }
    }
    [[nodiscard]] bool is_at(std::string_view any_of) const {
        return !rest_.empty() && any_of.find(rest_.front()) != std::string_view::npos;
    }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
};

std::optional<seconds> read_offset(Reader& reader) {
    if (reader.at_end() || reader.skip("zZ")) return seconds(0);
    if (!reader.is_at("+-")) return std::nullopt;
    const bool is_west = reader.is_at("-");
    reader.skip("+-");
    const auto hour = reader.number(2);
    reader.skip(":");
    const auto minute = reader.at_end() ? std::optional(0) : reader.number(2);
    if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
    const seconds offset = hours(*hour) + minutes(*minute);
    return is_west ? -offset : offset;
}

} // namespace

std::optional<IsoTime> parse_iso_time(std::string_view text) {
    Reader reader(text);
    const auto year_number = reader.number(4);
    reader.skip("-");
    const auto month_number = reader.number(2);
    reader.skip("-");
    const auto day_number = reader.number(2);
    if (!year_number || !month_number || !day_number) return std::nullopt;
    const year_month_day date{year(*year_number), month(static_cast<unsigned>(*month_number)),
                              day(static_cast<unsigned>(*day_number))};
    if (!date.ok()) return std::nullopt;
    seconds time_of_day(0);
    if (reader.skip("Tt ")) {
        const auto hour = reader.number(2);
        reader.skip(":");
        const auto minute = reader.number(2);
        std::optional<int> second = 0;
        if (reader.skip(":") || reader.is_at("0123456789")) second = reader.number(2);
        if (reader.skip(".,")) reader.skip_digits();
        if (!hour || !minute || !second || *hour > 24 || *minute > 59 || *second > 60) return std::nullopt;
        time_of_day = hours(*hour) + minutes(*minute) + seconds(*second);
    }
    const auto offset = read_offset(reader);
    if (!offset || !reader.at_end()) return std::nullopt;
    return IsoTime{sys_days(date) + time_of_day - *offset, *offset};
}

CalendarFields fields_of(const IsoTime& time) {
    const auto local = time.utc + time.offset;
    const auto date = floor<days>(local);
    const year_month_day calendar(date);
    const hh_mm_ss clock(local - date);
    const auto weekday_number = weekday(date).iso_encoding();
    // The ISO week belongs to the year of its Thursday.
    const auto thursday = date + days(4 - static_cast<int>(weekday_number));
    const auto first = sys_days(year_month_day(thursday).year() / January / 1);
    return {static_cast<int>(calendar.year()),
            static_cast<int>(static_cast<unsigned>(calendar.month())),
            static_cast<int>((thursday - first).count() / 7 + 1),
            static_cast<int>(static_cast<unsigned>(calendar.day())),
            static_cast<int>(weekday_number),
            static_cast<int>(clock.hours().count()),
            static_cast<int>(clock.minutes().count()),
            static_cast<int>(clock.seconds().count())};
}

} // namespace meshprobe::pscheduler
