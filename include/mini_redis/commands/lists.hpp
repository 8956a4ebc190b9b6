// Typed commands: lists.
#pragma once

#include <cstdint>
#include <mini_redis/commands/family.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini_redis {

/// An end of a list.
enum class list_side { left, right };

constexpr std::string_view name_of(list_side side) noexcept {
    return side == list_side::left ? "LEFT" : "RIGHT";
}

/// The options of lpos().
struct lpos_options {
    std::int64_t rank = 1; ///< RANK: 2 is the second one that is found; below zero from the end
    std::int64_t max_length = 0; ///< MAXLEN: looks at so many elements at most; 0: at all
};

template <class Self>
class list_commands {
public:
    /// LPUSH, RPUSH: the length afterwards. Elements are texts, numbers or ranges of them.
    auto lpush(std::string_view key, const auto&... elements) {
        return issue_all<std::int64_t>(self(), command_line{"LPUSH", key}, elements...);
    }

    auto rpush(std::string_view key, const auto&... elements) {
        return issue_all<std::int64_t>(self(), command_line{"RPUSH", key}, elements...);
    }

    /// LPUSHX, RPUSHX: the same, only if there is such a list; 0 if not.
    auto lpushx(std::string_view key, const auto&... elements) {
        return issue_all<std::int64_t>(self(), command_line{"LPUSHX", key}, elements...);
    }

    auto rpushx(std::string_view key, const auto&... elements) {
        return issue_all<std::int64_t>(self(), command_line{"RPUSHX", key}, elements...);
    }

    /// LPOP, RPOP: the element, or nothing if there is none.
    template <class Reply = std::optional<std::string>>
    auto lpop(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"LPOP", key}, std::move(token)...);
    }

    template <class Reply = std::optional<std::string>>
    auto rpop(std::string_view key, auto... token) {
        return issue<Reply>(self(), short_command{"RPOP", key}, std::move(token)...);
    }

    /// The same with up to `count` elements; nothing if there is no such list.
    template <class Reply = std::optional<std::vector<std::string>>>
    auto lpop_many(std::string_view key, std::int64_t count, auto... token) {
        return issue<Reply>(self(), short_command{"LPOP", key, count}, std::move(token)...);
    }

    template <class Reply = std::optional<std::vector<std::string>>>
    auto rpop_many(std::string_view key, std::int64_t count, auto... token) {
        return issue<Reply>(self(), short_command{"RPOP", key, count}, std::move(token)...);
    }

    /// LLEN: 0 if there is no such list.
    auto llen(std::string_view key, auto... token) {
        return issue<std::int64_t>(self(), short_command{"LLEN", key}, std::move(token)...);
    }

    /// LRANGE: from `first` to `last`, both included; below zero from the end.
    template <class Reply = std::vector<std::string>>
    auto lrange(std::string_view key, std::int64_t first, std::int64_t last, auto... token) {
        return issue<Reply>(self(), short_command{"LRANGE", key, first, last}, std::move(token)...);
    }

    /// LINDEX: the element, or nothing if there is none.
    template <class Reply = std::optional<std::string>>
    auto lindex(std::string_view key, std::int64_t index, auto... token) {
        return issue<Reply>(self(), short_command{"LINDEX", key, index}, std::move(token)...);
    }

    /// LINSERT: the length afterwards; -1 if there is no such pivot.
    auto linsert_before(std::string_view key, const word_like auto& pivot,
                        const word_like auto& element, auto... token) {
        return issue<std::int64_t>(self(), short_command{"LINSERT", key, "BEFORE", pivot, element},
                                   std::move(token)...);
    }

    auto linsert_after(std::string_view key, const word_like auto& pivot,
                       const word_like auto& element, auto... token) {
        return issue<std::int64_t>(self(), short_command{"LINSERT", key, "AFTER", pivot, element},
                                   std::move(token)...);
    }

    /// LSET: an error if the index is out of range.
    auto lset(std::string_view key, std::int64_t index, const word_like auto& element,
              auto... token) {
        return issue<void>(self(), short_command{"LSET", key, index, element}, std::move(token)...);
    }

    /// LREM: how many were removed, of `count` from the head; below zero from the tail; zero: all.
    auto lrem(std::string_view key, std::int64_t count, const word_like auto& element,
              auto... token) {
        return issue<std::int64_t>(self(), short_command{"LREM", key, count, element},
                                   std::move(token)...);
    }

    /// LTRIM: keeps what LRANGE would give.
    auto ltrim(std::string_view key, std::int64_t first, std::int64_t last, auto... token) {
        return issue<void>(self(), short_command{"LTRIM", key, first, last}, std::move(token)...);
    }

    /// LPOS: where the element is first, or nothing.
    template <class Reply = std::optional<std::int64_t>>
    auto lpos(std::string_view key, const word_like auto& element, auto... token) {
        return issue<Reply>(self(), short_command{"LPOS", key, element}, std::move(token)...);
    }

    template <class Reply = std::optional<std::int64_t>>
    auto lpos(std::string_view key, const word_like auto& element, const lpos_options& options,
              auto... token) {
        return issue<Reply>(
            self(),
            short_command{"LPOS", key, element, "RANK", options.rank, "MAXLEN", options.max_length},
            std::move(token)...);
    }

    /// LPOS … COUNT: where the element is, up to `count` times; zero: always.
    template <class Reply = std::vector<std::int64_t>>
    auto lpos_many(std::string_view key, const word_like auto& element, std::int64_t count,
                   auto... token) {
        return lpos_many<Reply>(key, element, count, lpos_options{}, std::move(token)...);
    }

    template <class Reply = std::vector<std::int64_t>>
    auto lpos_many(std::string_view key, const word_like auto& element, std::int64_t count,
                   const lpos_options& options, auto... token) {
        return issue<Reply>(self(),
                            short_command{"LPOS", key, element, "RANK", options.rank, "COUNT",
                                          count, "MAXLEN", options.max_length},
                            std::move(token)...);
    }

    /// LMPOP: up to `count` elements of the first of the lists that is there, and its key; nothing
    /// if none is.
    template <class Reply = std::optional<std::pair<std::string, std::vector<std::string>>>>
    auto lmpop(list_side side, std::int64_t count, const auto&... keys) {
        const auto tail = [&](command_line& to) { to.add(name_of(side)).add("COUNT").add(count); };
        return issue_counted<Reply>(self(), command_line{"LMPOP"}, tail, keys...);
    }

    /// LMOVE: the element that was moved, or nothing if there was none.
    template <class Reply = std::optional<std::string>>
    auto lmove(std::string_view from, std::string_view to, list_side take, list_side put,
               auto... token) {
        return issue<Reply>(self(), short_command{"LMOVE", from, to, name_of(take), name_of(put)},
                            std::move(token)...);
    }

private:
    Self& self() noexcept { return static_cast<Self&>(*this); }
};

} // namespace mini_redis
