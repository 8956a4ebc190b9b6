// The fast path reads a request that is there whole; everything else (a cut, an inline command, an
// error, a connection before its password) is resume()'s, which keeps offsets, since the caller may
// move the bytes between two calls.
//
// Where Redis is lenient, so is this: any byte passes for the LF behind a CR, and the two bytes
// that end a bulk string are not looked at. Redis looks for line ends with strchr(), so a NUL in a
// line hides its end, and the line never ends but by growing too long.

#include "resp/request_parser.hpp"

#include <algorithm>
#include <cstring>

#include "resp/number.hpp"
#include "resp/quoted_words.hpp"

namespace mini_redis {

namespace {

constexpr std::size_t not_found = std::string_view::npos;

// The shortest argument is "$0\r\n\r\n".
constexpr std::int64_t shortest_argument = 6;

// Reads digits, CR and any byte from behind the type byte at `at`, and returns what follows them;
// null for all that is unusual: no CR in sight, no number, a leading zero, too many digits.
inline const char* read_length(const char* at, const char* end, std::int64_t& length) noexcept {
    // Nearly all lengths have one or two digits.
    if (end - at < 5) [[unlikely]]
        return nullptr;
    const unsigned first = static_cast<unsigned char>(at[1]) - unsigned{'0'};
    if (first > 9) [[unlikely]]
        return nullptr;
    if (at[2] == '\r') {
        length = first;
        return at + 4;
    }
    const unsigned second = static_cast<unsigned char>(at[2]) - unsigned{'0'};
    if (second > 9 || first == 0) [[unlikely]]
        return nullptr;
    std::int64_t value = first * 10 + second;
    at += 3;
    // `end - at` is at least 2 here.
    for (int digits = 2; *at != '\r'; ++digits) {
        const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
        if (digit > 9 || digits == 18 || end - at < 3) [[unlikely]]
            return nullptr;
        value = value * 10 + digit;
        ++at;
    }
    length = value;
    return at + 2;
}

} // namespace

// Invariant: everything before `position` is understood, and `words` says what it held; the line
// that begins at `position`, if one does, has no end before `scanned`.
struct request_parser::partial_request {
    enum class stage : unsigned char { inline_line, count, length, bulk };

    struct word {
        std::size_t offset;
        std::size_t size;
    };

    stage at = stage::count;
    std::size_t position = 0;
    std::size_t scanned = 0;
    std::size_t needed = 0;
    std::size_t bulk_size = 0;
    std::size_t missing = 0; // arguments to come, the present one included
    std::vector<word> words;

    // Where `ending` is in the line at `position`; not_found if it is not there, yet or ever.
    std::size_t find(char ending, std::string_view input, std::size_t longest) {
        const std::size_t from = std::max(position, scanned);
        const std::size_t until = std::min(input.size(), position + longest + 1);
        if (from >= until) return not_found;
        const auto* const begin = input.data() + from;
        const auto* const found =
            static_cast<const char*>(std::memchr(begin, ending, until - from));
        const std::size_t size = found ? static_cast<std::size_t>(found - begin) : until - from;
        if (std::memchr(begin, '\0', size)) {
            scanned = position + longest + 1; // so that nothing of this line is looked at again
            return not_found;
        }
        scanned = from + size;
        return found ? scanned : not_found;
    }
};

request_parser::request_parser(const protocol_limits& limits) noexcept : limits_{&limits} {}

request_parser::request_parser(request_parser&&) noexcept = default;
request_parser& request_parser::operator=(request_parser&&) noexcept = default;
request_parser::~request_parser() = default;

void request_parser::restart() noexcept {
    partial_.reset();
}

auto request_parser::parse(std::string_view input, argument_list& arguments) -> result {
    const char* at = input.data();
    const char* const end = at + input.size();
    if (partial_ || at == end || *at != '*' || !limits_->authenticated) [[unlikely]]
        return parse_slowly(input, arguments);
    std::int64_t count = 0;
    at = read_length(at, end, count);
    // An announced count must not make the list grow before the bytes are there.
    if (!at || count > limits_->arguments || count > (end - at) / shortest_argument) [[unlikely]]
        return parse_slowly(input, arguments);
    arguments.resize(static_cast<std::size_t>(count));
    const std::int64_t longest = limits_->bulk_size;
    for (std::string_view& argument : arguments) {
        if (at == end || *at != '$') [[unlikely]]
            return parse_slowly(input, arguments);
        std::int64_t length = 0;
        at = read_length(at, end, length);
        if (!at || length > end - at - 2 || length > longest) [[unlikely]]
            return parse_slowly(input, arguments);
        argument = {at, static_cast<std::size_t>(length)};
        at += length + 2;
    }
    consumed_ = static_cast<std::size_t>(at - input.data());
    return result::request;
}

const std::string& request_parser::error_text() const noexcept {
    static const std::string none;
    return text_ ? *text_ : none;
}

std::size_t request_parser::needed() const noexcept {
    return partial_ ? partial_->needed : 1;
}

auto request_parser::parse_slowly(std::string_view input, argument_list& arguments) -> result {
    using stage = partial_request::stage;
    arguments.clear();
    text_.reset();
    if (input.empty()) return result::need_more;
    if (partial_) {
        const result outcome = resume(*partial_, input, arguments);
        if (outcome != result::need_more) partial_.reset();
        return outcome;
    }
    partial_request part;
    if (input[0] != '*') part.at = stage::inline_line;
    const result outcome = resume(part, input, arguments);
    if (outcome == result::need_more) partial_ = std::make_unique<partial_request>(std::move(part));
    return outcome;
}

auto request_parser::resume(partial_request& part, std::string_view input, argument_list& arguments)
    -> result {
    part.needed = input.size() + 1;
    if (part.at == partial_request::stage::inline_line) return read_inline(part, input, arguments);
    return read_multibulk(part, input, arguments);
}

auto request_parser::read_multibulk(partial_request& part, std::string_view input,
                                    argument_list& arguments) -> result {
    using stage = partial_request::stage;
    while (part.at == stage::count || part.missing > 0) {
        if (part.at == stage::bulk) {
            const std::size_t end = part.position + part.bulk_size + 2;
            if (input.size() < end) {
                part.needed = end;
                return result::need_more;
            }
            part.words.push_back({part.position, part.bulk_size});
            --part.missing;
            part.position = end;
            part.at = stage::length;
            continue;
        }

        const bool counting = part.at == stage::count;
        const std::size_t line_end = part.find('\r', input, limits_->inline_size);
        if (line_end == not_found) {
            if (input.size() - part.position <= limits_->inline_size) return result::need_more;
            return fail(counting ? "too big mbulk count string" : "too big bulk count string");
        }
        if (line_end + 2 > input.size()) return result::need_more;
        const char type = input[part.position];
        const auto value =
            parse_integer(input.substr(part.position + 1, line_end - part.position - 1));
        if (counting) {
            if (!value || *value > limits_->arguments) return fail("invalid multibulk length");
            if (!limits_->authenticated && *value > protocol_limits::unauthenticated_arguments)
                return fail("unauthenticated multibulk length");
            part.missing = static_cast<std::size_t>(std::max<std::int64_t>(*value, 0));
            part.at = stage::length;
        } else {
            if (type != '$') {
                std::string text = "expected '$', got ' '";
                if (type != '\r' && type != '\n') text[text.size() - 2] = type;
                return fail(text);
            }
            if (!value || *value < 0 || *value > limits_->bulk_size)
                return fail("invalid bulk length");
            if (!limits_->authenticated && *value > protocol_limits::unauthenticated_bulk_size)
                return fail("unauthenticated bulk length");
            part.bulk_size = static_cast<std::size_t>(*value);
            part.at = stage::bulk;
        }
        part.position = line_end + 2;
    }

    arguments.reserve(part.words.size());
    for (const auto& word : part.words)
        arguments.push_back(input.substr(word.offset, word.size));
    consumed_ = part.position;
    return result::request;
}

auto request_parser::read_inline(partial_request& part, std::string_view input,
                                 argument_list& arguments) -> result {
    const std::size_t newline = part.find('\n', input, limits_->inline_size);
    if (newline == not_found) {
        if (input.size() <= limits_->inline_size) return result::need_more;
        return fail("too big inline request");
    }
    std::string_view line = input.substr(0, newline);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!split_words(line, arguments)) return fail("unbalanced quotes in request");
    consumed_ = newline + 1;
    return result::request;
}

bool request_parser::split_words(std::string_view line, argument_list& arguments) {
    const bool has_quotes = line.find_first_of("\"'") != not_found;
    if (has_quotes) text_ = std::make_unique<std::string>();
    std::string none;
    return split_quoted_words(line, has_quotes ? *text_ : none, arguments);
}

auto request_parser::fail(std::string_view text) -> result {
    text_ = std::make_unique<std::string>("ERR Protocol error: ");
    *text_ += text;
    return result::error;
}

} // namespace mini_redis
