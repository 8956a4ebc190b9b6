#include <mini_redis/detail/request_traits.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "client/same_word.hpp"

namespace mini_redis {

namespace {

using std::chrono::milliseconds;
using words_view = std::span<const std::string_view>;

bool is_one_of(std::string_view word, std::span<const std::string_view> upper) noexcept {
    return std::any_of(upper.begin(), upper.end(),
                       [&](std::string_view each) { return is_same_word(word, each); });
}

bool is_allowed(words_view words) noexcept {
    constexpr std::array<std::string_view, 10> refused{
        "SUBSCRIBE",    "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE",
        "SUNSUBSCRIBE", "MONITOR",    "SYNC",       "PSYNC",       "RESET"};
    if (words.empty() || is_one_of(words[0], refused)) return false;
    if (words.size() < 2) return true;
    if (is_same_word(words[0], "CLIENT")) return !is_same_word(words[1], "REPLY");
    return !is_same_word(words[0], "HELLO"); // without more it only asks
}

// A time-out that cannot be read is the server's to refuse.
milliseconds read_wait(std::string_view text, double unit) noexcept {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    constexpr double longest = 1e15;
    if (error != std::errc{} || !(number > 0) || number * unit > longest) return milliseconds{0};
    return milliseconds{static_cast<std::int64_t>(std::ceil(number * unit))};
}

} // namespace

request_traits traits_of(words_view words) noexcept {
    // The time-out is the last word, or the second.
    constexpr std::array<std::string_view, 6> last{"BLPOP",      "BRPOP",    "BLMOVE",
                                                   "BRPOPLPUSH", "BZPOPMIN", "BZPOPMAX"};
    constexpr std::array<std::string_view, 2> second{"BLMPOP", "BZMPOP"};
    constexpr std::array<std::string_view, 2> streams{"XREAD", "XREADGROUP"};
    constexpr double seconds = 1000;

    constexpr std::array<std::string_view, 2> for_others{"MULTI", "WATCH"};

    request_traits traits;
    traits.is_allowed = is_allowed(words);
    traits.concerns_others = !words.empty() && is_one_of(words[0], for_others);
    if (!traits.is_allowed || words.size() < 3) return traits;
    const char initial = words[0].empty() ? '\0' : words[0][0];
    if (initial == 'B' || initial == 'b') {
        if (is_one_of(words[0], last))
            traits = {true, false, true, read_wait(words.back(), seconds)};
        else if (is_one_of(words[0], second))
            traits = {true, false, true, read_wait(words[1], seconds)};
    } else if ((initial == 'X' || initial == 'x') && is_one_of(words[0], streams)) {
        for (std::size_t i = 1; i + 1 < words.size() && !is_same_word(words[i], "STREAMS"); ++i)
            if (is_same_word(words[i], "BLOCK"))
                traits = {true, false, true, read_wait(words[i + 1], 1)};
    }
    return traits;
}

} // namespace mini_redis
