#include "lib/mesh/duplicate_names.hpp"

#include "lib/json.hpp"
#include "lib/mesh/pointer.hpp"

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
    bool start_object(std::size_t /*elements*/) override { return open(); }
    bool start_array(std::size_t /*elements*/) override { return open(); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                     const json::exception& /*error*/) override {
        return false;
    }

    bool key(string_t& name) override {
        constexpr std::size_t most = 1000;
        Level& level = levels_.back();
        level.here = level.path.at(name);
        if (!level.names.insert(name).second && problems_.size() < most)
            problems_.push_back({level.here.text(), "the object has this member twice; the last one counts"});
        return true;
    }

  private:
    struct Level {
        Pointer path;
        Pointer here; ///< of the value that comes next
        std::set<std::string> names;
        std::size_t index = 0; ///< of an array
    };

    bool value() {
        if (!levels_.empty()) levels_.back().here = levels_.back().path.at(++levels_.back().index);
        return true;
    }
    bool open() {
        const Pointer path = levels_.empty() ? Pointer() : levels_.back().here;
        levels_.push_back({path, path.at(std::size_t{0}), {}, 0});
        return true;
    }
    bool close() {
        levels_.pop_back();
        return value();
    }

    std::vector<MeshProblem>& problems_;
    std::vector<Level> levels_;
};

} // namespace

void find_duplicate_names(std::string_view text, std::vector<MeshProblem>& problems) {
    Finder finder(problems);
    json::sax_parse(text, &finder);
}

} // namespace meshprobe
