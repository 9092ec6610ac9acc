// Reads values of a tree as the types that their keys ask for, and collects what is wrong with them. A scalar
// is text until somebody asks: so `NO`, `1.10` and `010` stay what they are where text is asked for.
#pragma once

#include "lib/config/problem.hpp"
#include "lib/config/tree.hpp"
#include "lib/units_of_measure.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

class Reader {
  public:
    /// Names that others may refer to, by what they are names of ("archive", "limit", "task").
    using Names = std::map<std::string_view, std::set<std::string, std::less<>>>;

    /// `problems` null: problems are only counted, for what was reported before.
    explicit Reader(std::vector<Problem>* problems = nullptr) : problems_(problems) {}

    /// Goes down one key for the lifetime of the result.
    class Step {
      public:
        Step(Reader& reader, std::string_view key) : reader_(reader) { reader_.path_.push_back(key); }
        ~Step() { reader_.path_.pop_back(); }
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;
        Step(Step&&) = delete;
        Step& operator=(Step&&) = delete;

      private:
        Reader& reader_;
    };
    [[nodiscard]] Step enter(std::string_view key) { return Step(*this, key); }

    void error(const Mark& mark, const std::string& message);
    void warning(const Mark& mark, const std::string& message);
    void unknown_key(const Mark& mark, std::string_view key, std::span<const std::string_view> known);
    /// "expected WHAT, got VALUE"
    void expected(const Node& node, std::string_view what);

    [[nodiscard]] unsigned errors() const { return errors_; }
    /// Errors found from here on disable this entry ("hosts.ps1.example.org") only, with this consequence.
    void begin_entry(std::string entry, std::string effect);
    /// … and from here on, the whole configuration, as at the beginning.
    void end_entry();

    // Each returns nothing after reporting what is wrong.
    [[nodiscard]] bool
    mapping(const Node& node); ///< an empty value counts as an empty mapping, without a word
    [[nodiscard]] std::optional<std::string_view> text(const Node& node, std::string_view what = "text");
    [[nodiscard]] std::optional<bool> flag(const Node& node);
    [[nodiscard]] std::optional<std::uint64_t> number(const Node& node, std::uint64_t least,
                                                      std::uint64_t most);
    [[nodiscard]] std::optional<Microseconds> duration(const Node& node, Microseconds least,
                                                       Microseconds most);
    [[nodiscard]] std::optional<std::uint64_t> size(const Node& node, std::uint64_t least);
    /// The index of the word.
    [[nodiscard]] std::optional<std::size_t> choice(const Node& node,
                                                    std::span<const std::string_view> words);

    struct Item {
        std::string_view text;
        const Mark* mark;
    };
    [[nodiscard]] std::optional<std::vector<Item>> list(const Node& node, std::string_view what);
    /// A set of names, laid over what `names` holds: a list replaces, a mapping name: true|false adds and
    /// removes. `is_good` sees each name that is mentioned, and reports what is wrong with it. Sorted.
    template <class Check>
    bool set(const Node& node, std::vector<std::string>& names, Check is_good);

    Names names; ///< references to a kind that is not in here are not checked

  private:
    void report(Problem::Scope scope, const Mark& mark, const std::string& message);
    [[nodiscard]] bool set_items(const Node& node, std::vector<Item>& with, std::vector<Item>& without,
                                 bool& replaces);
    static void apply(std::vector<std::string>& names, std::span<const Item> with,
                      std::span<const Item> without, bool replaces);

    std::vector<Problem>* problems_;
    std::vector<std::string_view> path_;
    Problem::Scope scope_ = Problem::Scope::whole;
    std::string entry_;
    std::string effect_;
    unsigned errors_ = 0;
};

template <class Check>
bool Reader::set(const Node& node, std::vector<std::string>& result, Check is_good) {
    std::vector<Item> with;
    std::vector<Item> without;
    bool replaces = false;
    if (!set_items(node, with, without, replaces)) return false;
    bool good = true;
    for (const auto& item : with)
        good = is_good(*this, item) && good;
    for (const auto& item : without)
        good = is_good(*this, item) && good;
    if (good) apply(result, with, without, replaces);
    return good;
}

} // namespace meshprobe
