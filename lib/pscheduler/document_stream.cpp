#include "lib/pscheduler/document_stream.hpp"

namespace meshprobe {

namespace {

constexpr char record_separator = '\x1e'; // RFC 7464

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

} // namespace

void DocumentStream::feed(std::string_view chunk) {
    for (const char c : chunk) {
        take(c);
        at_line_start_ = c == '\n';
        if (c == '\n') ++line_;
    }
}

void DocumentStream::finish() {
    if (depth_ > 0) give_up("the document is cut short");
}

void DocumentStream::take(char c) {
    if (depth_ == 0) {
        take_between(c);
    } else if (c == record_separator) {
        give_up("the document is cut short");
    } else if (in_string_) {
        take_in_string(c);
    } else {
        take_inside(c);
    }
}

/// Arrays at the top are not counted: their brackets and commas are what stands between documents.
void DocumentStream::take_between(char c) {
    if (c == '\n') skips_line_ = false;
    if (skips_line_ && !(c == record_separator)) return;
    skips_line_ = false;
    if (c == '{') {
        begin();
    } else if (!is_blank(c) && c != '[' && c != ']' && c != ',' && c != record_separator &&
               byte_order_mark.find(c) == std::string_view::npos) {
        skips_line_ = true;
        sink_.problem("expected a JSON object, or an array of them", line_);
    }
}

void DocumentStream::take_inside(char c) {
    constexpr std::string_view awaits_value = ",:[{";
    if (c == '{' && at_line_start_ && awaits_value.find(last_) == std::string_view::npos) {
        give_up("the document is cut short");
        begin();
        return;
    }
    append(c);
    if (is_blank(c)) return;
    last_ = c;
    if (c == '"') {
        in_string_ = true;
    } else if (c == '{' || c == '[') {
        ++depth_;
    } else if (c == '}' || c == ']') {
        if (--depth_ > 0) return;
        if (too_large_) return give_up("the document is larger than one may be");
        sink_.document(text_, began_at_);
        text_.clear();
    }
}

void DocumentStream::take_in_string(char c) {
    if (c == '\n') return give_up("a line ends within a string");
    append(c);
    if (escaped_) {
        escaped_ = false;
    } else if (c == '\\') {
        escaped_ = true;
    } else if (c == '"') {
        in_string_ = false;
        last_ = c;
    }
}

void DocumentStream::begin() {
    text_.assign(1, '{');
    began_at_ = line_;
    depth_ = 1;
    in_string_ = escaped_ = too_large_ = false;
    last_ = '{';
}

/// What is too large is looked at to its end, but not kept.
void DocumentStream::append(char c) {
    if (text_.size() >= largest_) too_large_ = true;
    if (!too_large_) text_ += c;
}

void DocumentStream::give_up(std::string_view problem) {
    sink_.problem(problem, began_at_);
    text_.clear();
    depth_ = 0;
    in_string_ = escaped_ = false;
}

} // namespace meshprobe
