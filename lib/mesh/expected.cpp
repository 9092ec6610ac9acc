#include "lib/mesh/expected.hpp"

#include "lib/file.hpp"
#include "lib/percent_encoding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace meshprobe {

namespace {

using Index = ExpectedResults::Index;
using Range = ExpectedResults::Range;

constexpr std::string_view heading = "meshprobe-expected 1\n";
constexpr std::size_t largest_file = 256U << 20;

bool ends_word(char byte) {
    return static_cast<unsigned char>(byte) <= ' ' || byte == '\x7f';
}

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= 300 && std::ranges::none_of(text, ends_word);
}

/// Empty is "%", which stands for nothing else.
std::string as_word(std::string_view text) {
    if (text.empty()) return "%";
    std::string word;
    for (const char byte : text) {
        if (byte == '\0') {
            word += '?'; // no text of ours holds one
        } else if (ends_word(byte) || byte == '%') {
            word += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
        } else {
            word += byte;
        }
    }
    return word;
}

/// nullopt: as_word() did not write it.
std::optional<std::string> from_word(std::string_view word) {
    if (word == "%") return std::string();
    if (word.find('%') == std::string_view::npos) return std::string(word);
    return percent_decode(word);
}

/// Ascending already, mostly: groups are walked in the order of their members.
void add_to(std::vector<Range>& ranges, Index index) {
    if (!ranges.empty() && ranges.back().second + 1 == index) {
        ranges.back().second = index;
    } else {
        ranges.emplace_back(index, index);
    }
}

void unite(std::vector<Range>& ranges) {
    std::ranges::sort(ranges);
    std::vector<Range> united;
    for (const Range& range : ranges) {
        if (!united.empty() && range.first <= united.back().second + 1) {
            united.back().second = std::max(united.back().second, range.second);
        } else {
            united.push_back(range);
        }
    }
    ranges = std::move(united);
}

void append_ranges(std::string& text, const std::vector<Range>& ranges) {
    if (ranges.empty()) text += '-';
    for (const auto& [first, last] : ranges) {
        if (&ranges.front().first != &first) text += ',';
        const fmt::format_int from(first);
        text.append(from.data(), from.size());
        if (first == last) continue;
        const fmt::format_int until(last);
        text += '-';
        text.append(until.data(), until.size());
    }
}

/// Takes the words of a line off its front, one after the other.
class Words {
  public:
    explicit Words(std::string_view line) : rest_(line) {}

    std::string_view word() {
        const auto end = rest_.find(' ');
        const auto word = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        if (word.empty()) good_ = false;
        return word;
    }
    std::string text() {
        auto text = from_word(word());
        if (!text) good_ = false;
        return text ? std::move(*text) : std::string();
    }
    template <typename Number>
    Number number(Number most) {
        return number_in(word(), most);
    }
    template <typename Number>
    Number number_in(std::string_view text, Number most) {
        Number value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most) {
            good_ = false;
            return {};
        }
        return value;
    }
    Index index(std::string_view text, std::size_t size) {
        if (size == 0) good_ = false;
        return static_cast<Index>(number_in<std::int64_t>(text, static_cast<std::int64_t>(size) - 1));
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }
    [[nodiscard]] bool good() const { return good_; }

  private:
    std::string_view rest_;
    bool good_ = true;
};

template <typename Take>
void for_each_in_list(std::string_view list, const Take& take) {
    while (!list.empty()) {
        const auto end = list.find(',');
        take(list.substr(0, end));
        list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    }
}

bool parse_line(std::string_view line, ExpectedResults& results) {
    constexpr std::int64_t most_seconds = 366LL * 86400;
    Words words(line);
    const auto kind = words.word();
    if (kind == "a") {
        ExpectedAddress address;
        address.address = words.word();
        address.node = words.text();
        results.addresses.push_back(std::move(address));
    } else if (kind == "m") {
        auto& hosts = results.archives.emplace_back();
        for_each_in_list(words.word(), [&](std::string_view host) { hosts.emplace_back(host); });
    } else if (kind == "t") {
        ExpectedTest test;
        test.type = words.text();
        test.every = words.number<std::int64_t>(most_seconds);
        test.slack = words.number<std::int64_t>(most_seconds);
        test.ip_version = static_cast<int>(words.number<std::int64_t>(6));
        test.task = words.rest();
        results.tests.push_back(std::move(test));
    } else if (kind == "p" && !results.tests.empty()) {
        ExpectedResults::Pairs pairs;
        pairs.test = static_cast<Index>(results.tests.size() - 1);
        pairs.archives = words.index(words.word(), results.archives.size());
        pairs.source = words.index(words.word(), results.addresses.size());
        const auto ranges = words.word();
        if (ranges != "-") {
            for_each_in_list(ranges, [&](std::string_view range) {
                const auto dash = range.find('-');
                const Index first = words.index(range.substr(0, dash), results.addresses.size());
                const Index last = dash == std::string_view::npos
                                       ? first
                                       : words.index(range.substr(dash + 1), results.addresses.size());
                pairs.destinations.emplace_back(first, std::max(first, last));
            });
        }
        results.pairs.push_back(std::move(pairs));
    } else {
        return false;
    }
    return words.good();
}

} // namespace

std::optional<Index> ExpectedWriter::address(const ExpectedAddress& address) {
    if (!is_word(address.address)) return std::nullopt;
    const auto [entry, is_new] = addresses_.try_emplace(address, static_cast<Index>(addresses_.size()));
    if (is_new)
        fmt::format_to(std::back_inserter(text_), "a {} {}\n", address.address, as_word(address.node));
    return entry->second;
}

Index ExpectedWriter::archives(const std::vector<std::string>& hosts) {
    const auto [entry, is_new] = archives_.try_emplace(hosts, static_cast<Index>(archives_.size()));
    if (is_new) fmt::format_to(std::back_inserter(text_), "m {}\n", fmt::join(hosts, ","));
    return entry->second;
}

void ExpectedWriter::begin(const ExpectedTest& test) {
    end_test();
    test_ = test;
}

void ExpectedWriter::add(Index archives, Index source, std::optional<Index> destination) {
    const std::pair key{archives, source};
    if (last_ == nullptr || last_->first != key) last_ = &*pairs_.try_emplace(key).first;
    if (destination) add_to(last_->second, *destination);
}

void ExpectedWriter::end_test() {
    if (test_ && !pairs_.empty()) {
        std::string task = test_->task;
        std::ranges::replace_if(
            task, [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
        fmt::format_to(std::back_inserter(text_), "t {} {} {} {} {}\n", as_word(test_->type), test_->every,
                       test_->slack, test_->ip_version, task);
        for (auto& [key, ranges] : pairs_) {
            unite(ranges);
            fmt::format_to(std::back_inserter(text_), "p {} {} ", key.first, key.second);
            append_ranges(text_, ranges);
            text_ += '\n';
        }
    }
    pairs_.clear();
    last_ = nullptr;
    test_.reset();
}

std::string ExpectedWriter::finish() {
    end_test();
    return std::string(heading) + text_;
}

std::filesystem::path expected_file(const Paths& paths, std::string_view mesh) {
    return paths.mesh() / "expected" / mesh;
}

Result<ExpectedResults> parse_expected(std::string_view text) {
    if (!text.starts_with(heading)) {
        return fail(ErrorKind::storage,
                    "no list of expected results of this version; the next refresh writes it");
    }
    text.remove_prefix(heading.size());
    ExpectedResults results;
    for (std::size_t number = 2; !text.empty(); ++number) {
        const auto end = text.find('\n');
        if (!parse_line(text.substr(0, end), results)) {
            return fail(ErrorKind::storage, fmt::format("line {} is damaged; remove the file and run "
                                                        "meshprobe-refresh, which writes it anew",
                                                        number));
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return results;
}

Result<std::optional<ExpectedResults>> read_expected(const Paths& paths, std::string_view mesh) {
    const auto file = expected_file(paths, mesh);
    const auto text = read_file_if_exists(file, largest_file, Links::refuse);
    if (!text) return fail(text.error());
    if (!*text) return std::optional<ExpectedResults>{};
    auto results = parse_expected(**text);
    if (!results) return fail(results.error().in(file.string()));
    return std::optional(std::move(*results));
}

} // namespace meshprobe
