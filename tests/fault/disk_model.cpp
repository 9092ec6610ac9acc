#include "tests/fault/disk_model.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace meshprobe::test {

namespace {

constexpr std::size_t root_id = 0;

void apply(std::string& content, std::uint64_t offset, std::string_view bytes) {
    if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
    content.replace(offset, bytes.size(), bytes);
}

} // namespace

DiskModel::DiskModel(std::filesystem::path root, std::mt19937& random, Forgets forgets)
    : root_(std::move(root)), random_(&random), forgets_(forgets), nodes_(1) {
    nodes_[root_id].is_directory = true;
}

bool DiskModel::chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(*random_) < probability;
}

void DiskModel::step() {
    if (calls_left_ > 0 && --calls_left_ == 0) throw Killed{};
}

DiskModel::Id DiskModel::find(const std::filesystem::path& path) const {
    Id id = root_id;
    for (const auto& part : path.lexically_relative(root_)) {
        if (part == ".") continue;
        const auto found = nodes_[id].names.find(part.string());
        if (found == nodes_[id].names.end()) throw std::logic_error("the model knows no " + path.string());
        id = found->second;
    }
    return id;
}

void DiskModel::rename_in(Id directory, const Renaming& renaming) {
    Node& node = nodes_[directory];
    node.renamings.push_back(renaming);
    for (const auto& [name, id] : renaming) {
        if (id) {
            node.names[name] = *id;
        } else {
            node.names.erase(name);
        }
    }
}

void DiskModel::prepare(const std::filesystem::path& directory) {
    std::filesystem::create_directories(directory);
    Id id = root_id;
    for (const auto& part : directory.lexically_relative(root_)) {
        if (!nodes_[id].names.contains(part.string())) {
            const Id next = nodes_.size();
            nodes_.emplace_back().is_directory = true;
            nodes_[id].names[part.string()] = next;
            nodes_[id].durable_names[part.string()] = next;
        }
        id = nodes_[id].names[part.string()];
    }
}

Result<FileDescriptor> DiskModel::create(const std::filesystem::path& path, mode_t mode) {
    step();
    auto file = FileSystem::create(path, mode);
    if (!file) return file;
    const Id directory = find(path.parent_path());
    const std::string name = path.filename().string();
    Id id = nodes_.size();
    if (const auto found = nodes_[directory].names.find(name); found != nodes_[directory].names.end()) {
        id = found->second;
        nodes_[id].changes.push_back({0, std::nullopt});
    } else {
        nodes_.emplace_back();
        rename_in(directory, {{name, id}});
    }
    open_[file->get()] = id;
    step();
    return file;
}

Result<FileDescriptor> DiskModel::open(const std::filesystem::path& path) {
    step();
    auto file = FileSystem::open(path);
    if (file) open_[file->get()] = find(path);
    return file;
}

Status DiskModel::write(const FileDescriptor& file, std::uint64_t offset, std::string_view content) {
    step();
    // The process may die with half of it written.
    const bool dies = calls_left_ == 1;
    const std::string_view part = dies ? content.substr(0, (*random_)() % (content.size() + 1)) : content;
    auto written = FileSystem::write(file, offset, part);
    if (written) nodes_[open_.at(file.get())].changes.push_back({offset, std::string(part)});
    step();
    return written;
}

Status DiskModel::truncate(const FileDescriptor& file, std::uint64_t size) {
    step();
    auto cut = FileSystem::truncate(file, size);
    if (cut) nodes_[open_.at(file.get())].changes.push_back({size, std::nullopt});
    step();
    return cut;
}

Status DiskModel::sync(const FileDescriptor& file) {
    step();
    Node& node = nodes_[open_.at(file.get())];
    if (forgets_ != Forgets::syncing_segments) {
        for (const Change& change : node.changes) {
            if (change.bytes) {
                apply(node.durable, change.offset, *change.bytes);
            } else {
                node.durable.resize(change.offset, '\0');
            }
        }
        node.changes.clear();
    }
    step();
    return {};
}

Status DiskModel::sync_data(const FileDescriptor& file) {
    return forgets_ == Forgets::syncing_the_log ? Status{} : sync(file);
}

Status DiskModel::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
    step();
    const Id id = find(from);
    const Id source = find(from.parent_path());
    const Id target = find(to.parent_path());
    auto renamed = FileSystem::rename(from, to);
    if (renamed && source == target) {
        rename_in(source, {{from.filename().string(), {}}, {to.filename().string(), id}});
    } else if (renamed) {
        rename_in(source, {{from.filename().string(), {}}}); // each may come to last without the other
        rename_in(target, {{to.filename().string(), id}});
    }
    step();
    return renamed;
}

Status DiskModel::remove(const std::filesystem::path& path) {
    step();
    const bool is_there = std::filesystem::exists(path);
    auto removed = FileSystem::remove(path);
    if (removed && is_there) rename_in(find(path.parent_path()), {{path.filename().string(), {}}});
    step();
    return removed;
}

Status DiskModel::sync_directory(const std::filesystem::path& directory) {
    step();
    const std::string name = directory.filename().string();
    const Forgets kind = name == "q"            ? Forgets::syncing_spools
                         : name == "checkpoint" ? Forgets::syncing_checkpoints
                                                : Forgets::syncing_new_spools;
    const bool forgotten = kind == forgets_;
    if (!forgotten) {
        Node& node = nodes_[find(directory)];
        node.durable_names = node.names;
        node.renamings.clear();
    }
    step();
    return {};
}

Result<bool> DiskModel::make_directory(const std::filesystem::path& directory, mode_t mode) {
    step();
    auto made = FileSystem::make_directory(directory, mode);
    if (made && *made) {
        const Id id = nodes_.size();
        nodes_.emplace_back().is_directory = true;
        rename_in(find(directory.parent_path()), {{directory.filename().string(), id}});
    }
    step();
    return made;
}

void DiskModel::forget(Node& file) {
    bool ended = false;
    const auto is_kept = [&] {
        const bool kept = !ended && chance(kept_);
        ended = ended || (in_order_ && !kept);
        return kept;
    };
    for (const Change& change : file.changes) {
        if (!change.bytes) {
            if (is_kept()) file.durable.resize(change.offset, '\0');
            continue;
        }
        // Sectors are larger; smaller blocks tear more.
        const std::size_t block = std::max<std::size_t>(16, change.bytes->size() / 64);
        for (std::size_t at = 0; at < change.bytes->size(); at += block) {
            if (is_kept())
                apply(file.durable, change.offset + at, std::string_view(*change.bytes).substr(at, block));
        }
    }
    file.changes.clear();
}

void DiskModel::forget_names(Node& directory) {
    for (const Renaming& renaming : directory.renamings) {
        if (!chance(kept_)) {
            if (in_order_) break;
            continue;
        }
        for (const auto& [name, id] : renaming) {
            if (id) {
                directory.durable_names[name] = *id;
            } else {
                directory.durable_names.erase(name);
            }
        }
    }
    directory.renamings.clear();
    directory.names = directory.durable_names;
}

void DiskModel::write_out(const std::filesystem::path& directory, Id id) {
    std::filesystem::create_directories(directory);
    for (const auto& [name, child] : nodes_[id].names) {
        if (nodes_[child].is_directory) {
            write_out(directory / name, child);
        } else {
            std::ofstream(directory / name, std::ios::binary) << nodes_[child].durable;
        }
    }
}

void DiskModel::cut_power() {
    calls_left_ = 0;
    open_.clear();
    kept_ = std::vector{0.0, 0.2, 0.5, 0.8, 1.0}[(*random_)() % 5];
    in_order_ = chance(0.5);
    for (Node& node : nodes_) {
        if (node.is_directory) {
            forget_names(node);
        } else {
            forget(node);
        }
    }
    std::filesystem::remove_all(root_);
    write_out(root_, root_id);
}

} // namespace meshprobe::test
