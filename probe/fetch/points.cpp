#include "probe/fetch/points.hpp"

#include "lib/checkpoint/packed_timestamps.hpp"

#include <algorithm>

namespace meshprobe {

std::span<const Point> PointReader::read(std::string_view batch) {
    points_.clear();
    ascending_ = true;
    for_each_element(
        batch,
        [&](JsonCursor& cursor) {
            ++counts_.elements;
            return read_point(cursor);
        },
        [&](std::string_view problem) { refuse(problem); });
    if (!ascending_) put_in_order();
    return points_;
}

/// False if the element is not even well formed; what is well formed but no point is counted here.
bool PointReader::read_point(JsonCursor& cursor) {
    if (cursor.peek() != '{') {
        if (!cursor.value() || !cursor.is_behind_element()) return false;
        refuse("a point is not an object");
        return true;
    }
    JsonValue ts;
    JsonValue val;
    const auto on_member = [&](std::string_view name, const JsonValue& value) {
        if (name == "ts") {
            ts = value;
        } else if (name == "val") {
            val = value;
        }
    };
    if (!for_each_member(cursor, on_member) || !cursor.is_behind_element()) return false;
    const auto time = to_seconds(ts);
    if (!time) {
        refuse(ts.text.empty() ? "a point has no ts" : "a point's ts is no time in seconds");
        return true;
    }
    if (val.text.empty()) {
        refuse("a point has no val");
        return true;
    }
    if (*time < 1 || *time > latest_timestamp) {
        ++(*time < 1 ? counts_.before_epoch : counts_.beyond_years);
        return true;
    }
    if (*time < newest_) came_in_order_ = false;
    newest_ = std::max(newest_, *time);
    if (val.is_null()) {
        ++counts_.null_values;
        return true;
    }
    if (!points_.empty() && *time <= points_.back().ts) ascending_ = false;
    points_.push_back({*time, val});
    return true;
}

void PointReader::refuse(std::string_view problem) {
    if (counts_.malformed++ == 0) counts_.first_problem = problem;
}

/// Rare: archives keep years apart and may answer with the younger one first.
void PointReader::put_in_order() {
    std::ranges::stable_sort(points_, {}, &Point::ts);
    std::size_t kept = 0;
    for (std::size_t i = 1; i < points_.size(); ++i) {
        if (points_[i].ts == points_[kept].ts) {
            ++counts_.repeated;
            if (points_[i].value.text != points_[kept].value.text) ++counts_.conflicting;
        } else {
            points_[++kept] = points_[i];
        }
    }
    points_.resize(kept + 1);
}

} // namespace meshprobe
