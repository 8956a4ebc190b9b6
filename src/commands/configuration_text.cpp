#include "commands/configuration_text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

namespace mini_redis {
namespace {

constexpr std::string_view white_space{" \t\r\n\v\f\0", 7};

constexpr std::pair<char, char> escapes[] = {
    {'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'b', '\b'}, {'a', '\a'}};

std::optional<int> digit_of(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

// What a backslash in front of `text` means; takes it off.
char unescape(std::string_view& text) noexcept {
    if (text.size() >= 3 && text[0] == 'x') {
        const std::optional<int> high = digit_of(text[1]);
        const std::optional<int> low = digit_of(text[2]);
        if (high && low) {
            text.remove_prefix(3);
            return static_cast<char>(*high * 16 + *low);
        }
    }
    char c = text.front();
    for (const auto& [letter, meaning] : escapes)
        if (c == letter) c = meaning;
    text.remove_prefix(1);
    return c;
}

// The rest of a word behind its opening quote; takes it and the closing quote off. False if there
// is none, or something follows it.
bool take_quoted(std::string_view& text, char quote, std::string& word) {
    while (!text.empty()) {
        const char c = text.front();
        text.remove_prefix(1);
        if (c == quote)
            return text.empty() || white_space.find(text.front()) != std::string_view::npos;
        if (c == '\\' && !text.empty() && quote == '"') {
            word += unescape(text);
        } else if (c == '\\' && text.starts_with('\'')) {
            word += '\'';
            text.remove_prefix(1);
        } else {
            word += c;
        }
    }
    return false;
}

} // namespace

std::optional<std::vector<std::string>> words_of_line(std::string_view line) {
    std::vector<std::string> words;
    while (true) {
        line.remove_prefix(std::min(line.find_first_not_of(white_space), line.size()));
        if (line.empty()) return words;
        std::string& word = words.emplace_back();
        while (!line.empty() && white_space.find(line.front()) == std::string_view::npos) {
            const char c = line.front();
            line.remove_prefix(1);
            if (c != '"' && c != '\'') {
                word += c;
            } else if (!take_quoted(line, c, word)) {
                return std::nullopt;
            }
        }
    }
}

std::string in_quotes(std::string_view word) {
    std::string text = "\"";
    for (const char c : word) {
        const auto* const known =
            std::find_if(std::begin(escapes), std::end(escapes),
                         [c](const auto& escape) { return escape.second == c; });
        if (known != std::end(escapes))
            text.append({'\\', known->first});
        else if (c == '\\' || c == '"')
            text.append({'\\', c});
        else if (c >= ' ' && c <= '~')
            text += c;
        else
            fmt::format_to(std::back_inserter(text), "\\x{:02x}", static_cast<unsigned char>(c));
    }
    return text + '"';
}

std::string_view take_line(std::string_view& text) noexcept {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

std::string_view trimmed(std::string_view line) noexcept {
    const std::size_t first = line.find_first_not_of(white_space);
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(white_space) - first + 1);
}

} // namespace mini_redis
