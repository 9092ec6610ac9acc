#include "lib/transform/jq_transform.hpp"

#include "lib/jq/jq.hpp"
#include "lib/json_text/json_cursor.hpp"
#include "lib/json_text/python_json.hpp"
#include "lib/transform/python_text.hpp"

#include <fmt/core.h>

#include <utility>
#include <vector>

namespace meshprobe {

namespace {

/// A JSON text of jq's with the bytes behind it that reading it may touch.
class Padded {
  public:
    explicit Padded(const std::string& text) : text_(text), size_(text.size()) { text_.append(16, ' '); }

    [[nodiscard]] std::optional<JsonValue> value() const {
        JsonCursor cursor(std::string_view(text_).substr(0, size_));
        return cursor.value();
    }

  private:
    std::string text_;
    std::size_t size_;
};

} // namespace

JqTransform::JqTransform(Transform transform, std::string helper)
    : transform_(std::move(transform)), helper_(std::move(helper)) {}
JqTransform::JqTransform(JqTransform&&) noexcept = default;
JqTransform& JqTransform::operator=(JqTransform&&) noexcept = default;
JqTransform::~JqTransform() = default;

Status JqTransform::compile() {
    if (faulty_) return fail(*faulty_);
    if (program_) return {};
    JqOptions options;
    options.arguments =
        nlohmann::json::parse(transform_.arguments.empty() ? "{}" : transform_.arguments, nullptr, false);
    options.modules = jq_modules(helper_);
    options.helper = helper_;
    options.first_only = !transform_.output_raw;
    options.time = time;
    auto compiled = JqProgram::compile(transform_.script, std::move(options));
    if (!compiled) {
        faulty_ = compiled.error().in(fmt::format("transform {}", transform_.name));
        return fail(*faulty_);
    }
    program_ = std::make_unique<JqProgram>(std::move(*compiled));
    return {};
}

Result<std::optional<std::string>> JqTransform::apply(std::string_view body) {
    if (auto compiled = compile(); !compiled) return fail(compiled.error());
    const auto results = program_->run(body);
    if (!results) {
        auto error = results.error().in(fmt::format("transform {}", transform_.name));
        if (error.kind == ErrorKind::interrupted && ++exceeded_ == most_exceeded) give_up(error);
        return fail(std::move(error));
    }
    auto outcome = outcome_of(*results);
    if (!outcome) return fail(outcome.error().in(fmt::format("transform {}", transform_.name)));
    return outcome;
}

void JqTransform::give_up(const Error& last) {
    faulty_ = Error{last.kind, fmt::format("transform {}: given up after {} messages that took more than is "
                                           "allowed",
                                           transform_.name, exceeded_)};
    program_.reset();
}

Result<std::optional<std::string>> JqTransform::outcome_of(const std::vector<std::string>& results) const {
    std::string body;
    if (transform_.output_raw) {
        std::string text;
        for (const auto& result : results) {
            const Padded padded(result);
            const auto value = padded.value();
            if (!value) return fail(ErrorKind::protocol, "a result that is nested too deeply");
            if (&result != &results.front()) text += '\n';
            append_python_text(text, *value);
        }
        append_string(body, text);
        return body;
    }
    if (results.empty()) return fail(ErrorKind::protocol, "it has no result");
    const Padded padded(results.front());
    const auto value = padded.value();
    if (!value) return fail(ErrorKind::protocol, "a result that is nested too deeply");
    if (value->is_null()) return std::nullopt;
    append_ascii(body, *value);
    return body;
}

} // namespace meshprobe
