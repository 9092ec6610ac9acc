// The configuration as it is written: scalars, lists and mappings, each with the place it comes from. Trees
// are immutable once built and share their branches, so that aliases and merging copy nothing.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace meshprobe {

/// A place in a file; lines and columns count from 1, columns in characters.
struct Mark {
    std::shared_ptr<const std::string> file;
    int line = 0;
    int column = 0;

    [[nodiscard]] const std::string& file_name() const;
};

class Node {
  public:
    using Pointer = std::shared_ptr<const Node>;
    enum class Kind {
        empty,  ///< nothing after the colon, or one of YAML's words for nothing, which is then its text
        scalar, ///< its text as written; which type it has decides whoever asks for it
        list,
        mapping,
    };
    struct Entry {
        Mark mark; ///< of the key
        Pointer value;
    };

    Kind kind = Kind::empty;
    Mark mark;
    std::string text;                                  ///< of a scalar; `~` or `null` of an empty value
    std::vector<Pointer> items;                        ///< of a list
    std::map<std::string, Entry, std::less<>> entries; ///< of a mapping
    /// A mapping `name: true|false` that was laid over a list: the list's names and the mapping's changes.
    /// Where other sets of names lie below, this one replaces them, as the list would have.
    bool replaces = false;
    std::size_t weight = 1; ///< how many values this is once aliases are written out

    [[nodiscard]] const Node* find(std::string_view key) const; ///< null: no mapping, or no such key
};

/// `over` laid over `base`: mappings merge key by key, a mapping over a list changes the list as a set, an
/// empty value leaves a mapping alone, everything else replaces.
[[nodiscard]] Node::Pointer merge(const Node::Pointer& base, const Node::Pointer& over);

/// The same tree with another value at `path`, whose mappings all exist.
[[nodiscard]] Node::Pointer replace(const Node::Pointer& tree, const std::vector<std::string>& path,
                                    const Node::Pointer& value);

} // namespace meshprobe
