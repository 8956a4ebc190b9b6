// The words of one command, on their way from the caller to the connection without a copy.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mini_redis {

/// One word: bytes that someone else owns, or a number that is written out here.
///
/// Whatever converts to std::string_view is such bytes (any bytes, zeros too), every integer and
/// floating-point type is a number. `bool` and `char` are neither: say which text you mean.
class word {
public:
    word() = default;

    template <class Text>
        requires std::convertible_to<const Text&, std::string_view>
    word(const Text& text) noexcept {
        const std::string_view bytes = text;
        text_ = bytes.data() ? bytes.data() : "";
        size_ = bytes.size();
    }

    template <class Number>
        requires(std::integral<Number> || std::floating_point<Number>) &&
                (!std::same_as<Number, bool>) && (!std::same_as<Number, char>)
    word(Number value) noexcept {
        if constexpr (std::same_as<Number, long double>) {
            write(static_cast<double>(value)); // of which 24 characters hold all digits
        } else {
            write(value); // the shortest digits that read back the same
        }
    }

    std::string_view view() const noexcept { return {text_ ? text_ : digits_, size_}; }

private:
    template <class Number>
    void write(Number value) noexcept {
        size_ = static_cast<std::size_t>(
            std::to_chars(digits_, digits_ + sizeof digits_, value).ptr - digits_);
    }

    const char* text_ = nullptr; // null: the bytes are in digits_
    std::size_t size_ = 0;
    char digits_[24];
};

template <class T>
concept word_like = std::constructible_from<word, const T&>;

/// A command and its arguments. It refers to the texts it was given, which must live until the call
/// that takes it has ended; a short one allocates nothing.
///
///     command_line lpush{"LPUSH", "queue", 1, 2.5};
///     for (const std::string& job : jobs) lpush.add(job);
///     frame length = co_await c.send(lpush);
class command_line {
public:
    template <word_like... Words>
    explicit command_line(const Words&... words) {
        if constexpr (sizeof...(words) > inline_size) more_.reserve(sizeof...(words) - inline_size);
        (add(words), ...);
    }

    command_line& add(word next) {
        if (size_ < inline_size) {
            inline_[size_] = next;
        } else {
            more_.push_back(next);
        }
        ++size_;
        return *this;
    }

    std::size_t size() const noexcept { return size_; }

    /// The word at `index`, which is less than size().
    std::string_view operator[](std::size_t index) const noexcept {
        return index < inline_size ? inline_[index].view() : more_[index - inline_size].view();
    }

private:
    static constexpr std::size_t inline_size = 6;

    std::array<word, inline_size> inline_;
    std::vector<word> more_; // the words after the first six
    std::size_t size_ = 0;
};

} // namespace mini_redis
