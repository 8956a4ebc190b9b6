#include "commands/argument_tree.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <utility>

#include "commands/arguments.hpp"
#include "commands/syntax.hpp"

namespace mini_redis {
namespace {

using argument_list = std::vector<argument>;

bool is_literal_word(std::string_view term) {
    return (term.front() >= 'A' && term.front() <= 'Z') || term.find('=') != std::string_view::npos;
}

argument literal(std::string_view word) {
    if (const std::size_t sign = word.find('='); sign != std::string_view::npos)
        return {.name = std::string{word.substr(0, sign)},
                .type = "pure-token",
                .token = std::string{word.substr(sign + 1)}};
    return {.name = in_lower_case(word), .type = "pure-token", .token = std::string{word}};
}

argument plain(std::string_view term) {
    const std::size_t colon = term.rfind(':');
    const std::string_view name = term.substr(0, colon);
    if (colon != std::string_view::npos)
        return {.name = std::string{name}, .type = std::string{term.substr(colon + 1)}};
    const bool named_by_type = name == "key" || name == "pattern";
    return {.name = std::string{name}, .type = named_by_type ? std::string{name} : "string"};
}

std::string joined_names(const argument_list& list) {
    std::string joined;
    for (const argument& one : list)
        joined += (joined.empty() ? "" : "_") + one.name;
    return joined;
}

// Several arguments under one name.
argument grouped(std::string_view type, argument_list inner) {
    return {.name = joined_names(inner), .type = std::string{type}, .arguments = std::move(inner)};
}

// In a bracket, a literal belongs to what follows it, unless that is another: [COUNT count],
// [AUTH username password], but [NO ONE].
argument as_one(argument_list list) {
    const bool introduced =
        list.size() > 1 && list[0].type == "pure-token" && list[1].type != "pure-token";
    if (!introduced)
        return list.size() == 1 ? std::move(list.front()) : grouped("block", std::move(list));
    std::string token = std::move(list.front().token);
    list.erase(list.begin());
    argument one = list.size() == 1 && list.front().token.empty() && !list.front().optional
                       ? std::move(list.front())
                       : grouped("block", std::move(list));
    one.token = std::move(token);
    return one;
}

bool same(const argument& left, const argument& right) {
    return left.name == right.name && left.type == right.type && left.token == right.token &&
           std::equal(left.arguments.begin(), left.arguments.end(), right.arguments.begin(),
                      right.arguments.end(), same);
}

argument_list parse_sequence(std::string_view syntax);

// A bracket's inside: its alternatives, of which each is one argument.
argument parse_bracket(std::string_view inside) {
    std::string_view rest = inside;
    std::string label;
    if (const std::string_view first = take_term(rest); !first.empty() && first.back() == ':') {
        label = first.substr(0, first.size() - 1);
        inside = rest;
    }
    argument_list alternatives;
    std::size_t begin = 0;
    rest = inside;
    while (true) {
        const std::string_view term = take_term(rest);
        const std::size_t end = inside.size() - rest.size();
        if (!term.empty() && term != "|") continue;
        alternatives.push_back(
            as_one(parse_sequence(inside.substr(begin, end - term.size() - begin))));
        if (term.empty()) break;
        begin = end;
    }
    argument result = alternatives.size() == 1 ? std::move(alternatives.front())
                                               : grouped("oneof", std::move(alternatives));
    if (!label.empty()) {
        // A label names the group, so there is one even around a single argument; but a literal is
        // its own group.
        if (result.type != "oneof" && result.type != "block" && result.type != "pure-token") {
            std::string token = std::exchange(result.token, {});
            result = grouped("block", {std::move(result)});
            result.token = std::move(token);
        }
        result.name = std::move(label);
    }
    return result;
}

// "[key value ...]": whether the bracket may come again as a whole; takes the dots off.
bool take_repetition(std::string_view& inside) {
    if (!inside.ends_with("...")) return false;
    inside.remove_suffix(3);
    while (inside.ends_with(' '))
        inside.remove_suffix(1);
    return true;
}

// "key value [key value ...]": if the end of `list` is what the bracket repeats, that end becomes
// one argument that may come several times.
bool fold_repetition(argument_list& list, std::string_view inside) {
    const argument_list again = parse_sequence(inside);
    if (again.empty() || again.size() > list.size()) return false;
    const auto first = list.end() - static_cast<std::ptrdiff_t>(again.size());
    if (!std::equal(again.begin(), again.end(), first, list.end(), same)) return false;
    argument_list repeated{std::make_move_iterator(first), std::make_move_iterator(list.end())};
    list.erase(first, list.end());
    argument one = as_one(std::move(repeated));
    one.multiple = true;
    one.multiple_token = !one.token.empty();
    list.push_back(std::move(one));
    return true;
}

argument_list parse_sequence(std::string_view syntax) {
    argument_list list;
    while (true) {
        const std::string_view term = take_term(syntax);
        if (term.empty()) return list;
        if (term == "...") continue; // "any further words are ignored" is no argument
        if (term.front() != '[' && term.front() != '<') {
            list.push_back(is_literal_word(term) ? literal(term) : plain(term));
            continue;
        }
        std::string_view inside = term.substr(1, term.size() - 2);
        const bool repeats = take_repetition(inside);
        if (repeats && fold_repetition(list, inside)) continue;
        argument one = parse_bracket(inside);
        one.optional = term.front() == '[';
        one.multiple = one.multiple || repeats;
        one.multiple_token = one.multiple_token || (repeats && !one.token.empty());
        list.push_back(std::move(one));
    }
}

std::string usage_of(const argument& one) {
    std::string text;
    if (one.type == "pure-token") return one.token;
    if (!one.token.empty()) text = one.token + ' ';
    std::string inner;
    for (const argument& part : one.arguments) {
        if (!inner.empty()) inner += one.type == "oneof" ? " | " : " ";
        if (part.optional) inner += '[';
        inner += usage_of(part);
        if (part.optional) inner += ']';
    }
    if (one.arguments.empty()) inner = one.name;
    if (one.type == "oneof" && (!one.optional || !one.token.empty())) inner = '<' + inner + '>';
    if (one.multiple && one.multiple_token) return text + inner + " [" + text + inner + " ...]";
    text += inner;
    if (one.multiple) text += one.type == "oneof" ? " ..." : " [" + inner + " ...]";
    return text;
}

} // namespace

std::vector<argument> parse_syntax(std::string_view syntax) {
    return parse_sequence(syntax);
}

std::string usage_of(std::string_view syntax) {
    std::string text;
    for (const argument& one : parse_sequence(syntax)) {
        if (!text.empty()) text += ' ';
        text += one.optional ? '[' + usage_of(one) + ']' : usage_of(one);
    }
    return text;
}

} // namespace mini_redis
