#include "lib/pscheduler/document_stream.hpp"

#include <utility>

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
    if (depth_ > 0) {
        give_up("the document is cut short");
    } else {
        end_arrays();
    }
}

/// Nothing closes those that are open any more.
void DocumentStream::end_arrays() {
    if (arrays_ > 0) sink_.problem("the array is cut short", array_began_at_);
    arrays_ = 0;
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

/// The brackets and commas of arrays at the top are what stands between documents.
void DocumentStream::take_between(char c) {
    if (c == '\n') {
        skips_ = in_string_ = told_line_ = false;
    } else if (c == record_separator) {
        skips_ = in_string_ = false;
        end_arrays();
    } else if (skips_ && !ends_nonsense(c)) {
        return;
    } else if (c == '{') {
        begin();
    } else if (c == '[') {
        if (arrays_++ == 0) array_began_at_ = line_;
    } else if (c == ']') {
        if (arrays_ > 0) --arrays_;
    } else if (!is_blank(c) && c != ',' && byte_order_mark.find(c) == std::string_view::npos) {
        skips_ = true;
        in_string_ = c == '"';
        escaped_ = false;
        if (!std::exchange(told_line_, true))
            sink_.problem("expected a JSON object, or an array of them", line_);
    }
}

/// Within an array the next element is as good as any; elsewhere nobody knows what the rest of a line is.
bool DocumentStream::ends_nonsense(char c) {
    if (in_string_) {
        if (!std::exchange(escaped_, !escaped_ && c == '\\') && c == '"') in_string_ = false;
        return false;
    }
    if (c == '"') in_string_ = true;
    if (arrays_ == 0 || (c != ',' && c != ']')) return false;
    skips_ = false;
    return true;
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
