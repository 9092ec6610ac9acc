// Numbers as Python writes them, and values as esmond gives them back.
#include "lib/json_text/json_object.hpp"
#include "lib/json_text/python_json.hpp"
#include "lib/pscheduler/event_values.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace meshprobe;

namespace {

class Document {
  public:
    explicit Document(std::string text) : text_(std::move(text)) {
        const auto size = text_.size();
        text_.append(16, ' ');
        JsonCursor cursor(std::string_view(text_).substr(0, size));
        const auto value = cursor.value();
        REQUIRE(value);
        value_ = *value;
    }
    [[nodiscard]] const JsonValue& value() const { return value_; }

  private:
    std::string text_;
    JsonValue value_;
};

std::string as_float(double number) {
    std::string text;
    append_float(text, number);
    return text;
}

std::string written(const std::string& text, MemberOrder order = MemberOrder::kept) {
    std::string json;
    append_json(json, Document(text).value(), order);
    return json;
}

using Add = void (EventValues::*)(std::string_view, const JsonValue&);
std::string added(Add add, const std::string& text) {
    EventValues values;
    (values.*add)("e", Document(text).value());
    if (!values.problems().empty())
        return "!" + values.problems().front().event_type + ": " + values.problems().front().text;
    return values.values().empty() ? "" : values.values().front().json;
}

std::string rate(const std::string& lost, const std::string& sent) {
    EventValues values;
    values.add_rate("e", Document(lost).value(), Document(sent).value());
    if (!values.problems().empty()) return "!";
    return values.values().empty() ? "" : values.values().front().json;
}

} // namespace

TEST_CASE("floats are written as Python does") {
    CHECK(as_float(0) == "0.0");
    CHECK(as_float(9.4e8) == "940000000.0");
    CHECK(as_float(0.1) == "0.1");
    CHECK(as_float(-12.5) == "-12.5");
    CHECK(as_float(1.0 / 3) == "0.3333333333333333");
    CHECK(as_float(9999999999999998.0) == "9999999999999998.0");
    CHECK(as_float(1e16) == "1e+16");
    CHECK(as_float(1.5e300) == "1.5e+300");
    CHECK(as_float(1e-4) == "0.0001");
    CHECK(as_float(1e-5) == "1e-05");
}

TEST_CASE("JSON is written as Python's json module does, comments left out") {
    CHECK(written("{ \"a\" : [ 1 , 2.50 , 1E3 , true , null ] , \"#\" : 1 , \"#\" : 2 , \"\\u00e4\" : "
                  "\"ü\\/\" }") == R"({"a":[1,2.5,1000.0,true,null],"\u00e4":"\u00fc/"})");
    CHECK(written("{\"a\":1,\"b\":2,\"a\":3}") == R"({"a":3,"b":2})");
    CHECK(written("123456789012345678901234567890") == "123456789012345678901234567890");
    CHECK(written("{\"b\":{\"d\":1,\"c\":2},\"_secret\":1,\"a\":0}", MemberOrder::sorted) ==
          R"({"a":0,"b":{"c":2,"d":1}})");
    CHECK(written("\"\\ud83d\\ude00\\u0001\"") == R"("\ud83d\ude00\u0001")");
    std::string many = "{";
    for (int i = 0; i < 40; ++i)
        many += "\"k" + std::to_string(i % 20) + "\":" + std::to_string(i) + ",";
    many.back() = '}';
    CHECK(JsonObject(Document(many).value()).members().size() == 20);
    CHECK(JsonObject(Document(many).value())["k3"].text == "23");
}

TEST_CASE("what is true in Python is true here") {
    for (const auto* text : {"true", "1", "0.5", "-1e3", "\"x\"", "\"false\"", "[0]", "{\"a\":0}"})
        CHECK(is_truthy(Document(text).value()));
    for (const auto* text : {"false", "0", "0.0", "-0e7", "\"\"", "[]", "{}", "null", "{\"#\":1}"})
        CHECK_FALSE(is_truthy(Document(text).value()));
    CHECK_FALSE(is_truthy(JsonValue{}));
}

TEST_CASE("integers come back as floats, floats with four decimals") {
    CHECK(added(&EventValues::add_integer, "600") == "600.0");
    CHECK(added(&EventValues::add_integer, "937000000.7") == "937000000.0");
    CHECK(added(&EventValues::add_integer, "\"12\"") == "12.0");
    CHECK(added(&EventValues::add_integer, "-0.5") == "0.0");
    CHECK(added(&EventValues::add_integer, "null").empty());
    CHECK(added(&EventValues::add_integer, "\"many\"") == "!e: expected a number, got \"many\"");
    CHECK(added(&EventValues::add_integer, "true").starts_with("!"));
    CHECK(added(&EventValues::add_float, "0.41") == "0.41");
    CHECK(added(&EventValues::add_float, "0.123456") == "0.1234");
    CHECK(added(&EventValues::add_float, "3") == "3.0");
}

TEST_CASE("a rate is a ratio, of nothing there is none") {
    CHECK(rate("2", "600") == "0.0033333333333333335");
    CHECK(rate("0", "600") == "0.0");
    CHECK(rate("0", "0").empty());
    CHECK(rate("null", "600").empty());
    CHECK(rate("-1", "600") == "!");
    CHECK(rate("1", "\"x\"") == "!");
}

TEST_CASE("a histogram keeps its buckets in their order; an empty one is none") {
    CHECK(added(&EventValues::add_histogram, "{ \"12.03\": 410, \"-0.28\": 1.0 , \"2.50\":\"7\"}") ==
          R"({"12.03":410,"-0.28":1,"2.50":7})");
    CHECK(added(&EventValues::add_histogram, "{}").empty());
    CHECK(added(&EventValues::add_histogram, "[1]").starts_with("!"));
    CHECK(added(&EventValues::add_histogram, "{\"fast\":1}").starts_with("!"));
    CHECK(added(&EventValues::add_histogram, "{\"1\":[]}").starts_with("!"));
}
