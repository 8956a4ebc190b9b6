// Writes replies, in RESP2 or RESP3 as the connection chose, straight into an output buffer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mini_redis/frame.hpp>
#include <string_view>
#include <utility>

#include "resp/output_buffer.hpp"

namespace mini_redis {

/// One call writes one value; an aggregate's header is followed by as many values as it announced
/// (a map: twice as many). What RESP2 lacks is written as Redis writes it to RESP2 clients.
class reply_writer {
public:
    explicit reply_writer(output_buffer& out,
                          protocol_version protocol = protocol_version::resp2) noexcept
        : out_{&out},
          protocol_{protocol} {}

    protocol_version protocol() const noexcept { return protocol_; }

    void set_protocol(protocol_version protocol) noexcept { protocol_ = protocol; }

    bool resp3() const noexcept { return protocol_ == protocol_version::resp3; }

    output_buffer& buffer() const noexcept { return *out_; }

    /// Lets what follows go to `sink`, which nobody is sent, until unmute(). Does nothing if it is
    /// muted already.
    void mute(output_buffer& sink) noexcept {
        if (heard_ != nullptr) return;
        heard_ = out_;
        out_ = &sink;
    }

    void unmute() noexcept {
        if (heard_ != nullptr) out_ = std::exchange(heard_, nullptr);
    }

    /// While it lives, a muted writer is heard: for pushes, which are not replies.
    class pushing {
    public:
        explicit pushing(reply_writer& writer) noexcept
            : writer_{writer},
              sink_{writer.heard_ != nullptr ? writer.out_ : nullptr} {
            writer_.unmute();
        }

        ~pushing() {
            if (sink_ != nullptr) writer_.mute(*sink_);
        }

        pushing(const pushing&) = delete;
        pushing& operator=(const pushing&) = delete;

    private:
        reply_writer& writer_;
        output_buffer* sink_;
    };

    void ok() { raw("+OK\r\n"); }

    /// Here and in errors, line breaks become spaces, or fall away at the end.
    void simple_string(std::string_view text);
    /// `text` starts with the error's code, "ERR …" say.
    void error(std::string_view text);

    /// How many errors have been written so far.
    std::uint64_t errors() const noexcept { return errors_; }

    /// Sets the number back to an earlier one, when those since have been seen to.
    void forget_errors_since(std::uint64_t before) noexcept {
        errors_ = before;
        uncounted_errors_ = 0;
    }

    /// How many of them are not in the statistics yet.
    std::uint64_t uncounted_errors() const noexcept { return uncounted_errors_; }

    void mark_errors_counted() noexcept { uncounted_errors_ = 0; }

    /// The code of the last error: "WRONGTYPE". "ERR" where its text begins with none.
    std::string_view last_error_code() const noexcept { return {code_.data(), code_size_}; }

    void integer(std::int64_t value);
    void boolean(bool value); ///< RESP2: integer 0 or 1
    void bulk_string(std::string_view bytes);
    void null();       ///< RESP2: null bulk string `$-1`
    void null_array(); ///< RESP2: null array `*-1`; RESP3: `_`
    void array(std::size_t size);
    void map(std::size_t pairs);              ///< RESP2: an array of twice the size
    void set(std::size_t size);               ///< RESP2: an array
    void push(std::size_t size);              ///< RESP2: an array
    void real(double value);                  ///< RESP2: a bulk string; digits as format_real
    void big_number(std::string_view digits); ///< RESP2: a bulk string
    void bulk_error(std::string_view text);   ///< RESP2: an error
    /// `format` has three characters. RESP2: a bulk string of the text alone.
    void verbatim_string(std::string_view format, std::string_view text);

    /// A whole frame, with all that nests in it.
    void value(const frame& value);

    /// Bytes that are RESP already.
    void raw(std::string_view bytes) { out_->append(bytes); }

private:
    void header(char type, std::uint64_t value);
    void blob(char type, std::string_view prefix, std::string_view bytes);

    output_buffer* out_;
    output_buffer* heard_ = nullptr; // while muted: where the others go
    std::uint64_t errors_ = 0;
    std::uint64_t uncounted_errors_ = 0;
    std::array<char, 32> code_;
    std::uint8_t code_size_ = 0;
    protocol_version protocol_;
};

} // namespace mini_redis
