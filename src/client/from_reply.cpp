#include <mini_redis/from_reply.hpp>

#include <fmt/format.h>
#include <limits>

#include "resp/number.hpp"

namespace mini_redis {

namespace {

std::string describe(const reply_view& reply) {
    constexpr std::size_t shown = 40;
    const std::string_view text = reply.text();
    const auto cut = fmt::format("\"{}{}\"", text.substr(0, shown), text.size() > shown ? "…" : "");
    switch (reply.type()) {
    case frame_type::simple_string: return "the simple string " + cut;
    case frame_type::bulk_string: return "the string " + cut;
    case frame_type::verbatim_string: return "the verbatim string " + cut;
    case frame_type::big_number: return "the big number " + cut;
    case frame_type::error:
    case frame_type::bulk_error: return "the error " + cut;
    case frame_type::integer: return fmt::format("the integer {}", reply.as_integer());
    case frame_type::boolean: return reply.as_boolean() ? "true" : "false";
    case frame_type::real: return fmt::format("the double {}", reply.as_real());
    case frame_type::null: return "null";
    case frame_type::array: return fmt::format("an array of {}", reply.size());
    case frame_type::map: return fmt::format("a map of {}", reply.size() / 2);
    case frame_type::set: return fmt::format("a set of {}", reply.size());
    case frame_type::push: return fmt::format("a push of {}", reply.size());
    }
    return "something unknown";
}

} // namespace

void unexpected_reply(std::string_view expected, const reply_view& got) {
    if (got.is_error()) throw redis_error(std::string{got.text()});
    throw std::system_error(errc::unexpected_reply,
                            fmt::format("expected {}, got {}", expected, describe(got)));
}

std::optional<std::int64_t> text_to_integer(std::string_view text) noexcept {
    return parse_integer(text);
}

std::optional<std::uint64_t> text_to_unsigned(std::string_view text) noexcept {
    return parse_unsigned(text);
}

std::optional<double> text_to_real(std::string_view text) noexcept {
    if (text == "nan" || text == "-nan") return std::numeric_limits<double>::quiet_NaN();
    return parse_real(text);
}

std::string from_reply<std::string>::read(const reply_view& reply) {
    if (reply.is_string() || reply.type() == frame_type::big_number)
        return std::string{reply.text()};
    if (reply.type() == frame_type::integer) {
        char digits[integer_digits];
        return {digits, format_integer(reply.as_integer(), digits)};
    }
    if (reply.type() == frame_type::real) {
        char digits[real_digits];
        return {digits, format_real(reply.as_real(), digits)};
    }
    unexpected_reply("a string", reply);
}

bool from_reply<bool>::read(const reply_view& reply) {
    switch (reply.type()) {
    case frame_type::boolean: return reply.as_boolean();
    case frame_type::null: return false;
    case frame_type::integer:
        if (reply.as_integer() == 0 || reply.as_integer() == 1) return reply.as_integer() == 1;
        break;
    case frame_type::simple_string:
    case frame_type::bulk_string:
        if (reply.text() == "OK" || reply.text() == "1") return true;
        if (reply.text() == "0") return false;
        break;
    default: break;
    }
    unexpected_reply("a yes or no", reply);
}

} // namespace mini_redis
