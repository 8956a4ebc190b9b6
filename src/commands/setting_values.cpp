#include "commands/setting_values.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <span>
#include <system_error>
#include <utility>

#include "commands/arguments.hpp"
#include "commands/effects.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

// In the order in which CONFIG GET shows them: first those that "A" stands for.
constexpr std::pair<char, event_class> event_letter[] = {
    {'g', event_class::generic},     {'$', event_class::string},   {'l', event_class::list},
    {'s', event_class::set},         {'h', event_class::hash},     {'z', event_class::zset},
    {'x', event_class::expired},     {'e', event_class::evicted},  {'t', event_class::stream},
    {'d', event_class::module_type}, {'n', event_class::new_key},  {'K', event_class::keyspace},
    {'E', event_class::keyevent},    {'m', event_class::key_miss},
};

constexpr std::uint32_t all_events = [] {
    std::uint32_t bits = 0;
    for (const auto& [letter, event] : std::span{event_letter}.first(10))
        bits |= bit(event);
    return bits;
}();

} // namespace

std::optional<std::int64_t> parse_memory(std::string_view text) noexcept {
    static constexpr std::pair<std::string_view, std::uint64_t> units[] = {
        {"", 1},
        {"b", 1},
        {"k", 1000},
        {"kb", 1024},
        {"m", 1000 * 1000},
        {"mb", 1024 * 1024},
        {"g", 1000 * 1000 * 1000},
        {"gb", 1024 * 1024 * 1024},
    };
    if (text.empty()) return 0;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (const auto& [name, size] : units) {
        if (!equals_ignoring_case(text, name)) continue;
        if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / size)
            return std::nullopt;
        return static_cast<std::int64_t>(number * size);
    }
    return std::nullopt;
}

bool are_save_points(std::string_view text) {
    const std::vector<std::string_view> words = split_words(text);
    return words.size() % 2 == 0 && std::all_of(words.begin(), words.end(), [](auto word) {
               const std::optional<std::int64_t> number = parse_integer(word);
               return number && *number >= 0;
           });
}

std::optional<std::uint32_t> parse_events(std::string_view letters) noexcept {
    std::uint32_t bits = 0;
    for (const char c : letters) {
        const auto* const known = std::find_if(std::begin(event_letter), std::end(event_letter),
                                               [c](const auto& each) { return each.first == c; });
        if (c != 'A' && known == std::end(event_letter)) return std::nullopt;
        bits |= c == 'A' ? all_events : bit(known->second);
    }
    return bits;
}

std::string event_letters(std::uint32_t bits) {
    std::string letters;
    const bool all = (bits & all_events) == all_events;
    if (all) {
        letters = "A";
        bits &=
            ~(all_events | bit(event_class::new_key)); // behind A, Redis does not show "n" either
    }
    for (const auto& [letter, event] : event_letter)
        if ((bits & bit(event)) != 0) letters += letter;
    return letters;
}

std::optional<std::vector<double>> parse_percentages(std::string_view text) {
    std::vector<double> all;
    for (const std::string_view word : split_words(text)) {
        const std::optional<long double> number = parse_long_real(word);
        if (!number) return std::nullopt;
        all.push_back(static_cast<double>(*number));
    }
    return all;
}

std::string percentage_text(double percentage) {
    std::string text = fmt::format("{:.6f}", percentage);
    text.resize(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

} // namespace mini_redis
