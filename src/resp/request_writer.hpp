// Writes requests, as a client sends them, straight into an output buffer.
//
//   request = "*" count CRLF count*( "$" length CRLF bytes CRLF )
#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "resp/number.hpp"
#include "resp/output_buffer.hpp"

namespace mini_redis {

/// What may be a word of a request: text, or an integer, which is written in decimal. Booleans and
/// characters are neither.
template <typename T>
concept request_word = std::convertible_to<const T&, std::string_view> ||
                       (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                        !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                        !std::same_as<T, char16_t> && !std::same_as<T, char32_t>);

/// Writes a request in parts: a header, then as many words as it announced.
///
/// Invariant: all was reserved by the constructor, so that writing only moves a pointer.
class request_writer {
public:
    /// `room` is at least the sum of the room() of all words.
    request_writer(output_buffer& out, std::size_t words, std::size_t room)
        : out_{&out},
          begin_{out.prepare(header_room + room)},
          at_{begin_} {
        header('*', words);
    }

    request_writer(const request_writer&) = delete;
    request_writer& operator=(const request_writer&) = delete;

    ~request_writer() { out_->commit(static_cast<std::size_t>(at_ - begin_)); }

    /// The most bytes that a word takes.
    template <request_word Word>
    static std::size_t room(const Word& word) noexcept {
        if constexpr (std::integral<Word>)
            return header_room + integer_digits + 2;
        else
            return header_room + std::string_view{word}.size() + 2;
    }

    template <request_word Word>
    void word(const Word& word) noexcept {
        if constexpr (std::integral<Word>) {
            char digits[integer_digits];
            if constexpr (std::is_signed_v<Word>)
                text({digits, format_integer(word, digits)});
            else
                text({digits, format_unsigned(word, digits)});
        } else {
            text(std::string_view{word});
        }
    }

private:
    static constexpr std::size_t header_room = 1 + integer_digits + 2;

    void text(std::string_view bytes) noexcept {
        header('$', bytes.size());
        if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
        at_ += bytes.size();
        end_line();
    }

    void header(char type, std::size_t value) noexcept {
        *at_++ = type;
        if (value < 10)
            *at_++ = static_cast<char>('0' + value);
        else
            at_ += format_unsigned(value, at_);
        end_line();
    }

    void end_line() noexcept {
        at_[0] = '\r';
        at_[1] = '\n';
        at_ += 2;
    }

    output_buffer* out_;
    char* begin_;
    char* at_;
};

/// Appends one request: `write_request(out, "SET", key, value, "EX", 10)`.
template <request_word... Words>
    requires(sizeof...(Words) > 0)
void write_request(output_buffer& out, const Words&... words) {
    request_writer request{out, sizeof...(words), (request_writer::room(words) + ...)};
    (request.word(words), ...);
}

/// The same, of words that are counted at run time.
inline void write_request(output_buffer& out, std::span<const std::string_view> words) {
    std::size_t room = 0;
    for (const std::string_view word : words)
        room += request_writer::room(word);
    request_writer request{out, words.size(), room};
    for (const std::string_view word : words)
        request.word(word);
}

} // namespace mini_redis
