#include "lib/config/yaml.hpp"

#include "lib/config/suggest.hpp"
#include "lib/config/utf8.hpp"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <unordered_map>

namespace meshprobe {

namespace {

constexpr std::size_t deepest = 32;
constexpr std::size_t most_values = 500'000; // 10 000 hosts with fifty values each

/// Line ends as YAML's parser counts them: it knows "\n" only.
std::string with_unix_line_ends(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r') {
            result += text[i];
        } else if (i + 1 == text.size() || text[i + 1] != '\n') {
            result += '\n';
        }
    }
    if (!result.ends_with('\n')) result += '\n';
    return result;
}

/// yaml-cpp's columns count bytes, people's count characters.
class Columns {
  public:
    explicit Columns(std::string_view text) : text_(text) {}

    int of(const YAML::Mark& mark) {
        if (mark.is_null()) return 1;
        const auto position = std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size());
        const auto start = position - std::min(position, static_cast<std::size_t>(std::max(mark.column, 0)));
        // Marks mostly ascend: going on from the one before keeps a huge single line linear.
        if (start != line_start_ || position < counted_to_) {
            line_start_ = counted_to_ = start;
            characters_ = 0;
        }
        for (; counted_to_ < position; ++counted_to_) {
            if (!is_utf8_continuation(text_[counted_to_])) ++characters_;
        }
        return characters_ + 1;
    }

  private:
    std::string_view text_;
    std::size_t line_start_ = 0;
    std::size_t counted_to_ = 0;
    int characters_ = 0;
};

class Builder : public YAML::EventHandler {
  public:
    Builder(std::string_view text, const std::string& file)
        : text_(text), columns_(text), file_(std::make_shared<const std::string>(file)) {}

    [[nodiscard]] Node::Pointer tree() const { return root_; }
    [[nodiscard]] Mark place(const YAML::Mark& mark) {
        return {file_, mark.is_null() ? 1 : mark.line + 1, columns_.of(mark)};
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (documents_++ > 0) {
            throw YAML::ParserException(mark, "a second document begins here; a file holds one only");
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        // The parser calls `~` and `null` nothing at all, but a site may well be named so: look at the text.
        auto node = make(Node::Kind::empty, mark);
        const auto rest =
            text_.substr(std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size()));
        for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
            if (rest.starts_with(word)) node->text = word;
        }
        // Nothing has no place; the parser gives that of what comes next.
        if (node->text.empty() && !open_.empty() && open_.back().has_key) node->mark = open_.back().key_mark;
        finish(std::move(node), anchor, mark);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end())
            throw YAML::ParserException(mark, "this alias refers to a value that holds it");
        add(found->second, mark);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(mark, tag);
        auto node = make(Node::Kind::scalar, mark);
        node->text = value;
        finish(std::move(node), anchor, mark);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        check_tag(mark, tag);
        open(make(Node::Kind::list, mark), anchor, mark);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        check_tag(mark, tag);
        open(make(Node::Kind::mapping, mark), anchor, mark);
    }
    void OnMapEnd() override { close(); }

  private:
    /// A list or mapping that is being read.
    struct Open {
        std::shared_ptr<Node> node;
        YAML::anchor_t anchor = 0;
        YAML::Mark start;
        bool has_key = false;
        std::string key;
        Mark key_mark;
        std::vector<Node::Pointer> beneath; // values of the key "<<"
    };

    static void check_tag(const YAML::Mark& mark, const std::string& tag) {
        constexpr std::string_view core = "tag:yaml.org,2002:";
        constexpr std::array<std::string_view, 9> known{"str", "int", "float", "bool", "null",
                                                        "seq", "map", "set",   "merge"};
        if (tag.empty() || tag == "?" || tag == "!") return;
        if (tag.starts_with(core) && std::ranges::count(known, std::string_view(tag).substr(core.size())) > 0)
            return;
        throw YAML::ParserException(mark, fmt::format("the tag {} means nothing here", quote(tag)));
    }

    std::shared_ptr<Node> make(Node::Kind kind, const YAML::Mark& mark) {
        auto node = std::make_shared<Node>();
        node->kind = kind;
        node->mark = place(mark);
        return node;
    }

    void open(std::shared_ptr<Node> node, YAML::anchor_t anchor, const YAML::Mark& mark) {
        if (open_.size() >= deepest) {
            throw YAML::ParserException(mark, fmt::format("nested more than {} deep", deepest));
        }
        if (!open_.empty() && open_.back().node->kind == Node::Kind::mapping && !open_.back().has_key) {
            throw YAML::ParserException(mark, "a key must be a plain name, not a list or a mapping");
        }
        Open next;
        next.node = std::move(node);
        next.anchor = anchor;
        next.start = mark;
        open_.push_back(std::move(next));
    }

    void close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        // Keys of the mapping itself win over those that "<<" brings, the first of several over the rest.
        for (const auto& below : done.beneath) {
            for (const auto& [key, entry] : below->entries) {
                if (done.node->entries.emplace(key, entry).second)
                    done.node->weight += entry.value->weight + 1;
            }
        }
        finish(std::move(done.node), done.anchor, done.start);
    }

    void finish(std::shared_ptr<Node> node, YAML::anchor_t anchor, const YAML::Mark& mark) {
        if (anchor != 0) anchors_[anchor] = node;
        add(std::move(node), mark);
    }

    /// A complete value goes to where it belongs.
    void add(Node::Pointer node, const YAML::Mark& mark) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        auto& parent = open_.back();
        if (parent.node->kind == Node::Kind::mapping && !parent.has_key) {
            take_key(parent, *node, mark);
            return;
        }
        parent.node->weight += node->weight;
        if (parent.node->weight > most_values) {
            throw YAML::ParserException(
                mark, fmt::format("more than {} values, counting what aliases repeat", most_values));
        }
        if (parent.node->kind == Node::Kind::list) {
            parent.node->items.push_back(std::move(node));
        } else if (parent.key == "<<") {
            parent.has_key = false;
            merge_below(parent, std::move(node), mark);
        } else {
            parent.has_key = false;
            parent.node->entries.emplace(parent.key, Node::Entry{parent.key_mark, std::move(node)});
        }
    }

    void take_key(Open& parent, const Node& node, const YAML::Mark& mark) {
        if (node.kind == Node::Kind::list || node.kind == Node::Kind::mapping) {
            throw YAML::ParserException(mark, "a key must be a plain name, not a list or a mapping");
        }
        if (const auto before = parent.node->entries.find(node.text); before != parent.node->entries.end()) {
            throw YAML::ParserException(
                mark, fmt::format("the key {} stands here a second time; the first is in line {}",
                                  quote(node.text), before->second.mark.line));
        }
        parent.key = node.text;
        parent.key_mark = place(mark);
        parent.has_key = true;
    }

    static void merge_below(Open& parent, Node::Pointer node, const YAML::Mark& mark) {
        if (node->kind == Node::Kind::mapping) {
            parent.beneath.push_back(std::move(node));
            return;
        }
        const auto is_mapping = [](const Node::Pointer& item) { return item->kind == Node::Kind::mapping; };
        if (node->kind != Node::Kind::list || !std::ranges::all_of(node->items, is_mapping)) {
            throw YAML::ParserException(mark, "the key \"<<\" takes a mapping or a list of mappings");
        }
        for (const auto& item : node->items)
            parent.beneath.push_back(item);
    }

    std::string_view text_;
    Columns columns_;
    std::shared_ptr<const std::string> file_;
    Node::Pointer root_;
    std::vector<Open> open_;
    std::unordered_map<YAML::anchor_t, Node::Pointer> anchors_;
    int documents_ = 0;
};

Problem broken(const std::string& file, int line, int column, std::string message) {
    Problem problem;
    problem.scope = Problem::Scope::whole;
    problem.file = file;
    problem.line = line;
    problem.column = column;
    problem.message = std::move(message);
    return problem;
}

/// The commonest reason for YAML that looks right and is not, which the parser does not name.
bool is_indented_by_tab(std::string_view text, int line) {
    for (; line > 1 && !text.empty(); --line)
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    const auto blanks = text.substr(0, text.find_first_not_of(" \t"));
    return blanks.find('\t') != std::string_view::npos;
}

} // namespace

tl::expected<Node::Pointer, Problem> parse_yaml(std::string_view original, const std::string& file) {
    if (original.size() > largest_configuration_file) {
        return tl::unexpected(broken(
            file, 0, 0, fmt::format("larger than the {} MiB allowed", largest_configuration_file >> 20U)));
    }
    std::string text = with_unix_line_ends(original);
    if (const auto bad = find_bad_character(text)) {
        return tl::unexpected(broken(file, bad->line, bad->column, bad->message));
    }
    const auto lines = static_cast<int>(std::ranges::count(text, '\n'));
    // At the end of the file yaml-cpp 0.7 takes an open quote for closed if the last character is a line end,
    // and swallows what follows the quote. A comment without a line end shows it for what it is.
    text += '#';
    Builder builder(text, file);
    try {
        std::istringstream stream(text);
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const YAML::Exception& error) {
        const auto mark = builder.place(error.mark);
        if (mark.line > lines) {
            return tl::unexpected(broken(file, lines, 1,
                                         "not valid YAML: the file ends too early: " + error.msg +
                                             "; a quote or a bracket that was opened is not closed"));
        }
        std::string_view hint;
        if (is_indented_by_tab(text, mark.line)) hint = "; YAML is indented with blanks, never with tabs";
        if (error.msg.find("anchor") != std::string::npos)
            hint = "; what begins with \"*\", as the pattern of host names, needs quotes";
        return tl::unexpected(
            broken(file, mark.line, mark.column, fmt::format("not valid YAML: {}{}", error.msg, hint)));
    } catch (const std::exception& error) {
        return tl::unexpected(broken(file, 0, 0, fmt::format("not valid YAML: {}", error.what())));
    }
    if (!builder.tree()) return std::make_shared<const Node>();
    return builder.tree();
}

} // namespace meshprobe
