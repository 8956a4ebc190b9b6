// One RESP value of any type, as it is read from or written to a connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mini_redis {

/// The RESP types (https://redis.io/docs/reference/protocol-spec/). The value is the type's first
/// byte on the wire; null is written `_` in RESP3, and read from `_`, `$-1` and `*-1`.
enum class frame_type : char {
    simple_string = '+',
    error = '-',
    integer = ':',
    bulk_string = '$',
    array = '*',
    null = '_',
    boolean = '#',
    real = ',', // "double" in RESP3, a keyword here
    big_number = '(',
    bulk_error = '!',
    verbatim_string = '=',
    map = '%',
    set = '~',
    push = '>',
};

/// Which spelling of the protocol a connection speaks, as chosen by HELLO.
enum class protocol_version : std::uint8_t { resp2 = 2, resp3 = 3 };

/// A RESP value. Aggregates nest; a map holds key, value, key, value … in order.
///
/// *Thread safety*: a value like std::string.
///
///     frame reply = frame::array({frame::bulk_string("a"), frame::integer(1)});
///     for (const frame& element : reply.elements()) print(to_string(element));
class frame {
public:
    /// A null.
    frame() = default;

    static frame null() { return {}; }

    static frame simple_string(std::string text);
    static frame error(std::string text);
    static frame integer(std::int64_t value);
    static frame bulk_string(std::string bytes);
    static frame boolean(bool value);
    static frame real(double value);
    /// `digits` is an optional sign and decimal digits.
    static frame big_number(std::string digits);
    static frame bulk_error(std::string text);
    /// `format` has three characters, such as "txt" or "mkd".
    static frame verbatim_string(std::string_view format, std::string_view text);
    static frame array(std::vector<frame> elements);
    /// `elements` are key, value, key, value …
    static frame map(std::vector<frame> elements);
    static frame set(std::vector<frame> elements);
    static frame push(std::vector<frame> elements);
    /// Any aggregate type by name.
    static frame aggregate(frame_type type, std::vector<frame> elements);

    frame_type type() const noexcept { return type_; }

    bool is_null() const noexcept { return type_ == frame_type::null; }

    /// An error or a bulk error.
    bool is_error() const noexcept {
        return type_ == frame_type::error || type_ == frame_type::bulk_error;
    }

    /// A string of any kind: simple, bulk or verbatim.
    bool is_string() const noexcept {
        return type_ == frame_type::simple_string || type_ == frame_type::bulk_string ||
               type_ == frame_type::verbatim_string;
    }

    /// An array, map, set or push.
    bool is_aggregate() const noexcept {
        return type_ == frame_type::array || type_ == frame_type::map || type_ == frame_type::set ||
               type_ == frame_type::push;
    }

    /// The text of a string, error or big number (of a verbatim string, what follows its format);
    /// empty for every other type. Valid while the frame lives unchanged.
    std::string_view text() const noexcept;
    /// Moves the text out, without a copy where the type allows it.
    std::string take_text() &&;
    /// The format of a verbatim string, "txt" say; empty for every other type.
    std::string_view format() const noexcept;
    /// The value of an integer or boolean (0, 1); 0 for every other type.
    std::int64_t as_integer() const noexcept;
    /// The value of a double or integer; 0 for every other type.
    double as_real() const noexcept;

    bool as_boolean() const noexcept { return as_integer() != 0; }

    /// The elements of an aggregate; empty for every other type.
    const std::vector<frame>& elements() const noexcept;
    std::vector<frame> take_elements() &&;

    /// RESP3 attributes that preceded the value: key, value … ; empty for nearly every frame.
    const std::vector<frame>& attributes() const noexcept;
    void set_attributes(std::vector<frame> key_values);

    friend bool operator==(const frame& left, const frame& right);

    frame(const frame& other);
    frame& operator=(const frame& other);
    frame(frame&&) noexcept = default;
    frame& operator=(frame&&) noexcept = default;
    ~frame() = default;

private:
    friend class reply_view; // makes frames of what was read

    using payload =
        std::variant<std::monostate, std::int64_t, double, std::string, std::vector<frame>>;

    // A verbatim string is stored as it is sent, "txt:" and the text.
    template <typename Value>
    frame(frame_type type, Value&& value) : type_{type},
                                            value_{std::forward<Value>(value)} {}

    frame_type type_ = frame_type::null;
    payload value_;
    std::unique_ptr<std::vector<frame>> attributes_;
};

/// Appends the frame to `out` as it goes over the wire. In RESP2 the newer types are written as
/// Redis writes them there: a map, set or push as an array, a double as a bulk string, a boolean as
/// an integer, a null as `$-1`, a big number or verbatim string as a bulk string, a bulk error as
/// an error, and attributes not at all.
void encode(const frame& value, protocol_version protocol, std::string& out);

/// The frame in the manner of redis-cli, for logs and demos: `"text"`, `(integer) 1`, `(nil)` …
std::string to_string(const frame& value);

} // namespace mini_redis
