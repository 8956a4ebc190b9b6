// Pending entries that go to another consumer: XCLAIM, by their ids, and XAUTOCLAIM, those that
// have been idle for long.
#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/stream_arguments.hpp"
#include "resp/number.hpp"
#include "store/stream_value.hpp"

namespace mini_redis {
namespace {

std::nullopt_t refuse(context& c, std::string_view text) {
    c.reply.error(text);
    return std::nullopt;
}

std::optional<std::int64_t> integer_or(context& c, std::string_view word, std::string_view error) {
    const std::optional<std::int64_t> value = parse_integer(word);
    if (!value) c.reply.error(error);
    return value;
}

// How claimed entries are marked.
struct claim_terms {
    std::int64_t min_idle = 0;
    std::int64_t delivery_time = 0;
    std::optional<std::uint64_t> delivery_count;
    bool only_ids = false; // JUSTID
};

// One command's claims: the entries, one by one, for one consumer.
class claiming {
public:
    claiming(context& c, stream_value& stream, stream_group& group, std::string_view consumer,
             const claim_terms& terms) noexcept
        : c_{c},
          stream_{stream},
          group_{group},
          name_{consumer},
          terms_{terms} {}

    std::size_t claimed() const noexcept { return claimed_; }

    bool has_been_idle(const pending_entry& entry) const noexcept {
        return terms_.min_idle == 0 || c_.now_ms() - entry.delivery_time >= terms_.min_idle;
    }

    // The entry is there, and pending or to be so; it is written to the reply.
    void claim(const stream_id& id) {
        if (consumer_ == nullptr) find_consumer();
        pending_entry& mine = group_.deliver(id, *consumer_);
        mine.delivery_time = terms_.delivery_time;
        if (terms_.delivery_count)
            mine.delivery_count = *terms_.delivery_count;
        else if (!terms_.only_ids)
            ++mine.delivery_count;
        ++claimed_;
        if (terms_.only_ids) return write_stream_id(c_.reply, id);
        stream_.for_each(id, id, [&](const stream_entry& each) {
            write_stream_entry(c_.reply, each);
            return false;
        });
    }

private:
    void find_consumer() {
        consumer_ = group_.find_consumer(name_);
        if (consumer_ != nullptr) {
            consumer_->seen_time = c_.now_ms();
            return;
        }
        consumer_ = &group_.add_consumer(name_, c_.now_ms());
        c_.notify(event_class::stream, "xgroup-createconsumer", c_.keys[0]);
    }

    context& c_;
    stream_value& stream_;
    stream_group& group_;
    std::string_view name_;
    const claim_terms& terms_;
    stream_consumer* consumer_ = nullptr;
    std::size_t claimed_ = 0;
};

// -- XCLAIM -----------------------------------------------------------------------------------

struct claim_options {
    claim_terms terms;
    std::vector<stream_id> ids;
    bool force = false;
    stream_id last_id{};
};

// The options behind the ids. Replies with an error and returns false if something is wrong.
bool take_claim_options(context& c, std::size_t at, claim_options& options) {
    std::optional<std::int64_t> delivery_time;
    for (; at < c.args.size(); ++at) {
        const std::string_view word = c.args[at];
        const bool more = at + 1 < c.args.size();
        if (equals_ignoring_case(word, "force")) {
            options.force = true;
        } else if (equals_ignoring_case(word, "justid")) {
            options.terms.only_ids = true;
        } else if (more && equals_ignoring_case(word, "idle")) {
            const auto idle =
                integer_or(c, c.args[++at], "ERR Invalid IDLE option argument for XCLAIM");
            if (!idle) return false;
            std::int64_t time = 0;
            if (__builtin_sub_overflow(c.now_ms(), *idle, &time)) time = -1;
            delivery_time = time;
        } else if (more && equals_ignoring_case(word, "time")) {
            delivery_time =
                integer_or(c, c.args[++at], "ERR Invalid TIME option argument for XCLAIM");
            if (!delivery_time) return false;
        } else if (more && equals_ignoring_case(word, "retrycount")) {
            const auto count =
                integer_or(c, c.args[++at], "ERR Invalid RETRYCOUNT option argument for XCLAIM");
            if (!count) return false;
            options.terms.delivery_count.reset();
            if (*count >= 0) options.terms.delivery_count = static_cast<std::uint64_t>(*count);
        } else if (more && equals_ignoring_case(word, "lastid")) {
            const std::optional<stream_id> id = stream_id_argument(c, c.args[++at]);
            if (!id) return false;
            options.last_id = *id;
        } else {
            c.reply.error(fmt::format("ERR Unrecognized XCLAIM option '{}'", shown(word)));
            return false;
        }
    }
    const std::int64_t now = c.now_ms();
    // A time that cannot be is no error: clients reckon by their own clocks.
    const bool sensible = delivery_time && *delivery_time >= 0 && *delivery_time <= now;
    options.terms.delivery_time = sensible ? *delivery_time : now;
    return true;
}

std::optional<claim_options> claim_arguments(context& c) {
    claim_options options;
    const auto idle = integer_or(c, c.args[4], "ERR Invalid min-idle-time argument for XCLAIM");
    if (!idle) return std::nullopt;
    options.terms.min_idle = std::max<std::int64_t>(*idle, 0);
    std::size_t at = 5;
    for (; at < c.args.size(); ++at) {
        const std::optional<stream_id> id = parse_stream_id(c.args[at], 0);
        if (!id) break;
        options.ids.push_back(*id);
    }
    if (!take_claim_options(c, at, options)) return std::nullopt;
    return options;
}

void xclaim(context& c) {
    const located found = c.read(c.keys[0]);
    if (!is_stream(c, found)) return;
    stream_group* const group = existing_group(c, found, c.args[1], c.args[2]);
    if (group == nullptr) return;
    const std::optional<claim_options> options = claim_arguments(c);
    if (!options) return;
    stream_value& stream = stream_value::of(*found);
    group->last_id = std::max(group->last_id, options->last_id);
    claiming claims{c, stream, *group, c.args[3], options->terms};
    late_aggregate entries{c.reply};
    for (const stream_id& id : options->ids) {
        if (!stream.contains(id)) {
            group->acknowledge(id); // nobody can deal with it any more
            continue;
        }
        const pending_entry* const pending = group->find_pending(id);
        if (pending != nullptr ? claims.has_been_idle(*pending) : options->force) claims.claim(id);
    }
    entries.finish_array(claims.claimed());
}

// -- XAUTOCLAIM -------------------------------------------------------------------------------

struct auto_claim_options {
    claim_terms terms;
    stream_id start;
    std::int64_t count = 100;
};

std::optional<auto_claim_options> auto_claim_arguments(context& c) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 16;
    auto_claim_options options;
    const auto idle = integer_or(c, c.args[4], "ERR Invalid min-idle-time argument for XAUTOCLAIM");
    if (!idle) return std::nullopt;
    options.terms.min_idle = std::max<std::int64_t>(*idle, 0);
    options.terms.delivery_time = c.now_ms();
    const std::optional<stream_range> range = stream_range_arguments(c, c.args[5], "+");
    if (!range) return std::nullopt;
    options.start = range->first;
    for (std::size_t i = 6; i < c.args.size(); ++i) {
        if (i + 1 < c.args.size() && equals_ignoring_case(c.args[i], "count")) {
            const std::optional<std::int64_t> count = parse_integer(c.args[++i]);
            if (!count || *count < 1 || *count > most) return refuse(c, "ERR COUNT must be > 0");
            options.count = *count;
        } else if (equals_ignoring_case(c.args[i], "justid")) {
            options.terms.only_ids = true;
        } else {
            return refuse(c, replies::syntax_error);
        }
    }
    return options;
}

void xautoclaim(context& c) {
    const std::optional<auto_claim_options> options = auto_claim_arguments(c);
    if (!options) return;
    const located found = c.read(c.keys[0]);
    if (!is_stream(c, found)) return;
    stream_group* const group = existing_group(c, found, c.args[1], c.args[2]);
    if (group == nullptr) return;
    stream_value& stream = stream_value::of(*found);
    claiming claims{c, stream, *group, c.args[3], options->terms};
    std::vector<stream_id> deleted;

    c.reply.array(3);
    late_aggregate cursor_and_entries{c.reply};
    std::int64_t left = options->count;
    std::int64_t attempts = options->count * 10; // what is not idle enough costs time too
    const auto* next = group->pending_from(options->start);
    for (; next != nullptr && attempts > 0 && left > 0; --attempts) {
        const stream_id id = next->id;
        if (!stream.contains(id)) {
            group->acknowledge(id);
            deleted.push_back(id);
            --left;
        } else if (claims.has_been_idle(next->value)) {
            claims.claim(id);
            --left;
        }
        const std::optional<stream_id> behind = id.next();
        next = behind ? group->pending_from(*behind) : nullptr;
    }
    cursor_and_entries.finish_array(claims.claimed());
    cursor_and_entries.put_in_front(next != nullptr ? next->id : stream_id{});
    c.reply.array(deleted.size());
    for (const stream_id& id : deleted)
        write_stream_id(c.reply, id);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::array<std::string_view, 1> changing_output{"nondeterministic_output"};

constexpr command rows[] = {
    {.name = "xautoclaim",
     .handler = xautoclaim,
     .arity = -6,
     .flags = write | fast,
     .categories = acl_category::stream,
     .keys = {one_key("RW delete")},
     .group = "stream",
     .since = "6.2.0",
     .complexity = "O(1) if COUNT is small.",
     .syntax = "key group consumer min-idle-time start [COUNT count:integer] [JUSTID]",
     .summary = "Gives a consumer the pending entries that nobody has cared for so long.",
     .tips = changing_output},
    {.name = "xclaim",
     .handler = xclaim,
     .arity = -6,
     .flags = write | fast,
     .categories = acl_category::stream,
     .keys = {one_key("RW update")},
     .group = "stream",
     .since = "5.0.0",
     .complexity = "O(log(N)) for each id, N being the number of pending entries",
     .syntax = "key group consumer min-idle-time id [id ...] [IDLE ms:integer] "
               "[TIME unix-time-milliseconds:unix-time] [RETRYCOUNT count:integer] [FORCE] "
               "[JUSTID] [LASTID id]",
     .summary = "Gives a consumer pending entries of others, by their ids.",
     .tips = changing_output},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> stream_claim_commands() {
    return rows;
}

} // namespace mini_redis
