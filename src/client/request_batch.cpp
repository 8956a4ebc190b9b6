#include <mini_redis/detail/request_batch.hpp>

#include <mini_redis/detail/client_core.hpp>

#include "resp/number.hpp"

namespace mini_redis {

namespace {

void append_header(std::string& out, char type, std::size_t value) {
    char digits[integer_digits];
    out += type;
    out.append(digits, format_unsigned(value, digits));
    out += "\r\n";
}

} // namespace

void request_batch::add(std::span<const std::string_view> words) {
    if (!has_one_reply(words)) have_one_reply_each_ = false;
    append_header(bytes_, '*', words.size());
    for (const std::string_view word : words) {
        append_header(bytes_, '$', word.size());
        bytes_ += word;
        bytes_ += "\r\n";
    }
    ++size_;
}

} // namespace mini_redis
