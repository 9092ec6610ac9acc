#include "lib/config/build.hpp"

#include "lib/config/checks.hpp"
#include "lib/config/host_keys.hpp"
#include "lib/config/judge.hpp"
#include "lib/config/pattern.hpp"
#include "lib/config/schema.hpp"
#include "lib/config/suggest.hpp"
#include "lib/instance.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace meshprobe {

namespace {

class Builder {
  public:
    Builder(const Node& root, std::vector<Problem>* problems) : root_(root), reader_(problems) {}

    Built build(References references) {
        if (!reader_.mapping(root_)) return std::move(built_);
        read_top();
        if (references == References::checked) {
            for (const auto& [section, kind] : {std::pair{"archives", "archive"},
                                                {"limits", "limit"},
                                                {"meshes", "mesh"},
                                                {"tasks", "task"},
                                                {"transforms", "transform"}})
                note_names(section, kind);
        }
        read_meshes();
        read_limits();
        read_transforms();
        read_archives();
        read_tasks();
        read_hosts();
        return std::move(built_);
    }

  private:
    /// Keys at the top concern everything. "x-…" is nobody's: a place for anchors.
    void read_top() {
        for (const auto& [name, entry] : root_.entries) {
            if (name.starts_with("x-") || std::ranges::find(section_names, name) != section_names.end())
                continue;
            const auto step = reader_.enter(name);
            if (detail::read_key(reader_, name, *entry.value, built_.config, global_keys())) continue;
            std::vector<std::string_view> names(section_names.begin(), section_names.end());
            detail::add_names(names, global_keys());
            reader_.unknown_key(entry.mark, name, names);
        }
    }

    void note_names(std::string_view section, std::string_view kind) {
        auto& names = reader_.names[kind];
        const Node* node = root_.find(section);
        if (node == nullptr) return;
        for (const auto& [name, entry] : node->entries)
            names.insert(name);
    }

    /// Calls read(name, entry, is_good) for each entry of a section; is_good() tells whether it has had no
    /// errors so far. Those with errors are noted.
    template <class Read>
    void each(std::string_view section, std::string_view effect, Read read) {
        const Node* node = root_.find(section);
        if (node == nullptr) return;
        const auto step = reader_.enter(section);
        if (!reader_.mapping(*node)) return;
        for (const auto& [name, entry] : node->entries) {
            const auto below = reader_.enter(name);
            reader_.begin_entry(fmt::format("{}.{}", section, name), fmt::format(fmt::runtime(effect), name));
            const auto before = reader_.errors();
            read(name, entry, [this, before] { return reader_.errors() == before; });
            if (reader_.errors() != before) built_.faulty.push_back({std::string(section), name});
        }
        reader_.end_entry();
    }

    void check_name(const std::string& name, const Mark& mark) {
        if (is_valid_name(name)) return;
        reader_.error(mark,
                      fmt::format("{} cannot be a name: expected at most 63 of a-z, 0-9, \"-\" and \"_\", "
                                  "a letter or digit first",
                                  quote(name)));
    }

    void read_meshes() {
        each("meshes", "mesh {} is disabled",
             [this](const std::string& name, const Node::Entry& entry, auto is_good) {
                 Mesh mesh;
                 mesh.name = name;
                 check_name(name, entry.mark);
                 read_mapping(reader_, *entry.value, {}, Part{mesh, mesh_keys()},
                              Part{mesh.connection, connection_keys()},
                              Part{mesh.description, description_keys()});
                 if (is_good()) judge(reader_, entry, mesh);
                 if (!is_good()) mesh.enabled = false;
                 built_.config.meshes.insert_or_assign(name, std::move(mesh));
             });
    }

    void read_limits() {
        each("limits", "limit {} is not applied",
             [this](const std::string& name, const Node::Entry& entry, auto is_good) {
                 Limit limit;
                 limit.name = name;
                 check_name(name, entry.mark);
                 read_mapping(reader_, *entry.value, {}, Part{limit, limit_keys()},
                              Part{limit.description, description_keys()});
                 if (is_good()) judge(reader_, entry, limit);
                 if (is_good()) built_.config.limits.insert_or_assign(name, std::move(limit));
             });
    }

    void read_transforms() {
        each("transforms", "archives with transform {} get nothing, and what they miss is recorded as gaps",
             [this](const std::string& name, const Node::Entry& entry, auto is_good) {
                 Transform transform;
                 transform.name = name;
                 check_name(name, entry.mark);
                 read_mapping(reader_, *entry.value, {}, Part{transform, transform_keys()},
                              Part{transform.description, description_keys()});
                 if (is_good()) judge(reader_, entry, transform);
                 if (is_good()) built_.config.transforms.insert_or_assign(name, std::move(transform));
             });
    }

    void read_archives() {
        each("archives", "results for archive {} stay in the spool until this is corrected",
             [this](const std::string& name, const Node::Entry& entry, auto is_good) {
                 Archive archive;
                 archive.name = name;
                 check_name(name, entry.mark);
                 read_mapping(reader_, *entry.value, {}, Part{archive, archive_keys()},
                              Part{archive.connection, connection_keys()},
                              Part{archive.description, description_keys()});
                 if (is_good()) judge(reader_, entry, archive);
                 archive.faulty = !is_good();
                 // A name that cannot be a directory's has no spool either.
                 if (is_valid_name(name)) built_.config.archives.insert_or_assign(name, std::move(archive));
             });
    }

    void read_tasks() {
        each("tasks", "task {} is disabled",
             [this](const std::string& name, const Node::Entry& entry, auto is_good) {
                 TaskSettings task;
                 Description description;
                 check_name(name, entry.mark);
                 if (name == "archive") {
                     reader_.error(entry.mark,
                                   "the name \"archive\" is taken: archivers are meshprobe-archive@NAME");
                 }
                 read_mapping(reader_, *entry.value, {}, Part{task, task_keys()},
                              Part{task.connection, connection_keys()},
                              Part{description, description_keys()});
                 if (is_good()) judge(reader_, entry, task, built_.config);
                 drop_unusable_limits(task);
                 if (is_good()) built_.config.tasks.insert_or_assign(name, std::move(task));
             });
    }

    /// Limits that exist, but have errors of their own.
    void drop_unusable_limits(TaskSettings& task) {
        std::erase_if(task.limits,
                      [this](const std::string& name) { return !built_.config.limits.contains(name); });
    }

    /// Globs before names: a name's section is judged together with the globs that match it.
    void read_hosts() {
        each("hosts", "the hosts that match {} are disabled",
             [this](const std::string& name, const Node::Entry& entry, auto is_good) {
                 read_host(name, entry, true, is_good);
             });
        std::ranges::stable_sort(built_.config.host_sections, {}, [](const Config::HostSection& section) {
            return std::pair(section.pattern.size(), section.pattern);
        });
        each("hosts", "host {} is disabled",
             [this](const std::string& name, const Node::Entry& entry, auto is_good) {
                 read_host(name, entry, false, is_good);
             });
        std::ranges::stable_sort(names_, {}, &Config::HostSection::pattern);
        auto& all = built_.config.host_sections;
        all.insert(all.end(), std::make_move_iterator(names_.begin()), std::make_move_iterator(names_.end()));
    }

    template <class IsGood>
    void read_host(const std::string& name, const Node::Entry& entry, bool globs, IsGood is_good) {
        const bool looks_like_glob = name.find_first_of("*?") != std::string::npos;
        if (looks_like_glob != globs) return;
        const auto pattern = parse_host_pattern(name);
        if (!pattern) {
            reader_.error(entry.mark, pattern.error().message);
            return;
        }
        const auto [first, is_new] = first_marks_.emplace(pattern->text, entry.mark);
        if (!is_new) {
            reader_.error(entry.mark, fmt::format("the same host as in {}:{}", first->second.file_name(),
                                                  first->second.line));
        }
        check_host(*pattern, entry);
        auto& found = globs ? built_.config.host_sections : names_;
        found.push_back({pattern->text, name, globs, !is_good(), entry.value, {}});
    }

    /// What a task and the globs give a host, before its own section.
    HostView view_below(const HostPattern& pattern, std::string_view task) const {
        const auto base = built_.config.tasks.find(task);
        HostView view;
        if (base != built_.config.tasks.end()) view.settings = base->second;
        if (pattern.is_glob) return view;
        Reader silent;
        for (const auto* section : built_.config.sections_of(pattern.text))
            lay_over(silent, *section->node, task, view);
        return view;
    }

    void check_host(const HostPattern& pattern, const Node::Entry& entry) {
        auto view = view_below(pattern, default_task);
        lay_over(reader_, *entry.value, {}, view);
        judge_host(pattern, entry, view.settings);

        const Node* tasks = entry.value->find("tasks");
        if (tasks == nullptr) return;
        const auto step = reader_.enter("tasks");
        if (!reader_.mapping(*tasks)) return;
        for (const auto& [name, own] : tasks->entries) {
            const auto below = reader_.enter(name);
            check_host_task(pattern, entry, name, own);
        }
    }

    void check_host_task(const HostPattern& pattern, const Node::Entry& entry, const std::string& name,
                         const Node::Entry& own) {
        if (const auto known = reader_.names.find("task");
            known != reader_.names.end() && !known->second.contains(name)) {
            const std::vector<std::string_view> words(known->second.begin(), known->second.end());
            reader_.error(own.mark,
                          fmt::format("there is no task {}{}", quote(name), suggestion(name, words)));
            return;
        }
        auto view = view_below(pattern, name);
        Reader silent;
        lay_over(silent, *entry.value, {}, view);
        read_mapping(reader_, *own.value, {}, Part{view.settings, task_keys()},
                     Part{view.settings.connection, connection_keys()},
                     Part{view.description, description_keys()});
        judge_host(pattern, own, view.settings);
    }

    /// What one glob lacks, another section may give.
    void judge_host(const HostPattern& pattern, const Node::Entry& entry, const TaskSettings& settings) {
        if (!pattern.is_glob) judge(reader_, entry, settings, built_.config);
    }

    const Node& root_;
    Reader reader_;
    Built built_;
    std::map<std::string, Mark> first_marks_;
    std::vector<Config::HostSection> names_;
};

} // namespace

Built build_config(const Node::Pointer& tree, std::vector<Problem>* problems, References references) {
    const Node nothing;
    return Builder(tree ? *tree : nothing, problems).build(references);
}

} // namespace meshprobe
