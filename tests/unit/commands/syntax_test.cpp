#include "commands/argument_tree.hpp"
#include "commands/syntax.hpp"

#include "support/catch.hpp"

using namespace mini_redis;

TEST_CASE("a syntax tells the arity") {
    CHECK(arity_of("", 1) == 1);
    CHECK(arity_of("key", 1) == 2);
    CHECK(arity_of("key [key ...]", 1) == -2);
    CHECK(arity_of("[key ...]", 1) == -1);
    CHECK(arity_of("key value [key value ...]", 1) == -3);
    CHECK(arity_of("<ON | OFF>", 2) == 3);
    CHECK(arity_of("<a: LIB-NAME name | LIB-VER version>", 2) == 4);
    CHECK(arity_of("<ip:port:string | <ID id | TYPE type ...>>", 2) == -3);
    CHECK(arity_of("...", 1) == -1);
}

TEST_CASE("types are stated, or follow from the name") {
    const auto tree = parse_syntax("key newkey:key pattern count:integer value ip:port:string");
    REQUIRE(tree.size() == 6);
    CHECK(tree[0].type == "key");
    CHECK((tree[1].name == "newkey" && tree[1].type == "key"));
    CHECK(tree[2].type == "pattern");
    CHECK(tree[3].type == "integer");
    CHECK(tree[4].type == "string");
    CHECK(tree[5].name == "ip:port");
}

TEST_CASE("a literal in brackets belongs to what follows it") {
    const auto tree = parse_syntax("[GET] [COUNT count:integer] [AUTH username password]");
    REQUIRE(tree.size() == 3);
    CHECK((tree[0].type == "pure-token" && tree[0].name == "get" && tree[0].optional));
    CHECK((tree[1].type == "integer" && tree[1].token == "COUNT" && tree[1].optional));
    CHECK((tree[2].type == "block" && tree[2].token == "AUTH"));
    CHECK(tree[2].name == "username_password");
    CHECK(tree[2].arguments.size() == 2);
}

TEST_CASE("alternatives are a oneof, called by its label or by what it is made of") {
    const auto tree = parse_syntax("<ON | OFF> [condition: NX | XX]");
    REQUIRE(tree.size() == 2);
    CHECK((tree[0].type == "oneof" && tree[0].name == "on_off" && !tree[0].optional));
    CHECK((tree[1].type == "oneof" && tree[1].name == "condition" && tree[1].optional));
    CHECK(tree[1].arguments[1].token == "XX");
}

TEST_CASE("what is repeated is one argument") {
    const auto keys = parse_syntax("key [key ...]");
    REQUIRE(keys.size() == 1);
    CHECK((keys[0].multiple && !keys[0].optional));

    const auto pairs = parse_syntax("key value [key value ...]");
    REQUIRE(pairs.size() == 1);
    CHECK((pairs[0].type == "block" && pairs[0].name == "key_value" && pairs[0].multiple));

    const auto optional = parse_syntax("[PREFIX prefix ...]");
    CHECK((optional[0].multiple && optional[0].multiple_token && optional[0].optional));
}

TEST_CASE("the usage is the syntax without types and labels") {
    CHECK(usage_of("key [key ...]") == "key [key ...]");
    CHECK(usage_of("key value [condition: NX | XX] [EX seconds:integer | KEEPTTL]") ==
          "key value [NX | XX] [EX seconds | KEEPTTL]");
    CHECK(usage_of("<ON | OFF>") == "<ON | OFF>");
    CHECK(usage_of("[protover:integer [AUTH username password]]") ==
          "[protover [AUTH username password]]");
    CHECK(usage_of("[TYPE <LIST | SET>] <ID id | ADDR address ...>") ==
          "[TYPE <LIST | SET>] <ID id | ADDR address> ...");
    CHECK(usage_of("[PREFIX prefix ...]") == "[PREFIX prefix [PREFIX prefix ...]]");
}
