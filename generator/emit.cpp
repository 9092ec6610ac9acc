#include "generator/emit.hpp"

#include "generator/header.hpp"
#include "lib/file.hpp"
#include "lib/json.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace meshprobe {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view wants = "meshprobe.target.wants";
constexpr std::string_view drop_in = "00-meshprobe.conf";

bool is_ours(const fs::path& path) {
    return path.filename().string().starts_with("meshprobe");
}

/// One pass over the directory: under systemd it holds nothing of ours.
void remove_earlier(const fs::path& directory) {
    std::error_code error;
    std::vector<fs::path> found;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        if (is_ours(*entry)) found.push_back(entry->path());
    }
    for (const auto& path : found) {
        if (path.filename() == wants) {
            std::vector<fs::path> links;
            for (fs::directory_iterator entry(path, error), end; !error && entry != end;
                 entry.increment(error)) {
                if (is_ours(*entry) && entry->is_symlink(error)) links.push_back(entry->path());
            }
            for (const auto& link : links)
                fs::remove(link, error);
        } else if (path.extension() == ".d") {
            fs::remove(path / drop_in, error);
        } else if (const auto content = read_file(path, 1U << 16, Links::refuse);
                   content && content->starts_with(header)) {
            fs::remove(path, error);
        }
        if (fs::is_directory(path, error) && fs::is_empty(path, error)) fs::remove(path, error);
    }
}

/// Creates relative to the descriptor of one directory: 10 000 links are 10 000 short path look-ups.
class Emitter {
  public:
    explicit Emitter(fs::path root) : root_(std::move(root)) {}

    Status put(const PlannedFile& file) {
        const auto slash = file.path.rfind('/');
        const auto directory =
            slash == std::string::npos ? std::string_view() : std::string_view(file.path).substr(0, slash);
        const std::string name = file.path.substr(slash == std::string::npos ? 0 : slash + 1);
        if (!current_.is_open() || directory != directory_) {
            if (auto entered = enter(directory); !entered) return entered;
        }
        return file.target.empty() ? write(name, file.content) : link(name, file.target);
    }

  private:
    Status enter(std::string_view directory) {
        const auto path = root_ / directory;
        if (auto made = make_directories(path); !made) return made;
        current_ = FileDescriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
        if (!current_.is_open()) return fail_errno("open " + path.string());
        directory_ = directory;
        return {};
    }

    Status link(const std::string& name, const std::string& target) {
        if (::symlinkat(target.c_str(), current_.get(), name.c_str()) < 0) return failed("link", name);
        return {};
    }

    /// Exclusively: two plans for one file would be a mistake to be told about.
    Status write(const std::string& name, const std::string& content) {
        const FileDescriptor fd(::openat(current_.get(), name.c_str(),
                                         O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
        if (!fd.is_open()) return failed("create", name);
        if (auto written = write_all(fd.get(), content); !written) {
            return fail(written.error().in((root_ / directory_ / name).string()));
        }
        return {};
    }

    Status failed(std::string_view what, const std::string& name) {
        return fail_errno(fmt::format("{} {}", what, (root_ / directory_ / name).string()));
    }

    fs::path root_;
    std::string directory_;
    FileDescriptor current_;
};

} // namespace

Status emit(const Plan& plan, const fs::path& directory) {
    remove_earlier(directory);
    Emitter emitter(directory);
    Status first;
    for (const auto& file : plan.files) {
        if (auto status = emitter.put(file); !status && first) first = std::move(status);
    }
    return first;
}

std::string plan_text(const Plan& plan) {
    std::string text;
    for (const auto& file : plan.files) {
        if (file.target.empty()) {
            text += fmt::format("{}:\n{}\n", file.path, file.content);
        } else {
            text += fmt::format("{} -> {}\n", file.path, file.target);
        }
    }
    return text;
}

std::string plan_json(const Plan& plan) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& file : plan.files) {
        if (file.target.empty()) {
            list.push_back({{"path", file.path}, {"content", file.content}});
        } else {
            list.push_back({{"path", file.path}, {"target", file.target}});
        }
    }
    return list.dump(2) + "\n";
}

} // namespace meshprobe
