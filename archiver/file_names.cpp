#include "archiver/file_names.hpp"

#include <algorithm>

namespace meshprobe {

Result<FileNames> FileNames::parse(std::string_view path) {
    const std::filesystem::path whole(path);
    auto name = RoutingKey::parse(whole.filename().string());
    if (!name) return fail(name.error());
    FileNames names(whole.parent_path(), std::move(*name));
    if (path.find('{') == std::string_view::npos) names.only_ = path;
    return names;
}

const std::string& FileNames::of(const SegmentHeader& segment, const Message& message) {
    if (!only_.empty()) return only_;
    std::string name = name_.of(segment, message);
    // What comes from strangers neither leaves the directory nor hides in it.
    std::ranges::replace_if(
        name, [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20; }, '_');
    if (name.empty() || name.front() == '.') name.insert(0, 1, '_');
    path_ = (directory_ / name).string();
    return path_;
}

} // namespace meshprobe
