#include "lib/checkpoint/packed_timestamps.hpp"

#include "lib/checkpoint/encoding.hpp"

namespace meshprobe {

namespace {

constexpr std::size_t worth_a_run = 3;
constexpr std::uint64_t most_in_a_run = 1 << 16; // a damaged file must not fill the memory

/// Calls take_run(first, step, count) for timestamps first, first + step, …
template <class TakeRun>
bool for_each_run(std::string_view packed, Timestamp base, TakeRun take_run) {
    if (packed.empty()) return true;
    Decoder decoder(packed);
    Timestamp last = decoder.seconds() + base;
    if (!decoder.good()) return false;
    take_run(last, Timestamp{0}, std::uint64_t{1});
    while (decoder.good() && !decoder.at_end()) {
        const std::uint64_t word = decoder.number();
        const std::uint64_t count = (word & 1) != 0 ? decoder.number() : 1;
        const std::uint64_t step = word >> 1;
        if (step == 0 || step > static_cast<std::uint64_t>(latest_timestamp) || count > most_in_a_run)
            return false;
        if (last + static_cast<Timestamp>(step) > latest_timestamp) return false;
        take_run(last + static_cast<Timestamp>(step), static_cast<Timestamp>(step), count);
        last += static_cast<Timestamp>(step * count);
        if (last > latest_timestamp) return false;
    }
    return decoder.good();
}

} // namespace

void pack_timestamps(std::string& out, Timestamp base, std::span<const Timestamp> timestamps) {
    if (timestamps.empty()) return;
    Encoder encoder(out);
    encoder.signed_number(timestamps.front() - base);
    for (std::size_t i = 1; i < timestamps.size();) {
        const Timestamp step = timestamps[i] - timestamps[i - 1];
        std::size_t end = i + 1;
        while (end < timestamps.size() && timestamps[end] - timestamps[end - 1] == step &&
               end - i < most_in_a_run) {
            ++end;
        }
        const std::size_t count = end - i;
        if (count >= worth_a_run) {
            encoder.number((static_cast<std::uint64_t>(step) << 1) | 1);
            encoder.number(count);
            i = end;
        } else {
            encoder.number(static_cast<std::uint64_t>(step) << 1);
            ++i;
        }
    }
}

bool unpack_timestamps(std::string_view packed, Timestamp base, std::vector<Timestamp>& out) {
    return for_each_run(packed, base, [&](Timestamp first, Timestamp step, std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            out.push_back(first + step * static_cast<Timestamp>(i));
        }
    });
}

std::optional<Timestamp> last_packed_timestamp(std::string_view packed, Timestamp base) {
    std::optional<Timestamp> last;
    const bool good = for_each_run(packed, base, [&](Timestamp first, Timestamp step, std::uint64_t count) {
        if (count > 0) last = first + step * static_cast<Timestamp>(count - 1);
    });
    return good ? last : std::nullopt;
}

} // namespace meshprobe
