#include "commands/registry.hpp"

#include <algorithm>
#include <cctype>
#include <string>

#include "commands/argument_tree.hpp"
#include "support/catch.hpp"

using namespace mini_redis;

TEST_CASE("every command is found by its name in any case") {
    const registry& commands = registry::built_in();
    for (const command* row : commands.all()) {
        std::string name{row->name};
        CHECK(commands.find(name) == row);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        CHECK(commands.find(name) == row);
        CHECK(commands.find(name + '?') == nullptr);
    }
    CHECK(commands.find("") == nullptr);
    CHECK(commands.find(std::string(1000, 'g')) == nullptr);
}

TEST_CASE("rows stand in the order of their names, once each") {
    const auto all = registry::built_in().all();
    const auto by_name = [](const command* a, const command* b) { return a->name < b->name; };
    CHECK(std::is_sorted(all.begin(), all.end(), by_name));
    CHECK(std::adjacent_find(all.begin(), all.end(),
                             [](auto a, auto b) { return a->name == b->name; }) == all.end());
}

TEST_CASE("every row says what is needed") {
    const auto check = [](const command& row) {
        INFO(row.name);
        CHECK(!row.summary.empty());
        CHECK(row.summary.back() == '.');
        CHECK(!row.group.empty());
        CHECK(!row.since.empty());
        CHECK(!row.complexity.empty());
        CHECK((row.handler != nullptr || !row.subcommands.empty()));
        CHECK(std::none_of(row.name.begin(), row.name.end(),
                           [](unsigned char c) { return std::isupper(c); }));
        for (const key_range& range : row.keys)
            CHECK((range.first == 0 || !range.access.empty()));
    };
    for (const command* row : registry::built_in().all()) {
        check(*row);
        for (const command& subcommand : row->subcommands)
            check(subcommand);
    }
}
