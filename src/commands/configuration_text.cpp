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

} // namespace

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
