#include "lib/config/encode.hpp"

#include "lib/command_line.hpp"
#include "lib/config/load.hpp"
#include "lib/config/tree.hpp"

#include <fmt/format.h>

#include <iterator>
#include <map>

namespace meshprobe {

namespace {

class Encoder {
  public:
    std::string encode(const LoadedConfig& loaded) {
        // Files are numbered as the trees are written, so those come first.
        std::string tree;
        write_without_hosts(*loaded.tree, tree);
        std::string hosts;
        if (const Node* sections = loaded.tree->find("hosts")) write_hosts(loaded.config, *sections, hosts);

        std::string text = "{\"meshprobe\":";
        write_text(compiled_version(), text);
        text += ",\n\"stamps\":[";
        const char* separator = "";
        for (const auto& stamp : loaded.layers->files) {
            text += std::exchange(separator, ",\n");
            text += '[';
            write_text(stamp.path, text);
            text += fmt::format(",{},{},{},{}]", stamp.size, stamp.inode, stamp.modified_nsec,
                                stamp.changed_nsec);
        }
        text += "],\n\"problems\":[";
        separator = "";
        for (const auto& problem : loaded.problems) {
            text += std::exchange(separator, ",\n");
            write_problem(problem, text);
        }
        text += "],\n\"files\":[";
        separator = "";
        for (const auto& file : files_) {
            text += std::exchange(separator, ",");
            write_text(file, text);
        }
        return text + "],\n\"tree\":" + tree + ",\n\"hosts\":[" + hosts + "]}\n";
    }

  private:
    static void write_text(std::string_view text, std::string& out) {
        out += '"';
        for (const char c : text) {
            if (c == '"' || c == '\\') out += '\\';
            if (static_cast<unsigned char>(c) < 0x20) {
                fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
            } else {
                out += c;
            }
        }
        out += '"';
    }

    static void write_problem(const Problem& problem, std::string& out) {
        fmt::format_to(std::back_inserter(out), "[{},", static_cast<int>(problem.scope));
        write_text(problem.file, out);
        fmt::format_to(std::back_inserter(out), ",{},{},", problem.line, problem.column);
        const char* separator = "";
        for (const auto& text : {problem.path, problem.message, problem.entry, problem.effect}) {
            out += std::exchange(separator, ",");
            write_text(text, out);
        }
        out += ']';
    }

    void write_mark(const Mark& mark, std::string& out) {
        const auto [place, is_new] = numbers_.emplace(mark.file_name(), files_.size());
        if (is_new) files_.push_back(mark.file_name());
        fmt::format_to(std::back_inserter(out), "{},{},{}", place->second, mark.line, mark.column);
    }

    void begin(std::string_view kind, const Mark& mark, std::string& out) {
        out += "[\"";
        out += kind;
        out += "\",";
        write_mark(mark, out);
    }

    void write_entry(std::string_view key, const Node::Entry& entry, std::string& out) {
        out += '[';
        write_text(key, out);
        out += ',';
        write_mark(entry.mark, out);
        out += ',';
        write(*entry.value, out);
        out += ']';
    }

    void write(const Node& node, std::string& out) {
        const char* separator = "";
        switch (node.kind) {
        case Node::Kind::empty:
        case Node::Kind::scalar:
            begin(node.kind == Node::Kind::empty ? "e" : "s", node.mark, out);
            out += ',';
            write_text(node.text, out);
            break;
        case Node::Kind::list:
            begin("l", node.mark, out);
            out += ",[";
            for (const auto& item : node.items) {
                out += std::exchange(separator, ",");
                write(*item, out);
            }
            out += ']';
            break;
        case Node::Kind::mapping:
            begin(node.replaces ? "r" : "m", node.mark, out);
            out += ",[";
            for (const auto& [key, entry] : node.entries) {
                out += std::exchange(separator, ",");
                write_entry(key, entry, out);
            }
            out += ']';
            break;
        }
        out += ']';
    }

    void write_without_hosts(const Node& tree, std::string& out) {
        Node rest = tree;
        rest.entries.erase("hosts");
        write(rest, out);
    }

    void write_hosts(const Config& config, const Node& sections, std::string& out) {
        const char* separator = "";
        for (const auto& section : config.host_sections) {
            const auto& entry = sections.entries.at(section.key);
            out += std::exchange(separator, ",\n");
            out += '[';
            write_text(section.pattern, out);
            fmt::format_to(std::back_inserter(out), ",{},{},", section.is_glob, section.faulty);
            write_text(section.key, out);
            out += ',';
            write_mark(entry.mark, out);
            out += ',';
            write(*entry.value, out);
            out += ']';
        }
    }

    std::map<std::string, std::size_t, std::less<>> numbers_;
    std::vector<std::string> files_;
};

} // namespace

std::string encode_compiled(const LoadedConfig& loaded) {
    return Encoder().encode(loaded);
}

std::string compiled_version() {
    auto version = version_text("meshprobe");
    while (version.ends_with('\n'))
        version.pop_back();
    return version;
}

} // namespace meshprobe
