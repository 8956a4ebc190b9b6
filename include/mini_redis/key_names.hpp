// The names of several keys, as calls take them.
#pragma once

#include <cstddef>
#include <mini_redis/commands/family.hpp>
#include <string>
#include <vector>

namespace mini_redis {

/// Keys that a call copies: named one by one, or in ranges.
///
///     co_await c.eval<int>(count_both, {"users", "guests"});
///     key_names all{"total", partial_totals};
///
/// It is no std::vector because GCC 12 cannot make one from braces within a co_await expression.
class key_names {
public:
    using value_type = std::string;
    using const_iterator = std::vector<std::string>::const_iterator;

    key_names() = default;

    template <class... Keys>
        requires(sizeof...(Keys) > 0) && ((word_like<Keys> || word_range<Keys>) && ...)
    key_names(const Keys&... keys) {
        (add(keys), ...);
    }

    std::size_t size() const noexcept { return names_.size(); }

    bool empty() const noexcept { return names_.empty(); }

    const_iterator begin() const noexcept { return names_.begin(); }

    const_iterator end() const noexcept { return names_.end(); }

private:
    template <class Keys>
    void add(const Keys& keys) {
        if constexpr (word_like<Keys>) {
            names_.emplace_back(word{keys}.view());
        } else {
            for (const auto& key : keys)
                names_.emplace_back(word{key}.view());
        }
    }

    std::vector<std::string> names_;
};

} // namespace mini_redis
