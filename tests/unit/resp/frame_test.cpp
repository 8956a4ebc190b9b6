#include <mini_redis/frame.hpp>

#include "support/catch.hpp"

using namespace mini_redis;
using namespace std::string_literals;

namespace {

std::string in_resp2(const frame& value) {
    std::string out;
    encode(value, protocol_version::resp2, out);
    return out;
}

frame text(std::string bytes) {
    return frame::bulk_string(std::move(bytes));
}

} // namespace

TEST_CASE("a frame gives what it holds, and nothing else") {
    CHECK(frame{}.is_null());
    CHECK(frame{}.text().empty());
    CHECK(frame{}.elements().empty());
    CHECK(frame::simple_string("OK").text() == "OK");
    CHECK(frame::simple_string("OK").is_string());
    CHECK(frame::error("ERR no").is_error());
    CHECK(frame::bulk_error("ERR no").is_error());
    CHECK_FALSE(frame::error("ERR no").is_string());
    CHECK(frame::integer(-7).as_integer() == -7);
    CHECK(frame::integer(-7).as_real() == -7.0);
    CHECK(frame::integer(-7).text().empty());
    CHECK(frame::real(1.5).as_real() == 1.5);
    CHECK(frame::real(1.5).as_integer() == 0);
    CHECK(frame::boolean(true).as_boolean());
    CHECK(frame::boolean(true).as_real() == 0);
    CHECK_FALSE(frame::boolean(false).as_boolean());
    CHECK(frame::big_number("123").text() == "123");

    const frame verbatim = frame::verbatim_string("mkd", "# Title");
    CHECK(verbatim.format() == "mkd");
    CHECK(verbatim.text() == "# Title");
    CHECK(verbatim.is_string());
    CHECK(frame{verbatim}.take_text() == "# Title");
    CHECK(text("txt:a").format().empty());

    frame array = frame::array({frame::integer(1), text("a")});
    CHECK(array.is_aggregate());
    CHECK(array.elements().size() == 2);
    CHECK(std::move(array).take_elements() == std::vector<frame>{frame::integer(1), text("a")});
}

TEST_CASE("frames are compared by type and value") {
    CHECK(text("a") == text("a"));
    CHECK_FALSE(text("a") == frame::simple_string("a"));
    CHECK_FALSE(text("a") == text("b"));
    CHECK_FALSE(frame::integer(1) == frame::boolean(true));
    CHECK_FALSE(frame::array({}) == frame::set({}));
    CHECK(frame::real(std::stod("nan")) == frame::real(std::stod("nan")));
    CHECK_FALSE(frame::real(std::stod("nan")) == frame::real(1));

    frame marked = text("a");
    marked.set_attributes({text("k"), text("v")});
    CHECK_FALSE(marked == text("a"));
    const frame copy = marked;
    CHECK(copy == marked);
    CHECK(copy.attributes() == std::vector<frame>{text("k"), text("v")});
    marked.set_attributes({});
    CHECK(marked == text("a"));
    CHECK_FALSE(copy == marked);
    frame assigned;
    assigned = copy;
    CHECK(assigned == copy);
}

TEST_CASE("RESP2 has fewer types") {
    CHECK(in_resp2(frame::simple_string("OK")) == "+OK\r\n");
    CHECK(in_resp2(frame::error("ERR no")) == "-ERR no\r\n");
    CHECK(in_resp2(frame::integer(-12)) == ":-12\r\n");
    CHECK(in_resp2(text("\r\n\0"s)) == "$3\r\n\r\n\0\r\n"s);
    CHECK(in_resp2(frame::null()) == "$-1\r\n");
    CHECK(in_resp2(frame::boolean(true)) == ":1\r\n");
    CHECK(in_resp2(frame::boolean(false)) == ":0\r\n");
    CHECK(in_resp2(frame::real(1.5)) == "$3\r\n1.5\r\n");
    CHECK(in_resp2(frame::big_number("123")) == "$3\r\n123\r\n");
    CHECK(in_resp2(frame::bulk_error("ERR a\r\nb")) == "-ERR a  b\r\n");
    CHECK(in_resp2(frame::verbatim_string("txt", "hi")) == "$2\r\nhi\r\n");
    CHECK(in_resp2(frame::array({frame::null()})) == "*1\r\n$-1\r\n");
    CHECK(in_resp2(frame::map({text("k"), frame::integer(1)})) == "*2\r\n$1\r\nk\r\n:1\r\n");
    CHECK(in_resp2(frame::set({frame::integer(1)})) == "*1\r\n:1\r\n");
    CHECK(in_resp2(frame::push({text("m")})) == "*1\r\n$1\r\nm\r\n");
    frame marked = frame::integer(1);
    marked.set_attributes({text("k"), text("v")});
    CHECK(in_resp2(marked) == ":1\r\n");
}

TEST_CASE("to_string() shows a frame as redis-cli does") {
    CHECK(to_string(frame::simple_string("OK")) == "OK");
    CHECK(to_string(frame::error("ERR no")) == "(error) ERR no");
    CHECK(to_string(frame::integer(1)) == "(integer) 1");
    CHECK(to_string(frame::null()) == "(nil)");
    CHECK(to_string(frame::boolean(true)) == "(true)");
    CHECK(to_string(frame::boolean(false)) == "(false)");
    CHECK(to_string(frame::real(3.25)) == "(double) 3.25");
    CHECK(to_string(frame::big_number("123")) == "123");
    CHECK(to_string(frame::verbatim_string("txt", "as\nit is")) == "as\nit is");
    CHECK(to_string(text("a \"b\" \\ \n\r\t\a\b \x01\xff\0~"s)) ==
          R"("a \"b\" \\ \n\r\t\a\b \x01\xff\x00~")");
    CHECK(to_string(frame::array({})) == "(empty array)");
    CHECK(to_string(frame::map({})) == "(empty hash)");
    CHECK(to_string(frame::set({})) == "(empty set)");
    CHECK(to_string(frame::push({})) == "(empty push)");
    CHECK(to_string(frame::array({text("a"), frame::array({frame::integer(1), frame::null()}),
                                  frame::simple_string("b")})) == "1) \"a\"\n"
                                                                  "2) 1) (integer) 1\n"
                                                                  "   2) (nil)\n"
                                                                  "3) b");
    CHECK(to_string(frame::map({text("a"), frame::integer(1), text("b"),
                                frame::set({frame::integer(2), frame::integer(3)}), text("c"),
                                frame::map({text("d"), frame::array({frame::integer(4)})})})) ==
          "1# \"a\" => (integer) 1\n"
          "2# \"b\" => \n"
          "   1~ (integer) 2\n"
          "   2~ (integer) 3\n"
          "3# \"c\" => 1# \"d\" => 1) (integer) 4");
    CHECK(to_string(frame::array(std::vector<frame>(10, frame::integer(0)))).substr(0, 32) ==
          " 1) (integer) 0\n 2) (integer) 0\n");
    CHECK(to_string(frame::array({frame::array(std::vector<frame>(10, frame::integer(0)))}))
              .substr(0, 38) == "1)  1) (integer) 0\n    2) (integer) 0\n");
}
