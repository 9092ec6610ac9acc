#include "probe/limit/pscheduler/document.hpp"

#include "lib/config/suggest.hpp"
#include "lib/mesh/json_text.hpp"
#include "probe/limit/pscheduler/helpers.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

namespace meshprobe::pscheduler {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> requirements{"none", "one", "any", "all"};

/// Names of one kind, and where they stand.
class Names {
  public:
    explicit Names(std::string_view kind) : kind_(kind) {}

    void define(DataReader& data, const std::string& name, std::size_t position) {
        if (!positions_.try_emplace(name, position).second)
            data.problem("name", fmt::format("there is another {} named {}", kind_, quote(name)));
    }
    [[nodiscard]] std::optional<std::size_t> find(DataReader& data, std::string_view member,
                                                  const std::string& name) const {
        if (const auto found = positions_.find(name); found != positions_.end()) return found->second;
        std::vector<std::string_view> words;
        for (const auto& [known, position] : positions_)
            words.push_back(known);
        data.problem(member, fmt::format("there is no {} {}{}", kind_, quote(name), suggestion(name, words)));
        return std::nullopt;
    }

  private:
    std::string_view kind_;
    std::map<std::string, std::size_t, std::less<>> positions_;
};

template <class Type>
const Type* find_type(DataReader& data, std::span<const Type> types, const std::string& name) {
    const auto found = std::ranges::find(types, std::string_view(name), &Type::name);
    if (found != types.end()) return &*found;
    std::vector<std::string_view> words;
    for (const auto& type : types)
        words.push_back(type.name);
    data.problem("type", fmt::format("there is no type {}{}; known: {}", quote(name), suggestion(name, words),
                                     enumerate(words, "and")));
    return nullptr;
}

/// `over` laid over `base`: objects member by member, everything else replaces.
json merged(json base, const json& over) {
    if (!base.is_object() || !over.is_object()) return over;
    for (const auto& member : over.items())
        base[member.key()] =
            base.contains(member.key()) ? merged(base[member.key()], member.value()) : member.value();
    return base;
}

class DocumentReader {
  public:
    explicit DocumentReader(ReadDocument& read) : read_(read), document_(read.document) {}

    void read(const json& document) {
        DataReader top(document, "", read_.found);
        schema_ = read_schema(top);
        each(top, "identifiers", &DocumentReader::read_identifier);
        each(top, "classifiers", &DocumentReader::read_classifier);
        if (schema_ >= 2) top.script("rewrite", document_.rewrite, Need::optional, rewrite_prelude);
        each(top, "limits", &DocumentReader::read_limit);
        each(top, "applications", &DocumentReader::read_application);
        if (schema_ >= 3) top.script("priority", document_.priority, Need::optional, priority_prelude);
        top.finish();
    }

  private:
    static int read_schema(DataReader& top) {
        constexpr int highest = 4;
        const json* schema = top.any("schema", Need::required);
        if (schema == nullptr) return highest;
        if (schema->is_number_integer() && *schema >= 1 && *schema <= highest) return schema->get<int>();
        top.problem("schema", fmt::format("expected a number from 1 to {}", highest));
        return highest;
    }

    void each(DataReader& top, std::string_view section, void (DocumentReader::*read_item)(DataReader&)) {
        const json* items = top.array(section, Need::required);
        if (items == nullptr) return;
        for (std::size_t i = 0; i < items->size(); ++i) {
            DataReader item((*items)[i], fmt::format("{}/{}", top.path(section), i), read_.found);
            (this->*read_item)(item);
            // Nobody checks those of limits; pScheduler reads documents with more in them.
            if (section == "limits") {
                item.finish_leniently();
            } else {
                item.finish();
            }
        }
    }

    static std::string read_name(DataReader& data) {
        std::string name;
        std::string description;
        data.text("name", name, Need::required);
        data.text("description", description, Need::required);
        return name;
    }

    void read_identifier(DataReader& item) {
        NamedIdentifier identifier;
        identifier.name = read_name(item);
        identifiers_.define(item, identifier.name, document_.identifiers.size());
        item.flag("invert", identifier.invert);
        std::string name;
        const json* written = item.any("data", Need::required);
        if (item.text("type", name, Need::required) && written != nullptr) {
            if (const auto* type = find_type(item, identifier_types(), name)) {
                DataReader data(*written, item.path("data"), read_.found);
                identifier.identifier = type->make(data);
                data.finish();
            }
        }
        document_.identifiers.push_back(std::move(identifier));
    }

    void read_classifier(DataReader& item) {
        Classifier classifier;
        classifier.name = read_name(item);
        classifiers_.define(item, classifier.name, document_.classifiers.size());
        std::vector<std::string> names;
        item.texts("identifiers", names, Need::required);
        for (const auto& name : names) {
            if (const auto found = identifiers_.find(item, "identifiers", name))
                classifier.identifiers.push_back(*found);
        }
        if (schema_ >= 4) {
            if (const auto require = item.choice("require", requirements, Need::optional))
                classifier.require = static_cast<Require>(*require);
        }
        document_.classifiers.push_back(std::move(classifier));
    }

    void read_limit(DataReader& item) {
        NamedLimit limit;
        limit.name = read_name(item);
        std::string name;
        json written = json::object();
        if (const json* data = item.any("data", Need::required)) written = *data;
        std::string source;
        if (item.text("clone", source, Need::optional)) {
            if (const auto found = limits_.find(item, "clone", source)) {
                name = types_[*found];
                written = merged(data_[*found], written);
            }
            if (item.any("invert") != nullptr)
                item.remark("invert", "a clone is not inverted, whatever it says");
        } else {
            item.text("type", name, Need::required);
            item.flag("invert", limit.invert);
        }
        limits_.define(item, limit.name, document_.limits.size());
        if (!name.empty()) {
            if (const auto* type = find_type(item, task_limit_types(), name)) {
                DataReader data(written, item.path("data"), read_.found);
                limit.limit = type->make(data);
                data.finish();
            }
        }
        types_.push_back(name);
        data_.push_back(std::move(written));
        document_.limits.push_back(std::move(limit));
    }

    void read_application(DataReader& item) {
        Application application;
        item.text("description", application.description, Need::optional);
        std::string classifier;
        if (item.text("classifier", classifier, Need::optional))
            application.classifier = classifiers_.find(item, "classifier", classifier);
        item.flag("stop-on-failure", application.stop_on_failure);
        item.flag("invert", application.invert);
        if (const json* groups = item.array("apply", Need::required)) {
            for (std::size_t i = 0; i < groups->size(); ++i)
                application.groups.push_back(
                    read_group((*groups)[i], fmt::format("{}/{}", item.path("apply"), i)));
        }
        document_.applications.push_back(std::move(application));
    }

    LimitGroup read_group(const json& written, const std::string& path) {
        LimitGroup group;
        DataReader data(written, path, read_.found);
        if (const auto require = data.choice("require", requirements, Need::required))
            group.require = static_cast<Require>(*require);
        std::vector<std::string> names;
        data.texts("limits", names, Need::required);
        for (const auto& name : names) {
            if (const auto found = limits_.find(data, "limits", name)) group.limits.push_back(*found);
        }
        data.finish();
        return group;
    }

    ReadDocument& read_;
    LimitDocument& document_;
    int schema_ = 1;
    Names identifiers_{"identifier"};
    Names classifiers_{"classifier"};
    Names limits_{"limit"};
    std::vector<std::string> types_; ///< beside document_.limits, for clones
    std::vector<json> data_;
};

} // namespace

std::string_view to_string(Require require) {
    return requirements.at(static_cast<std::size_t>(require));
}

bool holds(Require require, std::size_t passes, std::size_t fails) {
    switch (require) {
    case Require::none:
        return passes == 0;
    case Require::one:
        return passes == 1;
    case Require::any:
        return passes > 0;
    case Require::all:
        break;
    }
    return fails == 0;
}

std::vector<const ListSource*> LimitDocument::lists() const {
    std::vector<const ListSource*> all;
    for (const auto& identifier : identifiers) {
        if (const auto* list = identifier.identifier->list()) all.push_back(list);
    }
    return all;
}

bool LimitDocument::depends_on_run() const {
    return std::ranges::any_of(limits, [](const NamedLimit& limit) { return limit.limit->depends_on_run(); });
}

ReadDocument read_limit_document(std::string_view text) {
    ReadDocument read;
    const auto document = parse_json_text(text);
    if (!document) {
        read.found.problems.push_back({"", document.error().message});
    } else {
        DocumentReader(read).read(*document);
    }
    return read;
}

Result<std::vector<Problem>> prove(const Findings& found, const World& world) {
    std::vector<Problem> problems;
    for (const auto& [path, script, is_regex] : found.unproved) {
        Status proved;
        if (!is_regex) {
            proved = world.compile_jq(script.program, script.arguments);
        } else if (const auto matched = script.first_result(world, ""); !matched) {
            proved = fail(matched.error());
        }
        if (!proved && is_fault(proved.error())) return fail(proved.error().in(path));
        if (!proved) problems.push_back({path, proved.error().message});
    }
    return problems;
}

Result<LimitDocument> parse_limit_document(std::string_view text) {
    auto read = read_limit_document(text);
    if (read.found.problems.empty()) return std::move(read.document);
    return fail(error_of(read.found.problems));
}

Error error_of(const std::vector<Problem>& problems) {
    const auto& [path, reason] = problems.front();
    return {ErrorKind::configuration,
            fmt::format("{}: {}{}", path.empty() ? "/" : path, reason,
                        problems.size() == 1
                            ? ""
                            : fmt::format(" (and {} more)", counted(problems.size() - 1, "problem")))};
}

} // namespace meshprobe::pscheduler
