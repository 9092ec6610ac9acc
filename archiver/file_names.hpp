// Which file a message goes to: `path:` of an archive, whose last part may hold "{event-type}" and the like.
#pragma once

#include "archiver/routing_key.hpp"
#include "lib/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace meshprobe {

class FileNames {
  public:
    /// `configuration` errors for holes that are unknown.
    [[nodiscard]] static Result<FileNames> parse(std::string_view path);

    /// Always in directory(), whatever the message says; valid until the next call.
    [[nodiscard]] const std::string& of(const SegmentHeader& segment, const Message& message);
    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
    /// The only file there is; empty: it depends on the message.
    [[nodiscard]] const std::string& only() const { return only_; }

  private:
    FileNames(std::filesystem::path directory, RoutingKey name)
        : directory_(std::move(directory)), name_(std::move(name)) {}

    std::filesystem::path directory_;
    RoutingKey name_;
    std::string only_;
    std::string path_;
};

} // namespace meshprobe
