#include "ctl/mesh/source.hpp"

#include "ctl/output.hpp"
#include "ctl/refresh/alias.hpp"
#include "ctl/refresh/crawl.hpp"
#include "lib/file.hpp"
#include "lib/host_name.hpp"
#include "lib/jq/jq.hpp"
#include "lib/mesh/location.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>

namespace meshprobe {

namespace {

bool has_scheme(const std::string& source) {
    return source.find("://") != std::string::npos;
}

class Reading {
  public:
    explicit Reading(MeshSource& source) : source_(source) {}

    Status read(const std::string& location) {
        const auto document = source_.texts.find(location);
        if (document == source_.texts.end() || !seen_.insert(location).second) return {}; // failed, or a loop
        source_.documents.push_back(location);
        auto read = read_mesh_template(document->second.text, location, source_.lookup());
        if (!read) return fail(read.error().in(location));
        if (location == source_.location) source_.form = read->form;
        source_.refusals.insert(source_.refusals.end(), read->refusals.begin(), read->refusals.end());
        if (read->form != MeshForm::include_list) {
            source_.parts.push_back({location, std::move(*read)});
            return {};
        }
        for (const std::string& include : read->includes) {
            if (auto done = this->read(include); !done)
                source_.failures.push_back({include, done.error().message, false});
        }
        return {};
    }

  private:
    MeshSource& source_;
    std::set<std::string> seen_;
};

} // namespace

IncludeLookup MeshSource::lookup() const {
    return [this](std::string_view include) -> std::optional<std::string_view> {
        const auto found = texts.find(include);
        if (found == texts.end()) return std::nullopt;
        return found->second.text;
    };
}

Result<MeshSource> load_mesh_source(const Paths& paths, const std::string& source, const std::string& proxy) {
    Mesh mesh;
    mesh.connection.proxy = proxy;
    mesh.name = "given";
    if (has_scheme(source)) {
        mesh.url = source;
    } else {
        std::error_code error;
        mesh.file = std::filesystem::absolute(source, error).string();
    }
    Crawl crawl = crawl_mesh(paths, mesh, {}, CrawlBounds{}, {});
    if (crawl.failure) return fail(*crawl.failure);
    MeshSource loaded;
    loaded.location = crawl.root;
    loaded.texts = std::move(crawl.documents);
    loaded.failures = crawl.failures;
    loaded.refusals = crawl.refusals;
    if (auto read = Reading(loaded).read(crawl.root); !read) return fail(read.error());
    std::ranges::sort(loaded.failures);
    std::ranges::sort(loaded.refusals);
    loaded.refusals.erase(std::unique(loaded.refusals.begin(), loaded.refusals.end()), loaded.refusals.end());
    return loaded;
}

Result<nlohmann::json> read_requesting_agent(const CommandLine& line) {
    constexpr std::size_t largest = 20U << 20;
    const auto file = line.value("requesting-agent");
    if (!file) return nlohmann::json();
    const auto text = read_file(*file, largest);
    if (!text) return fail(text.error());
    nlohmann::json agent = nlohmann::json::parse(*text, nullptr, false);
    if (!agent.is_object())
        return fail(ErrorKind::usage, fmt::format("{}: not a JSON object of names and addresses", *file));
    return agent;
}

ExitCode complain_about_mesh(const Error& error) {
    return error.kind == ErrorKind::usage ? complain_about_usage("mesh", error.message) : complain(error);
}

MeshOracle make_mesh_oracle(const nlohmann::json& requesting_agent, const DocumentRules& rules) {
    using Clock = std::chrono::steady_clock;
    MeshOracle oracle;
    oracle.rules = rules;
    if (requesting_agent.is_object()) oracle.requesting_agent = &requesting_agent;
    const auto deadline = Clock::now() + std::chrono::seconds(30);
    oracle.resolve = [deadline](const std::string& name) -> std::optional<std::vector<std::string>> {
        if (!parse_host_name(name)) return std::vector<std::string>{};
        if (Clock::now() >= deadline) return std::nullopt;
        const auto resolved = resolve_hosts({name}, 1, std::chrono::seconds(2), {});
        const auto found = resolved.find(name);
        if (found == resolved.end()) return std::vector<std::string>{};
        return std::vector<std::string>(found->second.begin(), found->second.end());
    };
    auto programs = std::make_shared<JqPrograms>(JqOptions{});
    oracle.jq = [programs](const std::string& program, const nlohmann::json& input) {
        return programs->first_result(program, input);
    };
    return oracle;
}

} // namespace meshprobe
