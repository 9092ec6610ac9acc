#include "probe/limit/pscheduler/data_reader.hpp"

#include "lib/config/suggest.hpp"
#include "lib/host_name.hpp"
#include "lib/mesh/json_text.hpp"

#include <fmt/core.h>

#include <array>

namespace meshprobe::pscheduler {

namespace {

using nlohmann::json;

constexpr std::size_t most_problems = 100; // strangers may have written it

void add(std::vector<Problem>& problems, std::string path, std::string reason) {
    if (problems.size() < most_problems) problems.push_back({std::move(path), std::move(reason)});
}

void add(Findings& findings, std::string path, std::string reason) {
    add(findings.problems, std::move(path), std::move(reason));
}

/// As of a JSON pointer.
std::string escaped(std::string_view name) {
    std::string text;
    for (const char c : name) {
        if (c == '~') {
            text += "~0";
        } else if (c == '/') {
            text += "~1";
        } else {
            text += c;
        }
    }
    return text;
}

} // namespace

DataReader::DataReader(const json& object, std::string path, Findings& findings)
    : object_(object), path_(std::move(path)), findings_(findings) {
    if (!object.is_object()) problem({}, fmt::format("expected an object, got {}", describe_json(object)));
}

std::string DataReader::path(std::string_view name) const {
    return name.empty() ? path_ : path_ + "/" + escaped(name);
}

void DataReader::problem(std::string_view name, std::string reason) {
    add(findings_, path(name), std::move(reason));
}

void DataReader::remark(std::string_view name, std::string reason) {
    add(findings_.remarks, path(name), std::move(reason));
}

const json* DataReader::any(std::string_view name, Need need) {
    known_.emplace(name);
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(name);
    if (found != object_.end()) return &*found;
    if (need == Need::required) problem({}, fmt::format("lacks the member \"{}\"", name));
    return nullptr;
}

const json* DataReader::array(std::string_view name, Need need) {
    const json* value = any(name, need);
    if (value == nullptr || value->is_array()) return value;
    problem(name, fmt::format("expected an array, got {}", describe_json(*value)));
    return nullptr;
}

bool DataReader::text(std::string_view name, std::string& value, Need need) {
    const json* found = any(name, need);
    if (found == nullptr) return false;
    if (!found->is_string()) {
        problem(name, fmt::format("expected a string, got {}", describe_json(*found)));
        return false;
    }
    value = found->get<std::string>();
    return true;
}

bool DataReader::url(std::string_view name, std::string& value, Need need) {
    if (!text(name, value, need)) return false;
    const auto parsed = parse_url(value);
    if (!parsed) problem(name, parsed.error().message);
    return parsed.has_value();
}

bool DataReader::flag(std::string_view name, bool& value, Need need) {
    const json* found = any(name, need);
    if (found == nullptr) return false;
    if (!found->is_boolean()) {
        problem(name, fmt::format("expected true or false, got {}", describe_json(*found)));
        return false;
    }
    value = found->get<bool>();
    return true;
}

bool DataReader::duration(std::string_view name, Microseconds& value, Need need) {
    std::string written;
    if (!text(name, written, need)) return false;
    const auto duration = written.starts_with('P') ? parse_duration(written)
                                                   : Result<Microseconds>(fail(ErrorKind::configuration, {}));
    if (!duration) {
        problem(name, fmt::format("expected a duration such as \"PT5M\", got {}", quote(written)));
        return false;
    }
    value = *duration;
    return true;
}

bool DataReader::texts(std::string_view name, std::vector<std::string>& value, Need need) {
    const json* found = array(name, need);
    if (found == nullptr) return false;
    std::vector<std::string> all;
    for (std::size_t i = 0; i < found->size(); ++i) {
        if ((*found)[i].is_string()) {
            all.push_back((*found)[i].get<std::string>());
        } else {
            add(findings_, fmt::format("{}/{}", path(name), i), "expected a string");
        }
    }
    value = std::move(all);
    return value.size() == found->size();
}

bool DataReader::cardinals(std::string_view name, std::vector<std::uint64_t>& value, Need need) {
    const json* found = array(name, need);
    if (found == nullptr) return false;
    for (std::size_t i = 0; i < found->size(); ++i) {
        if ((*found)[i].is_number_unsigned() && (*found)[i] != 0) {
            value.push_back((*found)[i].get<std::uint64_t>());
        } else {
            add(findings_, fmt::format("{}/{}", path(name), i), "expected a number from 1 on");
        }
    }
    return value.size() == found->size();
}

bool DataReader::networks(std::string_view name, std::vector<IpNetwork>& value, Need need) {
    std::vector<std::string> written;
    if (!texts(name, written, need)) return false;
    for (std::size_t i = 0; i < written.size(); ++i) {
        const auto network = parse_ip_network(written[i]);
        if (!network) {
            add(findings_, fmt::format("{}/{}", path(name), i),
                fmt::format("expected a network such as 192.0.2.0/24, got {}", quote(written[i])));
        } else if (network->has_host_bits()) {
            add(findings_, fmt::format("{}/{}", path(name), i),
                fmt::format("{} has bits behind its prefix", quote(written[i])));
        } else {
            value.push_back(*network);
        }
    }
    return value.size() == written.size();
}

bool DataReader::match(std::string_view name, std::optional<StringMatch>& value, Need need) {
    const json* found = any(name, need);
    if (found == nullptr) return false;
    const auto before = findings_.problems.size();
    DataReader inner(*found, path(name), findings_);
    constexpr std::array<std::string_view, 3> styles{"exact", "contains", "regex"};
    StringMatch match;
    if (const auto style = inner.choice("style", styles, Need::required))
        match.style = static_cast<StringMatch::Style>(*style);
    inner.text("match", match.match, Need::required);
    inner.flag("case-insensitive", match.case_insensitive);
    inner.flag("invert", match.invert);
    inner.finish();
    if (findings_.problems.size() != before) return false;
    if (match.style == StringMatch::Style::regex) {
        const Script asked{.program = std::string(match.regex_program()), .arguments = {{"re", match.match}}};
        findings_.unproved.push_back({path(name) + "/match", asked, true});
    }
    value = std::move(match);
    return true;
}

bool DataReader::script(std::string_view name, std::optional<Script>& value, Need need,
                        std::string_view prelude) {
    const json* found = any(name, need);
    if (found == nullptr) return false;
    value = read_script(*found, path(name), findings_, prelude);
    return value.has_value();
}

std::optional<Script> DataReader::whole_script(std::string_view prelude) {
    for (const auto name : {"script", "args", "output-raw"})
        known_.emplace(name);
    if (!object_.is_object()) return std::nullopt; // told already
    json specification = json::object();           // unknown members are for finish()
    for (const auto& name : known_) {
        if (const auto member = object_.find(name); member != object_.end()) specification[name] = *member;
    }
    return read_script(specification, path_, findings_, prelude);
}

std::optional<std::size_t> DataReader::choice(std::string_view name, std::span<const std::string_view> words,
                                              Need need) {
    std::string word;
    if (!text(name, word, need)) return std::nullopt;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == word) return i;
    }
    problem(name, fmt::format("expected {}, got {}{}", enumerate(words, "or"), quote(word),
                              suggestion(word, words)));
    return std::nullopt;
}

void DataReader::finish() {
    tell_unknown(findings_.problems);
}

void DataReader::finish_leniently() {
    tell_unknown(findings_.remarks);
}

void DataReader::tell_unknown(std::vector<Problem>& where) {
    if (!object_.is_object()) return;
    for (const auto& member : object_.items()) {
        if (known_.contains(member.key())) continue;
        const std::vector<std::string_view> words(known_.begin(), known_.end());
        add(where, path_,
            fmt::format("has an unknown member {}{}", quote(member.key()), suggestion(member.key(), words)));
    }
}

std::optional<Script> read_script(const json& object, const std::string& path, Findings& findings,
                                  std::string_view prelude) {
    const auto before = findings.problems.size();
    DataReader reader(object, path, findings);
    Script script;
    std::string text;
    if (const json* written = reader.any("script", Need::required)) {
        if (written->is_array()) {
            std::vector<std::string> lines;
            reader.texts("script", lines, Need::required);
            for (const auto& line : lines)
                text += text.empty() ? line : "\n" + line;
        } else {
            reader.text("script", text, Need::required);
        }
    }
    reader.flag("output-raw", script.output_raw);
    if (const json* arguments = reader.any("args")) {
        if (arguments->is_object()) {
            script.arguments = *arguments;
        } else if (!arguments->is_null()) {
            reader.problem("args", "expected an object of names and values");
        }
    }
    reader.finish();
    auto program = compose_program(prelude, text);
    if (!program) {
        reader.problem("script", program.error().message);
    } else {
        script.program = std::move(*program);
    }
    if (findings.problems.size() != before) return std::nullopt;
    findings.unproved.push_back({path + "/script", script});
    return script;
}

} // namespace meshprobe::pscheduler
