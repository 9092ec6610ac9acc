// pSConfig templates: perfSONAR 4.1 and later.
#include "lib/mesh/expansion.hpp"
#include "lib/mesh/extraction.hpp"
#include "lib/mesh/json_text.hpp"
#include "lib/mesh/location.hpp"
#include "lib/mesh/read_url.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <optional>

namespace meshprobe {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 10> sections{
    "addresses", "address-classes", "archives", "contexts", "groups",
    "hosts",     "schedules",       "subtasks", "tasks",    "tests"};
constexpr std::size_t most_pairs = 2'000'000; ///< about a second's work, ten times the largest mesh known

bool names(const json& object, std::string_view archive) {
    const json& list = array_member(object, "archives");
    return std::ranges::find(list, archive) != list.end();
}

/// An archive that nobody names is in use as far as we know; one that only disabled tasks and hosts name is
/// not.
bool is_switched_off(const json& document, std::string_view archive) {
    bool named = false;
    for (const std::string_view section : {"tasks", "hosts"}) {
        for (const json& entry : object_member(document, section)) {
            if (!names(entry, archive)) continue;
            if (!bool_member(entry, "disabled")) return false;
            named = true;
        }
    }
    return named;
}

/// Where results of this archive can be read, as written; an error says why nowhere.
Result<std::vector<std::string>> read_urls(const json& archive) {
    for (const json* holder : {&archive, &object_member(archive, "data")}) {
        const json* url = find_member(object_member(*holder, "_meta"), "esmond_url");
        std::vector<std::string> urls;
        if (url != nullptr) append_include_strings(*url, urls);
        if (!urls.empty()) return urls;
    }
    const std::string& archiver = string_member(archive, "archiver");
    const json& data = object_member(archive, "data");
    if (archiver == "esmond") return std::vector{string_member(data, "url")};
    if (archiver == "http") {
        auto url = read_url_of_logstash(string_member(data, "_url"));
        if (!url) return fail(url.error());
        return std::vector{std::move(*url)};
    }
    if (archiver.empty()) return fail(ErrorKind::protocol, "it has no archiver");
    return fail(ErrorKind::protocol,
                fmt::format("results are only pushed to archiver {}", in_quotes(archiver)));
}

/// A URL with variables in it: {% NAME %}, at least one blank on each side of NAME.
class UrlPattern {
  public:
    static Result<UrlPattern> parse(std::string_view text) {
        UrlPattern pattern;
        while (true) {
            const auto start = text.find("{%");
            pattern.literals_.emplace_back(text.substr(0, start));
            if (start == std::string_view::npos) return pattern;
            const auto end = text.find("%}", start);
            if (end == std::string_view::npos)
                return fail(ErrorKind::protocol, "a variable is not closed by %}");
            auto variable = parse_variable(text.substr(start + 2, end - start - 2));
            if (!variable) return fail(variable.error());
            pattern.variables_.push_back(*variable);
            text.remove_prefix(end + 2);
        }
    }

    [[nodiscard]] bool has_variables() const { return !variables_.empty(); }

    /// nullopt: the tuple has fewer members than an index asks for.
    [[nodiscard]] std::optional<std::string> expand(const Tuple& tuple) const {
        std::string url = literals_.front();
        for (std::size_t i = 0; i < variables_.size(); ++i) {
            const Variable& variable = variables_[i];
            const std::size_t index = variable.index.value_or(tuple.scheduler);
            if (index >= tuple.members.size()) return std::nullopt;
            const Participant& member = tuple.members[index];
            std::string value =
                variable.property.empty() ? "" : string_member(*member.properties, variable.property);
            if (value.empty()) value = member.address;
            in6_addr ipv6{};
            const bool bare = ::inet_pton(AF_INET6, value.c_str(), &ipv6) == 1;
            url += bare && url.ends_with("://") ? fmt::format("[{}]", value) : value;
            url += literals_[i + 1];
        }
        return url;
    }

  private:
    struct Variable {
        std::optional<std::size_t> index; ///< nullopt: the scheduler
        std::string property;             ///< empty: its address
    };

    static Result<Variable> parse_variable(std::string_view text) {
        const auto first = text.find_first_not_of(' ');
        const auto last = text.find_last_not_of(' ');
        const std::string_view name =
            first == std::string_view::npos ? "" : text.substr(first, last - first + 1);
        // "localhost" is the scheduler itself, as it calls itself.
        if (name == "scheduled_by_address" || name == "localhost") return Variable{};
        for (const auto& [prefix, property] : {std::pair<std::string_view, std::string_view>{"address[", ""},
                                               {"pscheduler_address[", "pscheduler-address"},
                                               {"lead_bind_address[", "lead-bind-address"}}) {
            if (!name.starts_with(prefix) || !name.ends_with(']')) continue;
            std::size_t index = 0;
            const char* end = name.data() + name.size() - 1;
            const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, index);
            if (error == std::errc{} && stop == end) return Variable{index, std::string(property)};
        }
        return fail(ErrorKind::protocol,
                    fmt::format("the variable {} cannot be expanded here", in_quotes(name)));
    }

    std::vector<std::string> literals_; ///< one more than variables
    std::vector<Variable> variables_;
};

class TemplateReader {
  public:
    TemplateReader(const json& document, Extraction& extraction)
        : document_(document), extraction_(extraction) {}

    void read() {
        const json& archives = object_member(document_, "archives");
        for (auto entry = archives.begin(); entry != archives.end(); ++entry) {
            if (is_switched_off(document_, entry.key())) continue;
            const std::string what = "archive " + in_quotes(entry.key());
            const auto urls = read_urls(*entry);
            if (!urls) {
                extraction_.refuse(what, urls.error().message);
                continue;
            }
            for (const std::string& url : *urls)
                add(entry.key(), what, url);
        }
    }

  private:
    void add(std::string_view archive, const std::string& what, const std::string& url) {
        const auto pattern = UrlPattern::parse(url);
        if (!pattern) {
            extraction_.refuse(fmt::format("{} {}", what, in_quotes(url)), pattern.error().message);
        } else if (!pattern->has_variables()) {
            extraction_.add_url(what, url);
        } else {
            expand(archive, what, *pattern);
        }
    }

    /// A task's own archives get the results of all its tuples, those of a host what its addresses schedule.
    void expand(std::string_view archive, const std::string& what, const UrlPattern& pattern) {
        const json& hosts = object_member(document_, "hosts");
        const bool of_hosts =
            std::ranges::any_of(hosts, [&](const json& host) { return names(host, archive); });
        const json& tasks = object_member(document_, "tasks");
        std::set<std::string> seen; // a few addresses, in very many tuples
        for (auto task = tasks.begin(); task != tasks.end(); ++task) {
            const bool of_task = names(*task, archive);
            if (bool_member(*task, "disabled") || (!of_task && !of_hosts)) continue;
            const auto expanded = expand_task(document_, *task, budget_, [&](const Tuple& tuple) {
                const json& host =
                    object_member(hosts, string_member(*tuple.members[tuple.scheduler].top, "host"));
                if (!of_task && !names(host, archive)) return;
                const auto url = pattern.expand(tuple);
                if (url && seen.insert(*url).second) extraction_.add_url(what, *url);
            });
            if (!expanded) {
                extraction_.refuse(fmt::format("{} of task {}", what, in_quotes(task.key())),
                                   expanded.error().message);
            }
        }
    }

    const json& document_;
    Extraction& extraction_;
    std::size_t budget_ = most_pairs;
};

void merge_part(json& document, const json& part) {
    for (const std::string_view section : sections) {
        const json& additions = object_member(part, section);
        if (additions.empty()) continue;
        json& target = document[std::string(section)];
        if (!target.is_object()) target = json::object();
        target.insert(additions.begin(), additions.end()); // keeps what is there already
    }
}

} // namespace

void extract_template(const json& document, Extraction& extraction) {
    TemplateReader(document, extraction).read();
}

void merge_template_includes(json& document, std::string_view location, const IncludeLookup& lookup,
                             Extraction& extraction) {
    struct Pending {
        std::string base;
        std::string include;
    };
    std::deque<Pending> pending;
    const auto queue = [&](const json& holder, const std::string& base) {
        std::vector<std::string> includes;
        if (const json* member = find_member(holder, "includes")) append_include_strings(*member, includes);
        for (std::string& include : includes)
            pending.push_back({base, std::move(include)});
    };
    queue(document, std::string(location));
    std::set<std::string> seen{std::string(location)};
    IncludeBudget budget;
    // First all that the document itself includes, as upstream would merge it; what those include comes
    // behind.
    for (; !pending.empty(); pending.pop_front()) {
        const auto target = resolve_location(pending.front().base, pending.front().include);
        if (!target || !seen.insert(*target).second || !budget.spend())
            continue; // the outline reported bad ones
        const auto text = lookup ? lookup(*target) : std::nullopt;
        if (!text) continue;
        const auto part = parse_json_text(*text);
        if (!part) {
            extraction.refuse("include " + in_quotes(*target), part.error().message);
            continue;
        }
        merge_part(document, *part);
        queue(*part, *target);
    }
}

} // namespace meshprobe
