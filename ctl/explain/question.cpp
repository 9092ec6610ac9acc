#include "ctl/explain/question.hpp"

#include "ctl/coverage/knowledge.hpp"
#include "lib/moment.hpp"

#include <fmt/core.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace meshprobe::explain {

namespace {

constexpr std::array<std::string_view, 4> test_types{"throughput", "trace", "rtt", "latencybg"};

bool is_same_name(std::string_view left, std::string_view right) {
    return left.size() == right.size() && ::strncasecmp(left.data(), right.data(), left.size()) == 0;
}

/// Only these tell their test; others come of several.
std::vector<std::string_view> tests_that_yield(std::string_view event_type) {
    std::vector<std::string_view> tests;
    for (const std::string_view type : test_types) {
        const auto types = coverage::result_types(type);
        if (std::ranges::find(types, event_type) != types.end()) tests.push_back(type);
    }
    return tests;
}

auto identity(const Wanted& wanted) {
    return std::tie(wanted.source, wanted.destination, wanted.test.type, wanted.test.ip_version,
                    wanted.archive);
}

} // namespace

Result<Question> read_question(std::span<const std::string> arguments, Timestamp now) {
    if (arguments.size() < 2 || arguments.size() > 4)
        return fail(ErrorKind::usage, "say which result: SRC DST [EVENT] [TIME]");
    Question question{arguments[0], arguments[1] == "-" ? "" : arguments[1], {}, {}};
    const auto read_time = [&](const std::string& text) -> Status {
        const auto time = parse_moment(text, now, RangeEdge::begin);
        if (!time) return fail(time.error());
        if (*time > now) return fail(ErrorKind::usage, fmt::format("{} lies in the future", text));
        question.at = *time;
        return {};
    };
    if (arguments.size() == 4) {
        question.what = arguments[2];
        if (auto read = read_time(arguments[3]); !read) return fail(read.error());
    }
    if (arguments.size() == 3) {
        const std::string& last = arguments[2];
        const bool begins_as_time =
            !last.empty() && std::string_view("0123456789@+-").find(last.front()) != std::string_view::npos;
        if (begins_as_time || parse_moment(last, now, RangeEdge::begin)) {
            if (auto read = read_time(last); !read) return fail(read.error());
        } else {
            question.what = last;
        }
    }
    return question;
}

Match::Match(const Question& question, const std::string& mesh, const ExpectedResults& expected)
    : question_(question), mesh_(mesh), expected_(expected) {}

bool Match::is_end(ExpectedResults::Index index, std::string_view name) const {
    const ExpectedAddress& address = expected_.addresses[index];
    return is_same_name(address.address, name) || is_same_name(address.node, name);
}

std::vector<Wanted> Match::find() const {
    return find(question_.source, question_.destination);
}

std::vector<Wanted> Match::find_reverse() const {
    return find(question_.destination, question_.source);
}

std::vector<Wanted> Match::find(std::string_view source, std::string_view destination) const {
    std::vector<Wanted> found;
    for (const auto& pairs : expected_.pairs) {
        const ExpectedTest& test = expected_.tests[pairs.test];
        if (!may_yield(test.type, question_.what) || !is_end(pairs.source, source)) continue;
        const auto add = [&](const std::string& to) {
            for (const std::string& archive : expected_.archives[pairs.archives])
                found.push_back({{mesh_}, test, expected_.addresses[pairs.source].address, to, archive});
        };
        if (pairs.destinations.empty() && destination.empty()) add("");
        for (const auto& [first, last] : pairs.destinations) {
            for (auto index = first; index <= last; ++index) {
                if (is_end(index, destination)) add(expected_.addresses[index].address);
            }
        }
    }
    return found;
}

void merge(std::vector<Wanted>& all, std::vector<Wanted> more) {
    for (Wanted& wanted : more) {
        const auto same = std::ranges::find_if(
            all, [&](const Wanted& other) { return identity(other) == identity(wanted); });
        if (same == all.end()) {
            all.push_back(std::move(wanted));
            continue;
        }
        for (const std::string& mesh : wanted.meshes) {
            if (std::ranges::find(same->meshes, mesh) == same->meshes.end()) same->meshes.push_back(mesh);
        }
        // The most frequent one stands for them, as in coverage.
        if (wanted.test.every < same->test.every) same->test = wanted.test;
    }
}

bool may_yield(std::string_view test_type, std::string_view what) {
    if (what.empty() || what == test_type) return true;
    if (std::ranges::find(test_types, what) != test_types.end() && what != "throughput") return false;
    if (what == "latency") return test_type == "latencybg";
    if (what == "packet-count-sent" && test_type == "rtt") return true; // of which it is not the sign
    const auto tests = tests_that_yield(what);
    if (tests.empty()) return true;
    return std::ranges::find(tests, test_type == "latency" ? "latencybg" : test_type) != tests.end();
}

std::string event_of(const Question& question, std::string_view test_type) {
    const bool is_test = question.what == test_type || question.what == "latency" ||
                         std::ranges::find(test_types, question.what) != test_types.end();
    return is_test ? "" : question.what;
}

} // namespace meshprobe::explain
