#include "lib/checkpoint/subjects.hpp"

#include "lib/file.hpp"
#include "lib/json.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace meshprobe {

namespace {

std::optional<Subject> parse(std::string_view line) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_array() || (json.size() != 6 && json.size() != 8) || !json[0].is_string())
        return std::nullopt;
    Subject subject;
    const std::array members{&subject.key,
                             &subject.source,
                             &subject.destination,
                             &subject.input_source,
                             &subject.input_destination,
                             &subject.test_type,
                             &subject.identity,
                             &subject.keys};
    for (std::size_t i = 0; i < json.size(); ++i) {
        if (json[i].is_string()) *members[i] = json[i].get<std::string>();
    }
    return subject;
}

} // namespace

std::filesystem::path subjects_file(const Paths& paths, const Instance& instance) {
    return paths.checkpoints() / (instance.name() + ".subjects");
}

Result<std::vector<Subject>> read_subjects(const Paths& paths, const Instance& instance) {
    const auto text =
        read_file_if_exists(subjects_file(paths, instance), largest_subjects_file, Links::refuse);
    if (!text) return fail(text.error());
    std::vector<Subject> subjects;
    std::string_view rest = *text ? std::string_view(**text) : std::string_view();
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        if (auto subject = parse(rest.substr(0, end))) subjects.push_back(std::move(*subject));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return subjects;
}

} // namespace meshprobe
