#include "lib/config/compiled.hpp"

#include "lib/config/build.hpp"
#include "lib/config/encode.hpp"
#include "lib/config/load.hpp"
#include "lib/file.hpp"

#include <simdjson.h>

#include <cstddef>

namespace meshprobe {

namespace {

namespace json = simdjson::ondemand;

constexpr std::size_t largest = 64U << 20U;
constexpr unsigned deepest = 40;

using Files = std::vector<std::shared_ptr<const std::string>>;

// simdjson's exceptions stay within this file: a wrong type anywhere means that the file is not ours.

Mark read_mark(json::array_iterator& at, const Files& files) {
    Mark mark;
    const auto file = static_cast<std::size_t>(std::uint64_t{*at});
    ++at;
    if (file < files.size()) mark.file = files[file];
    mark.line = static_cast<int>(std::int64_t{*at});
    ++at;
    mark.column = static_cast<int>(std::int64_t{*at});
    ++at;
    return mark;
}

Node::Pointer read_node(json::array value, const Files& files, unsigned depth = 0) {
    if (depth > deepest) throw simdjson::simdjson_error(simdjson::DEPTH_ERROR);
    auto node = std::make_shared<Node>();
    auto at = value.begin().value();
    const std::string_view kind = *at;
    ++at;
    node->mark = read_mark(at, files);
    if (kind == "s" || kind == "e") {
        node->kind = kind == "s" ? Node::Kind::scalar : Node::Kind::empty;
        node->text = std::string_view(*at);
    } else if (kind == "l") {
        node->kind = Node::Kind::list;
        for (json::array item : json::array(*at))
            node->items.push_back(read_node(item, files, depth + 1));
    } else if (kind == "m" || kind == "r") {
        node->kind = Node::Kind::mapping;
        node->replaces = kind == "r";
        for (json::array entry : json::array(*at)) {
            auto part = entry.begin().value();
            std::string key{std::string_view(*part)};
            ++part;
            Node::Entry found;
            found.mark = read_mark(part, files);
            found.value = read_node(*part, files, depth + 1);
            node->entries.insert_or_assign(std::move(key), std::move(found));
        }
    } else {
        throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE);
    }
    return node;
}

Stamp read_stamp(json::array value) {
    auto at = value.begin().value();
    Stamp stamp;
    stamp.path = std::string_view(*at);
    stamp.size = std::uint64_t{*++at};
    stamp.inode = std::uint64_t{*++at};
    stamp.modified_nsec = std::int64_t{*++at};
    stamp.changed_nsec = std::int64_t{*++at};
    return stamp;
}

Problem read_problem(json::array value) {
    auto at = value.begin().value();
    Problem problem;
    problem.scope = static_cast<Problem::Scope>(std::uint64_t{*at});
    problem.file = std::string_view(*++at);
    problem.line = static_cast<int>(std::int64_t{*++at});
    problem.column = static_cast<int>(std::int64_t{*++at});
    problem.path = std::string_view(*++at);
    problem.message = std::string_view(*++at);
    problem.entry = std::string_view(*++at);
    problem.effect = std::string_view(*++at);
    return problem;
}

Node::Pointer decode(std::string_view text, const Files& files) {
    json::parser parser;
    const simdjson::padded_string padded(text);
    json::document document = parser.iterate(padded);
    return read_node(document.get_array(), files);
}

} // namespace

class CompiledConfig::Document {
  public:
    explicit Document(const std::string& text) : text_(text) {
        document_ = parser_.iterate(text_);
        version_ = std::string_view(document_["meshprobe"]);
        for (json::array stamp : document_["stamps"])
            layers_.files.push_back(read_stamp(stamp));
    }

    [[nodiscard]] bool is_made_of(const Layers& layers) const {
        return version_ == compiled_version() && layers_.files == layers.files;
    }

    LoadedConfig load(bool whole_tree) {
        LoadedConfig loaded;
        document_.rewind();
        for (json::array problem : document_["problems"])
            loaded.problems.push_back(read_problem(problem));
        Files files;
        for (std::string_view file : document_["files"])
            files.push_back(std::make_shared<const std::string>(file));
        loaded.tree = read_node(document_["tree"], files);
        loaded.config = build_config(loaded.tree, nullptr).config;
        auto hosts = std::make_shared<Node>();
        hosts->kind = Node::Kind::mapping;
        for (json::array host : document_["hosts"]) {
            auto at = host.begin().value();
            Config::HostSection section;
            section.pattern = std::string_view(*at);
            section.is_glob = bool{*++at};
            section.faulty = bool{*++at};
            section.key = std::string_view(*++at);
            ++at;
            const auto mark = read_mark(at, files);
            section.compiled = json::array(*at).raw_json().value();
            if (whole_tree) {
                section.node = decode(section.compiled, files);
                hosts->entries.insert_or_assign(section.key, Node::Entry{mark, section.node});
            }
            loaded.config.host_sections.push_back(std::move(section));
        }
        if (whole_tree) {
            auto top = std::make_shared<Node>(*loaded.tree);
            if (!hosts->entries.empty())
                top->entries.insert_or_assign("hosts", Node::Entry{hosts->mark, hosts});
            loaded.tree = std::move(top);
        } else {
            loaded.tree = nullptr;
        }
        return loaded;
    }

  private:
    simdjson::padded_string text_;
    json::parser parser_;
    json::document document_;
    std::string version_;
    Layers layers_;
};

CompiledConfig::CompiledConfig(std::unique_ptr<Document> document) : document_(std::move(document)) {}
CompiledConfig::CompiledConfig(CompiledConfig&&) noexcept = default;
CompiledConfig& CompiledConfig::operator=(CompiledConfig&&) noexcept = default;
CompiledConfig::~CompiledConfig() = default;

std::optional<CompiledConfig> CompiledConfig::open(const Paths& paths) {
    const auto text = read_file_if_exists(path(paths), largest, Links::refuse);
    if (!text || !*text) return std::nullopt;
    try {
        return CompiledConfig(std::make_unique<Document>(**text));
    } catch (const simdjson::simdjson_error&) {
        return std::nullopt;
    }
}

bool CompiledConfig::is_made_of(const Layers& layers) const {
    return document_->is_made_of(layers);
}

std::optional<LoadedConfig> CompiledConfig::load(bool whole_tree) {
    try {
        return document_->load(whole_tree);
    } catch (const simdjson::simdjson_error&) {
        return std::nullopt;
    }
}

Node::Pointer decode_node(std::string_view text) {
    static const Files none;
    try {
        return decode(text, none);
    } catch (const simdjson::simdjson_error&) {
        return nullptr;
    }
}

} // namespace meshprobe
