// What SCAN, HSCAN, SSCAN and ZSCAN read out of their requests, and the reply that they build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "resp/output_buffer.hpp"
#include "resp/reply_writer.hpp"
#include "store/member_table.hpp"

namespace mini_redis {

struct context;

/// The cursor that a client gives back; otherwise replies with an error and returns nothing.
std::optional<std::uint64_t> cursor_argument(context& c, std::string_view word);

struct scan_options {
    std::int64_t count = 10;
    std::string_view pattern = "*";
    std::optional<std::string_view> type; ///< SCAN only

    bool wants(std::string_view name) const noexcept;

    /// How many buckets are looked at, at most, where they hold little.
    std::uint64_t most_buckets() const noexcept;
};

enum class scan_of { keys, members };

/// The options from word `first` on; replies with an error and returns nothing if they are wrong.
std::optional<scan_options> parse_scan_options(context& c, std::size_t first, scan_of what);

/// The cursor and the elements of a reply whose number is known only when it is complete.
class scan_reply {
public:
    explicit scan_reply(context& c) noexcept;

    void add(std::string_view element) {
        list_.bulk_string(element);
        ++size_;
    }

    /// Writes it all.
    void finish(std::uint64_t cursor);

private:
    context* c_;
    output_buffer elements_;
    reply_writer list_;
    std::size_t size_ = 0;
};

/// Calls `visit(entry&)` for COUNT members, or those of ten times as many buckets, from where the
/// cursor says on, whether or not their names are wanted. Returns the next cursor.
template <class Visit>
std::uint64_t scan_table(const member_table& members, std::uint64_t cursor,
                         const scan_options& options, Visit&& visit) {
    const auto most = static_cast<std::uint64_t>(options.count);
    const std::uint64_t most_buckets = options.most_buckets();
    std::uint64_t met = 0;
    std::uint64_t buckets = 0;
    do {
        cursor = members.visit_from(cursor, [&](entry& member) {
            ++met;
            visit(member);
        });
    } while (cursor != 0 && met < most && ++buckets < most_buckets);
    return cursor;
}

} // namespace mini_redis
