#include "resp/quoted_words.hpp"

#include <algorithm>

namespace mini_redis {
namespace {

// isspace() in the C locale.
bool is_space(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

char unescape(char c) noexcept {
    switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
    }
}

// Appends what the quoted part means that opens at `at`, and moves `at` behind its closing quote.
// False if there is none, or if the word goes on behind it.
bool read_quoted(std::string_view line, std::size_t& at, std::string& out) {
    const char quote = line[at++];
    for (; at < line.size(); ++at) {
        const char c = line[at];
        const auto ahead = [&](std::size_t n) {
            return at + n < line.size() ? line[at + n] : '\0';
        };
        if (c == quote) {
            ++at;
            return at == line.size() || is_space(line[at]);
        }
        if (c != '\\' || at + 1 == line.size()) {
            out += c;
        } else if (quote == '\'') {
            if (ahead(1) == '\'') ++at;
            out += line[at];
        } else if (ahead(1) == 'x' && hex_digit(ahead(2)) >= 0 && hex_digit(ahead(3)) >= 0) {
            out += static_cast<char>(hex_digit(ahead(2)) * 16 + hex_digit(ahead(3)));
            at += 3;
        } else {
            out += unescape(line[++at]);
        }
    }
    return false;
}

} // namespace

bool split_quoted_words(std::string_view line, std::string& text,
                        std::vector<std::string_view>& words) {
    text.clear();
    std::size_t at = 0;
    while (true) {
        while (at < line.size() && is_space(line[at]))
            ++at;
        if (at == line.size()) return true;
        const std::size_t word = at;
        at = std::min(line.find_first_of(" \t\r\n\"'", at), line.size());
        if (at == line.size() || is_space(line[at])) {
            words.push_back(line.substr(word, at - word));
            continue;
        }
        text.reserve(line.size()); // no word gets longer, so the views into it stay valid
        const std::size_t begin = text.size();
        text += line.substr(word, at - word);
        if (!read_quoted(line, at, text)) return false;
        words.push_back(std::string_view{text}.substr(begin));
    }
}

std::optional<std::vector<std::string>> words_of_line(std::string_view line) {
    std::string text;
    std::vector<std::string_view> words;
    if (!split_quoted_words(line, text, words)) return std::nullopt;
    return std::vector<std::string>{words.begin(), words.end()};
}

} // namespace mini_redis
