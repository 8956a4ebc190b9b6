// What the stream commands read out of a request's words, and write into their replies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "commands/context.hpp"
#include "commands/type_checks.hpp"
#include "store/stream_id.hpp"
#include "store/stream_value.hpp"

namespace mini_redis {

namespace replies {
inline constexpr std::string_view bad_stream_id =
    "ERR Invalid stream ID specified as stream command argument";
} // namespace replies

inline bool is_stream(context& c, located found) {
    return is_absent_or(value_type::stream, c, found);
}

/// "ms" or "ms-seq"; `missing` stands for a seq that is not there. Nothing if it is neither.
std::optional<stream_id> parse_stream_id(std::string_view word, std::uint64_t missing) noexcept;

/// As parse_stream_id(), but it replies with an error.
std::optional<stream_id> stream_id_argument(context& c, std::string_view word,
                                            std::uint64_t missing = 0);

/// From one id to another, both included.
struct stream_range {
    stream_id first;
    stream_id last;
};

/// The two ends of a range: ids, "-" and "+", and what "(" leaves out. Otherwise replies with an
/// error.
std::optional<stream_range> stream_range_arguments(context& c, std::string_view first,
                                                   std::string_view last);

/// The id that XADD gives.
struct new_stream_id {
    stream_id id{};
    bool automatic = true;      ///< "*"
    bool automatic_seq = false; ///< "ms-*"
};

struct add_or_trim_options {
    stream_trim trim;
    bool may_create = true;
    new_stream_id id;
    std::size_t id_at = 0; ///< XADD: the word that is the id
};

/// The options of XADD and of XTRIM. Otherwise replies with an error.
std::optional<add_or_trim_options> add_or_trim_arguments(context& c, bool adds);

/// COUNT of a range: nothing for no limit, and never below 0.
struct stream_count {
    std::optional<std::uint64_t> most;
};

std::optional<stream_count> stream_count_argument(context& c, std::string_view word);

/// A group that has to exist; otherwise replies with an error, `in` behind its text.
stream_group* existing_group(context& c, located found, std::string_view key,
                             std::string_view group, std::string_view in = "");

/// An id and the pairs of its entry.
void write_stream_entry(reply_writer& out, const stream_entry& one);

inline void write_stream_id(reply_writer& out, const stream_id& id) {
    out.bulk_string(stream_id_text{id});
}

/// An aggregate whose size is known only when its elements are written.
class late_aggregate {
public:
    explicit late_aggregate(reply_writer& out) noexcept : out_{out}, begin_{out.buffer().size()} {}

    late_aggregate(const late_aggregate&) = delete;
    late_aggregate& operator=(const late_aggregate&) = delete;

    /// Puts the header in front of what was written since.
    void finish_array(std::size_t size) { finish('*', size); }

    void finish_map(std::size_t pairs) {
        finish(out_.resp3() ? '%' : '*', out_.resp3() ? pairs : 2 * pairs);
    }

    /// Puts an id in front of it, when it is finished.
    void put_in_front(const stream_id& id);

private:
    void finish(char type, std::size_t size);
    void insert(std::string_view bytes);

    reply_writer& out_;
    std::size_t begin_;
};

} // namespace mini_redis
