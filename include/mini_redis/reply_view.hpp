// A reply that is read in place, where the connection received it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <mini_redis/frame.hpp>
#include <string_view>

namespace mini_redis {

/// One value of a reply as the parser found it. A reply is an array of them, each aggregate
/// followed by what is in it.
struct reply_node {
    std::int64_t number = 0; ///< an integer; a double's bits; of a text, where it begins
    std::size_t size = 0;    ///< bytes of a text, elements of an aggregate
    std::size_t end = 0;     ///< the index of the node behind this value
    char type = 0;           ///< frame_type, or '|' for attributes, which precede their value
};

/// A value of a reply, without a copy: what a frame tells, but in the connection's own buffer.
///
///     for (const reply_view element : reply) total += element.text().size();
///
/// *Lifetime*: that of the call that handed it out; nothing of it may be kept.
class reply_view {
public:
    class iterator;

    /// Of the node at `index`, whose texts are counted from `bytes`.
    reply_view(const reply_node* nodes, std::size_t index, const char* bytes) noexcept
        : nodes_{nodes},
          first_{index},
          index_{index},
          bytes_{bytes} {
        while (nodes_[index_].type == '|')
            index_ = nodes_[index_].end;
    }

    frame_type type() const noexcept { return static_cast<frame_type>(node().type); }

    bool is_null() const noexcept { return type() == frame_type::null; }

    /// An error or a bulk error.
    bool is_error() const noexcept {
        return type() == frame_type::error || type() == frame_type::bulk_error;
    }

    /// A string of any kind: simple, bulk or verbatim.
    bool is_string() const noexcept {
        return type() == frame_type::simple_string || type() == frame_type::bulk_string ||
               type() == frame_type::verbatim_string;
    }

    /// An array, map, set or push.
    bool is_aggregate() const noexcept {
        return type() == frame_type::array || type() == frame_type::map ||
               type() == frame_type::set || type() == frame_type::push;
    }

    /// The text of a string, error or big number (of a verbatim string, what follows its format);
    /// empty for every other type.
    std::string_view text() const noexcept {
        switch (type()) {
        case frame_type::simple_string:
        case frame_type::error:
        case frame_type::bulk_string:
        case frame_type::big_number:
        case frame_type::bulk_error: return stored();
        case frame_type::verbatim_string: return stored().substr(4);
        default: return {};
        }
    }

    /// The format of a verbatim string, "txt" say; empty for every other type.
    std::string_view format() const noexcept {
        return type() == frame_type::verbatim_string ? stored().substr(0, 3) : std::string_view{};
    }

    /// The value of an integer or boolean (0, 1); 0 for every other type.
    std::int64_t as_integer() const noexcept {
        const bool has = type() == frame_type::integer || type() == frame_type::boolean;
        return has ? node().number : 0;
    }

    /// The value of a double or integer; 0 for every other type.
    double as_real() const noexcept {
        if (type() == frame_type::real) return std::bit_cast<double>(node().number);
        return type() == frame_type::integer ? static_cast<double>(node().number) : 0;
    }

    bool as_boolean() const noexcept { return as_integer() != 0; }

    /// How many elements an aggregate has (a map: keys and values); 0 for every other type.
    std::size_t size() const noexcept { return is_aggregate() ? node().size : 0; }

    /// The elements of an aggregate in order; none for every other type.
    iterator begin() const noexcept;
    iterator end() const noexcept;

    /// A copy that may be kept.
    frame to_frame() const;

private:
    friend class iterator;

    const reply_node& node() const noexcept { return nodes_[index_]; }

    std::string_view stored() const noexcept { return {bytes_ + node().number, node().size}; }

    const reply_node* nodes_;
    std::size_t first_; // of its attributes, if it has any
    std::size_t index_;
    const char* bytes_;
};

/// Steps over an element, however deep it is, at once.
class reply_view::iterator {
public:
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;
    using value_type = reply_view;
    using difference_type = std::ptrdiff_t;
    using reference = reply_view;
    using pointer = void;

    iterator() noexcept = default;

    iterator(const reply_node* nodes, std::size_t index, const char* bytes) noexcept
        : nodes_{nodes},
          index_{index},
          bytes_{bytes} {}

    reply_view operator*() const noexcept { return {nodes_, index_, bytes_}; }

    iterator& operator++() noexcept {
        index_ = nodes_[(**this).index_].end;
        return *this;
    }

    iterator operator++(int) noexcept {
        const iterator before = *this;
        ++*this;
        return before;
    }

    friend bool operator==(const iterator& a, const iterator& b) noexcept {
        return a.index_ == b.index_;
    }

private:
    const reply_node* nodes_ = nullptr;
    std::size_t index_ = 0;
    const char* bytes_ = nullptr;
};

inline reply_view::iterator reply_view::begin() const noexcept {
    return {nodes_, is_aggregate() ? index_ + 1 : node().end, bytes_};
}

inline reply_view::iterator reply_view::end() const noexcept {
    return {nodes_, node().end, bytes_};
}

} // namespace mini_redis
