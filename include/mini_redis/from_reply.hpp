// Replies as C++ values: what may be named as the type of a reply, and how it is read.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <mini_redis/error.hpp>
#include <mini_redis/frame.hpp>
#include <mini_redis/reply_view.hpp>
#include <mini_redis/result.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace mini_redis {

/// How a reply becomes a T. To have replies as a type of your own, specialise it:
///
///     struct point { double x, y; };
///     template <> struct mini_redis::from_reply<point> {
///         static point read(const reply_view& reply) {
///             const auto [x, y] = read_reply<std::pair<double, double>>(reply);
///             return {x, y};
///         }
///     };
///
/// read() throws whatever it likes where the reply has another shape; unexpected_reply() makes the
/// message that this library's own throw. A type that has no default constructor can be had with
/// as_result, or within an optional or a container. The library's types:
///
/// | type | reads |
/// |---|---|
/// | std::string | a string of any kind, an integer, a double, a big number |
/// | integers | an integer, or a string that is one; in range |
/// | float, double | a double, an integer, or a string that is one |
/// | bool | a boolean, 0 or 1; OK is true and null is false, as SET … NX answers |
/// | std::optional<T> | null, or T |
/// | std::vector, set, unordered_set | an array, a set; of pairs also a map, flat in RESP2 |
/// | std::map, unordered_map | a map, a flat array, an array of pairs |
/// | std::pair, tuple, array | an aggregate of that size |
/// | std::variant | the first of its types that the reply fits |
/// | result<T>, frame | T, or the error that stands in its place; anything |
/// | void | OK, or any other reply that is no error |
///
/// reply_view and std::string_view are read in place and cannot be results: see in_place().
template <class T>
struct from_reply;

template <class T>
concept reply_readable = requires(const reply_view& reply) {
    { from_reply<T>::read(reply) } -> std::same_as<T>;
};

/// The reply as a T.
///
/// *Errors*: redis_error if it is an error reply; std::system_error with errc::unexpected_reply if
/// it is of another shape.
template <reply_readable T>
T read_reply(const reply_view& reply) {
    return from_reply<T>::read(reply);
}

/// Throws that `expected` ("an integer") was expected and this came; redis_error if it is an error.
[[noreturn]] void unexpected_reply(std::string_view expected, const reply_view& got);

/// A text's number, if it is one in full.
std::optional<std::int64_t> text_to_integer(std::string_view text) noexcept;
std::optional<std::uint64_t> text_to_unsigned(std::string_view text) noexcept;
std::optional<double> text_to_real(std::string_view text) noexcept;

// --- single values ---

template <>
struct from_reply<frame> {
    static frame read(const reply_view& reply) { return reply.to_frame(); }
};

template <>
struct from_reply<std::string> {
    static std::string read(const reply_view& reply);
};

template <>
struct from_reply<bool> {
    static bool read(const reply_view& reply);
};

template <class T>
    requires(std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>)
struct from_reply<T> {
    static T read(const reply_view& reply) {
        std::optional<std::int64_t> value;
        if (reply.type() == frame_type::integer) {
            value = reply.as_integer();
        } else if (reply.is_string() || reply.type() == frame_type::big_number) {
            if constexpr (std::is_unsigned_v<T>) {
                const auto number = text_to_unsigned(reply.text());
                if (number && std::in_range<T>(*number)) return static_cast<T>(*number);
            } else {
                value = text_to_integer(reply.text());
            }
        }
        if (!value || !std::in_range<T>(*value)) unexpected_reply("an integer in range", reply);
        return static_cast<T>(*value);
    }
};

template <std::floating_point T>
struct from_reply<T> {
    static T read(const reply_view& reply) {
        if (reply.type() == frame_type::real || reply.type() == frame_type::integer)
            return static_cast<T>(reply.as_real());
        if (reply.is_string() || reply.type() == frame_type::big_number)
            if (const auto number = text_to_real(reply.text())) return static_cast<T>(*number);
        unexpected_reply("a number", reply);
    }
};

template <class T>
struct from_reply<std::optional<T>> {
    static std::optional<T> read(const reply_view& reply) {
        if (reply.is_null()) return std::nullopt;
        return read_reply<T>(reply);
    }
};

template <class T>
struct from_reply<result<T>> {
    static result<T> read(const reply_view& reply) {
        if (reply.is_error()) return failure::error_reply(std::string{reply.text()});
        if constexpr (std::is_void_v<T>)
            return {};
        else
            return read_reply<T>(reply);
    }
};

/// The first alternative that does not refuse the reply.
template <class First, class... Others>
struct from_reply<std::variant<First, Others...>> {
    using variant = std::variant<First, Others...>;

    static variant read(const reply_view& reply) { return read_as<0>(reply); }

private:
    template <std::size_t Index>
    static variant read_as(const reply_view& reply) {
        using alternative = std::variant_alternative_t<Index, variant>;
        if constexpr (Index + 1 == std::variant_size_v<variant>) {
            return variant{std::in_place_index<Index>, read_reply<alternative>(reply)};
        } else {
            try {
                return variant{std::in_place_index<Index>, read_reply<alternative>(reply)};
            } catch (const std::exception&) { // of a user's type, whatever it likes
                return read_as<Index + 1>(reply);
            }
        }
    }
};

// --- aggregates of a known size ---

template <class... Ts>
struct from_reply<std::tuple<Ts...>> {
    static std::tuple<Ts...> read(const reply_view& reply) {
        if (!reply.is_aggregate() || reply.size() != sizeof...(Ts))
            unexpected_reply("an array of " + std::to_string(sizeof...(Ts)), reply);
        auto element = reply.begin();
        return std::tuple<Ts...>{read_reply<Ts>(*element++)...}; // braces: from left to right
    }
};

template <class First, class Second>
struct from_reply<std::pair<First, Second>> {
    static std::pair<First, Second> read(const reply_view& reply) {
        auto [first, second] = read_reply<std::tuple<First, Second>>(reply);
        return {std::move(first), std::move(second)};
    }
};

template <class T, std::size_t Size>
struct from_reply<std::array<T, Size>> {
    static std::array<T, Size> read(const reply_view& reply) {
        if (!reply.is_aggregate() || reply.size() != Size)
            unexpected_reply("an array of " + std::to_string(Size), reply);
        std::array<T, Size> all{};
        auto element = reply.begin();
        for (T& each : all)
            each = read_reply<T>(*element++);
        return all;
    }
};

// --- aggregates of any size ---

template <class T>
inline constexpr bool is_pair = false;
template <class First, class Second>
inline constexpr bool is_pair<std::pair<First, Second>> = true;

/// Calls visit(first, second) for each pair of an aggregate that holds pairs: a map, a flat array
/// (RESP2's way to write a map) or an array of arrays (RESP3's for scores).
template <class Visit>
void for_each_pair(const reply_view& reply, Visit&& visit) {
    if (!reply.is_aggregate()) unexpected_reply("pairs", reply);
    auto element = reply.begin();
    if (reply.type() != frame_type::map && element != reply.end() && (*element).is_aggregate()) {
        for (; element != reply.end(); ++element) {
            const reply_view both = *element;
            if (both.size() != 2) unexpected_reply("a pair", both);
            auto part = both.begin();
            const reply_view first = *part++;
            visit(first, *part);
        }
        return;
    }
    if (reply.size() % 2 != 0) unexpected_reply("pairs", reply);
    while (element != reply.end()) {
        const reply_view first = *element++;
        visit(first, *element++);
    }
}

/// The elements, or the pairs, of a reply in a container of them.
template <class Container>
Container read_all(const reply_view& reply) {
    using value_type = typename Container::value_type;
    Container all;
    const auto add = [&all](auto&& value) {
        if constexpr (requires { all.push_back(std::move(value)); })
            all.push_back(std::move(value));
        else
            all.insert(std::move(value));
    };
    if constexpr (requires { all.reserve(std::size_t{}); }) all.reserve(reply.size());
    if constexpr (is_pair<value_type>) {
        for_each_pair(reply, [&](const reply_view& first, const reply_view& second) {
            using first_type = std::remove_const_t<typename value_type::first_type>;
            using second_type = typename value_type::second_type;
            auto key = read_reply<first_type>(first);
            add(value_type{std::move(key), read_reply<second_type>(second)});
        });
    } else {
        if (!reply.is_aggregate()) unexpected_reply("an array", reply);
        for (const reply_view element : reply)
            add(read_reply<value_type>(element));
    }
    return all;
}

template <class T, class Allocator>
struct from_reply<std::vector<T, Allocator>> {
    static std::vector<T, Allocator> read(const reply_view& reply) {
        return read_all<std::vector<T, Allocator>>(reply);
    }
};

template <class T, class Less, class Allocator>
struct from_reply<std::set<T, Less, Allocator>> {
    static std::set<T, Less, Allocator> read(const reply_view& reply) {
        return read_all<std::set<T, Less, Allocator>>(reply);
    }
};

template <class T, class Hash, class Equal, class Allocator>
struct from_reply<std::unordered_set<T, Hash, Equal, Allocator>> {
    static std::unordered_set<T, Hash, Equal, Allocator> read(const reply_view& reply) {
        return read_all<std::unordered_set<T, Hash, Equal, Allocator>>(reply);
    }
};

template <class Key, class Value, class Less, class Allocator>
struct from_reply<std::map<Key, Value, Less, Allocator>> {
    static std::map<Key, Value, Less, Allocator> read(const reply_view& reply) {
        return read_all<std::map<Key, Value, Less, Allocator>>(reply);
    }
};

template <class Key, class Value, class Hash, class Equal, class Allocator>
struct from_reply<std::unordered_map<Key, Value, Hash, Equal, Allocator>> {
    static std::unordered_map<Key, Value, Hash, Equal, Allocator> read(const reply_view& reply) {
        return read_all<std::unordered_map<Key, Value, Hash, Equal, Allocator>>(reply);
    }
};

} // namespace mini_redis
