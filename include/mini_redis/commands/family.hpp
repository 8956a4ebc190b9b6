// What the families of typed commands are made of.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <mini_redis/command_line.hpp>
#include <mini_redis/from_reply.hpp>
#include <ranges>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace mini_redis {

/// A command of a known number of words.
template <std::size_t Size>
class short_command {
public:
    template <word_like... Words>
        requires(sizeof...(Words) == Size)
    explicit short_command(const Words&... words) : words_{word{words}...} {}

    static constexpr std::size_t size() noexcept { return Size; }

    std::string_view operator[](std::size_t index) const noexcept { return words_[index].view(); }

private:
    std::array<word, Size> words_;
};

template <word_like... Words>
short_command(const Words&...) -> short_command<sizeof...(Words)>;

/// Several words at once: a vector of strings, a span of numbers …
template <class T>
concept word_range = std::ranges::input_range<const T&> && !word_like<T> &&
                     word_like<std::ranges::range_value_t<const T&>>;

/// Several pairs at once: a map from strings to numbers, a vector of pairs …
template <class T>
concept pair_range = std::ranges::input_range<const T&> && !word_like<T> && !word_range<T> &&
                     requires(std::ranges::range_value_t<const T&> each) {
                         word{each.first};
                         word{each.second};
                     };

/// What may stand among the arguments of a command that takes any number of them.
template <class T>
concept argument_like = word_like<T> || word_range<T> || pair_range<T>;

template <argument_like T>
void add_arguments(command_line& to, const T& argument) {
    if constexpr (word_like<T>) {
        to.add(argument);
    } else if constexpr (word_range<T>) {
        for (const auto& each : argument)
            to.add(each);
    } else {
        for (const auto& [first, second] : argument)
            to.add(first).add(second);
    }
}

/// Has `self` do with a command what it does: a client sends it, a pipeline notes it. `Self` has
/// issue<Reply>(words, token...); a completion token, where it takes one, is the last argument of
/// each typed call.
template <class Reply, class Self, class Words, class... Token>
auto issue(Self& self, Words words, Token... token) {
    return self.template issue<Reply>(std::move(words), std::move(token)...);
}

/// How many words an argument adds.
template <argument_like T>
std::size_t count_words(const T& argument) {
    if constexpr (word_like<T>)
        return 1;
    else
        return static_cast<std::size_t>(std::ranges::distance(argument)) * (word_range<T> ? 1 : 2);
}

/// The same with any number of arguments, and perhaps a token behind them: finish(line, args...)
/// adds them, without the token, and whatever else belongs to the command.
template <class Reply, class Self, class Finish, class... Args>
auto issue_finished(Self& self, command_line line, const Finish& finish, const Args&... args) {
    constexpr std::size_t size = sizeof...(Args);
    if constexpr ((argument_like<Args> && ...)) {
        finish(line, args...);
        return issue<Reply>(self, std::move(line));
    } else {
        const std::tuple<const Args&...> all{args...};
        [&]<std::size_t... Index>(std::index_sequence<Index...>) {
            finish(line, std::get<Index>(all)...);
        }(std::make_index_sequence<size - 1>{});
        return issue<Reply>(self, std::move(line), std::get<size - 1>(all));
    }
}

/// Arguments at the end of a command.
template <class Reply, class Self, class... Args>
auto issue_all(Self& self, command_line line, const Args&... args) {
    const auto finish = [](command_line& to, const auto&... each) {
        (add_arguments(to, each), ...);
    };
    return issue_finished<Reply>(self, std::move(line), finish, args...);
}

/// Arguments, then what tail(line) adds.
template <class Reply, class Self, class Tail, class... Args>
auto issue_all_then(Self& self, command_line line, const Tail& tail, const Args&... args) {
    const auto finish = [&](command_line& to, const auto&... each) {
        (add_arguments(to, each), ...);
        tail(to);
    };
    return issue_finished<Reply>(self, std::move(line), finish, args...);
}

/// The number of arguments, the arguments, then what tail(line) adds: as in ZUNION 2 a b
/// WITHSCORES.
template <class Reply, class Self, class Tail, class... Args>
auto issue_counted(Self& self, command_line line, const Tail& tail, const Args&... args) {
    const auto finish = [&](command_line& to, const auto&... each) {
        to.add((std::size_t{0} + ... + count_words(each)));
        (add_arguments(to, each), ...);
        tail(to);
    };
    return issue_finished<Reply>(self, std::move(line), finish, args...);
}

} // namespace mini_redis
