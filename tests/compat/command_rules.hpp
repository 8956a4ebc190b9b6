// The table of the commands that random streams are made of.
//
// A rule is a list of words: `name` stands for a rule or a word of that name, WORD for itself,
// `a|b` for one of them, `?a` for a or nothing, `*a` for up to three, `+a` for one to four, `#a`
// for up to two hundred. The alternatives of a named rule are separated by " / ".
#pragma once

#include <span>
#include <string_view>

#include "command_grammar.hpp"

namespace mini_redis::test {

struct command_rule {
    int weight;
    std::string_view text;
    comparison compare = comparison::exact;
};

struct named_rule {
    std::string_view name;
    std::string_view alternatives;
};

std::span<const command_rule> command_rules();
std::span<const named_rule> named_rules();

} // namespace mini_redis::test
