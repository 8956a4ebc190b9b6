// Bytes -> requests: RESP arrays of bulk strings, and inline commands, as a server reads them.
//
//   request  = "*" count CRLF count*( "$" length CRLF bytes CRLF )  |  inline line (CR)LF
//
// The arguments are views into the caller's buffer. A request that is there whole is parsed in one
// go with no allocation; one that is cut is resumed where the bytes ended, so that a request costs
// linear time however it is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resp/limits.hpp"

namespace mini_redis {

/// The words of a request, its name first.
using argument_list = std::vector<std::string_view>;

/// Reads one request after the other from a buffer that the caller owns.
///
///     while (true) {
///         switch (parser.parse(input, arguments)) {
///         case request_parser::result::request: execute(arguments);
///         input.remove_prefix(parser.consumed()); break; case request_parser::result::need_more:
///         return;   // keep `input` from its first byte on case request_parser::result::error:
///         answer(parser.error_text()); close(); return;
///         }
///     }
class request_parser {
public:
    enum class result { request, need_more, error };

    /// `limits` outlives the parser, and may change between two calls.
    explicit request_parser(const protocol_limits& limits) noexcept;
    request_parser(request_parser&&) noexcept;
    request_parser& operator=(request_parser&&) noexcept;
    ~request_parser();

    /// Tries to read one request from the front of `input`.
    ///
    /// request: `arguments` holds its words, valid while the bytes of `input` stay where they are
    /// (inline words with quotes: until the next call), and consumed() says how many bytes it took.
    /// An empty request (`*0`, an empty line) gives no arguments, and is to be ignored.
    /// need_more: call again with the same bytes, possibly moved, and more behind them.
    /// error: the connection is to be closed after error_text() was sent.
    result parse(std::string_view input, argument_list& arguments);

    /// Changes what is allowed from the next byte on; `limits` must outlive the parser.
    void set_limits(const protocol_limits& limits) noexcept { limits_ = &limits; }

    std::size_t consumed() const noexcept { return consumed_; }

    /// The reply without "-" and CRLF, such as `ERR Protocol error: invalid bulk length`.
    const std::string& error_text() const noexcept;

    /// After need_more: how many bytes the input must have at least before parse() can get
    /// further (known inside a bulk string; otherwise one more than there are).
    std::size_t needed() const noexcept;

    /// Forgets a request that is cut, to begin again with its first byte.
    void restart() noexcept;

    /// True between need_more and the call that ends the request.
    bool in_request() const noexcept { return partial_ != nullptr; }

private:
    struct partial_request;

    result parse_slowly(std::string_view input, argument_list& arguments);
    result resume(partial_request& part, std::string_view input, argument_list& arguments);
    result read_multibulk(partial_request& part, std::string_view input, argument_list& arguments);
    result read_inline(partial_request& part, std::string_view input, argument_list& arguments);
    bool split_words(std::string_view line, argument_list& arguments);
    result fail(std::string_view text);

    const protocol_limits* limits_;
    std::size_t consumed_ = 0;
    // Idle connections own neither of these.
    std::unique_ptr<partial_request> partial_; // only while a request is cut
    std::unique_ptr<std::string> text_;        // what quoted inline words mean, or the error's text
};

} // namespace mini_redis
