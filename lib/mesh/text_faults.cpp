#include "lib/mesh/text_faults.hpp"

#include "lib/json.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/pointer.hpp"

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace meshprobe {

namespace {

using nlohmann::json;

class Finder final : public json::json_sax_t {
  public:
    explicit Finder(std::vector<MeshProblem>& problems) : problems_(problems) {}

    bool null() override { return value(); }
    bool boolean(bool /*val*/) override { return value(); }
    bool number_integer(number_integer_t /*val*/) override { return value(); }
    bool number_unsigned(number_unsigned_t /*val*/) override { return value(); }
    bool number_float(number_float_t /*val*/, const string_t& /*text*/) override { return value(); }
    bool string(string_t& /*val*/) override { return value(); }
    bool binary(binary_t& /*val*/) override { return value(); }
    bool start_object(std::size_t /*elements*/) override { return open(false); }
    bool start_array(std::size_t /*elements*/) override { return open(true); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                     const json::exception& /*error*/) override {
        return false;
    }

    bool key(string_t& name) override {
        if (too_deep_ > 0) return true;
        Level& level = levels_.back();
        level.key = name;
        if (!is_comment() && !level.names.insert(name).second)
            add("the object has this member twice; the last one counts");
        return true;
    }

  private:
    struct Level {
        bool is_array = false;
        bool is_comment = false;
        std::size_t index = 0; ///< in an array, of the value that comes next
        std::string key;       ///< in an object, likewise
        std::set<std::string> names;
    };

    /// Of the value that comes next.
    [[nodiscard]] bool is_comment() const {
        return !levels_.empty() && (levels_.back().is_comment || levels_.back().key.starts_with('#'));
    }
    [[nodiscard]] Pointer path() const {
        Pointer path;
        for (const Level& level : levels_)
            path = level.is_array ? path.at(level.index) : path.at(level.key);
        return path;
    }
    void add(std::string reason) {
        constexpr std::size_t most = 1000;
        if (problems_.size() < most) problems_.push_back({path().text(), std::move(reason)});
    }

    bool value() {
        if (!levels_.empty() && too_deep_ == 0) ++levels_.back().index;
        return true;
    }
    bool open(bool is_array) {
        if (too_deep_ == 0 && levels_.size() < deepest_nesting) {
            const bool of_comment = is_comment();
            levels_.emplace_back();
            levels_.back().is_array = is_array;
            levels_.back().is_comment = of_comment;
            return true;
        }
        if (too_deep_++ == 0 && !is_comment())
            add(fmt::format("it is nested more than {} deep, and left out", deepest_nesting));
        return true;
    }
    bool close() {
        if (too_deep_ > 0) {
            --too_deep_;
        } else {
            levels_.pop_back();
        }
        return value();
    }

    std::vector<MeshProblem>& problems_;
    std::vector<Level> levels_;
    std::size_t too_deep_ = 0; ///< brackets that are open beyond the deepest level
};

} // namespace

void find_text_faults(std::string_view text, std::vector<MeshProblem>& problems) {
    Finder finder(problems);
    json::sax_parse(text, &finder);
}

} // namespace meshprobe
