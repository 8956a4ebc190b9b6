// The notation in which a command's row states its arguments, and what can be told from it.
//
//   syntax  = { term }
//   term    = WORD            a literal, given as it stands (upper case)
//           | name=TOKEN      a literal that is called otherwise than it is spelt: "auto_id=*"
//           | name[:type]     an argument: string, integer, double, key, pattern or unix-time;
//           without
//                             a type, "key" and "pattern" are what they are called, others strings
//           | "[" [ label ":" ] alternatives "]"    optional
//           | "<" [ label ":" ] alternatives ">"    exactly one of them
//           | "..."           what stands before it in this bracket may come again; outside of
//                             brackets: any further words are ignored
//   alternatives = syntax { "|" syntax }
//
// As in Redis's own documentation: "key value [key value ...]", "key [condition: NX | XX] [GET]
// [EX seconds:integer | PX milliseconds:integer]". A label is what COMMAND DOCS calls the bracket;
// it is needed only where the names inside, joined, are not what Redis calls it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace mini_redis {

/// Takes the next term's text off the front of `syntax`: a bracket with its contents, "|", or a
/// word.
constexpr std::string_view take_term(std::string_view& syntax) {
    while (!syntax.empty() && syntax.front() == ' ')
        syntax.remove_prefix(1);
    std::size_t end = 0;
    int depth = 0;
    while (end < syntax.size()) {
        const char c = syntax[end];
        if (depth == 0 && c == ' ') break;
        if (c == '[' || c == '<') ++depth;
        if (c == ']' || c == '>') --depth;
        ++end;
    }
    const std::string_view term = syntax.substr(0, end);
    syntax.remove_prefix(end);
    return term;
}

/// How many words a request needs at least for a syntax, and whether there can be more.
struct argument_count {
    int least = 0;
    bool exact = true;
};

constexpr argument_count count_arguments(std::string_view syntax) {
    argument_count total;
    bool first = true;
    argument_count current;
    const auto close_alternative = [&] {
        if (first) {
            total = current;
        } else {
            total.exact = total.exact && current.exact && total.least == current.least;
            total.least = std::min(total.least, current.least);
        }
        first = false;
        current = {};
    };
    while (true) {
        const std::string_view term = take_term(syntax);
        if (term.empty()) break;
        if (term == "|") {
            close_alternative();
        } else if (term == "...") {
            current.exact = false;
        } else if (term.back() == ':') {
            continue; // a label
        } else if (term.front() == '[') {
            current.exact = false;
        } else if (term.front() == '<') {
            const argument_count inner = count_arguments(term.substr(1, term.size() - 2));
            current.least += inner.least;
            current.exact = current.exact && inner.exact;
        } else {
            ++current.least;
        }
    }
    close_alternative();
    return total;
}

/// The arity as Redis counts it: the request's words with the `name_words` of the command's name,
/// negative if more are allowed.
constexpr int arity_of(std::string_view syntax, int name_words) {
    const argument_count count = count_arguments(syntax);
    const int words = count.least + name_words;
    return count.exact ? words : -words;
}

} // namespace mini_redis
