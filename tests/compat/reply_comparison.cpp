#include "reply_comparison.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fmt/format.h>

namespace mini_redis::test {
namespace {

/// Two servers read their clocks at different moments, on a loaded machine even seconds apart.
constexpr long long tolerance_ms = 5'000;

bool same_elements(wire_value left, wire_value right) {
    if (left.type != right.type || !left.is_aggregate()) return left == right;
    const auto by_text = [](const wire_value& a, const wire_value& b) { return a.text < b.text; };
    std::ranges::sort(left.elements, by_text);
    std::ranges::sort(right.elements, by_text);
    return left == right;
}

// Of an aggregate of single elements, or of a map.
bool same_pairs(const wire_value& left, const wire_value& right) {
    if (left.type != right.type || left.text != right.text || left.elements.size() % 2 != 0)
        return left == right;
    const auto sorted = [](const wire_value& value) {
        std::vector<std::pair<std::string, std::string>> pairs;
        for (std::size_t i = 0; i + 1 < value.elements.size(); i += 2)
            pairs.emplace_back(spell_line(value.elements[i], std::string::npos),
                               spell_line(value.elements[i + 1], std::string::npos));
        std::ranges::sort(pairs);
        return pairs;
    };
    return left.null == right.null && left.elements.size() == right.elements.size() &&
           sorted(left) == sorted(right);
}

bool nearly_same_time(const wire_value& left, const wire_value& right, long long tolerance) {
    if (left.type != ':' || right.type != ':') return left == right;
    const long long a = std::stoll(left.text);
    const long long b = std::stoll(right.text);
    if (a < 0 || b < 0) return a == b;
    return std::abs(a - b) <= tolerance;
}

// In what is told of streams: delivery times and "seen-time" in Unix milliseconds, "idle", and the
// third of what XPENDING tells of an entry.
bool same_but_for_times(const wire_value& left, const wire_value& right) {
    constexpr long long long_ago = 1'000'000'000'000;
    if (left.type == ':' && right.type == ':' && left.text != right.text)
        return std::stoll(left.text) > long_ago && nearly_same_time(left, right, tolerance_ms);
    if (!left.is_aggregate() || left.type != right.type || left.null || right.null ||
        left.elements.size() != right.elements.size())
        return left == right;
    const bool is_pending = left.elements.size() == 4 && left.elements[2].type == ':' &&
                            left.elements[3].type == ':' && left.elements[0].type == '$';
    for (std::size_t i = 0; i < left.elements.size(); ++i) {
        const bool is_idle =
            (is_pending && i == 2) || (i > 0 && left.elements[i - 1].text == "idle");
        if (!(is_idle ? nearly_same_time(left.elements[i], right.elements[i], tolerance_ms)
                      : same_but_for_times(left.elements[i], right.elements[i])))
            return false;
    }
    return true;
}

bool same_shape(const wire_value& left, const wire_value& right) {
    if (left.type == '-' || right.type == '-') return left == right;
    return left.type == right.type && left.null == right.null &&
           left.elements.size() == right.elements.size();
}

} // namespace

bool alike(comparison compare, const wire_value& left, const wire_value& right) {
    using enum comparison;
    switch (compare) {
    case exact:
    case size:
    case encoding:
    case lexical:
    case careful:
    case sorted:
    case transaction:
    case blocking: return left == right;
    case unordered:
    case scan: return same_elements(left, right);
    case pairs: return same_pairs(left, right);
    case seconds: return nearly_same_time(left, right, tolerance_ms / 1000);
    case milliseconds: return nearly_same_time(left, right, tolerance_ms);
    case shape:
    case member:
    case random:
    case pop:
    case dump: return same_shape(left, right);
    case times: return same_but_for_times(left, right);
    case any: return true;
    }
    return false;
}

bool alike_transactions(const std::vector<comparison>& queued, const wire_value& left,
                        const wire_value& right) {
    if (left == right) return true;
    if (left.type != right.type || left.null || right.null ||
        left.elements.size() != right.elements.size() || left.elements.size() != queued.size())
        return false;
    for (std::size_t i = 0; i < queued.size(); ++i)
        if (!alike(queued[i], left.elements[i], right.elements[i])) return false;
    return true;
}

std::string spell_command(const random_command& command) {
    std::string line = fmt::format("[{}]>", command.connection + 1);
    for (const std::string& argument : command.arguments) {
        const bool plain = !argument.empty() && std::ranges::all_of(argument, [](char c) {
            return c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != '\\';
        });
        line += ' ' + (plain ? argument : quote(argument, 300));
    }
    return line;
}

std::string spell_from(const wire_value& value, const wire_value& other) {
    constexpr std::size_t length = 1'000;
    constexpr std::size_t lead = 50;
    const std::string text = spell_line(value, std::string::npos);
    const std::string other_text = spell_line(other, std::string::npos);
    const auto part = std::ranges::mismatch(text, other_text).in1 - text.begin();
    const auto begin = static_cast<std::size_t>(part);
    if (begin < length) return text.substr(0, length);
    return "… " + text.substr(begin - lead, length);
}

std::vector<std::string> flatten(const wire_value& value) {
    if (!value.is_aggregate()) return {value.text};
    std::vector<std::string> out;
    for (const wire_value& element : value.elements)
        for (std::string& text : flatten(element))
            out.push_back(std::move(text));
    return out;
}

std::string upper(std::string_view word) {
    std::string out{word};
    for (char& c : out)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

} // namespace mini_redis::test
