#include "commands/list_moves.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "commands/arguments.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

void notify_popped(context& c, const hashed_key& key, list_end where, bool gone) {
    c.notify(event_class::list, where == list_end::head ? "lpop" : "rpop", key);
    if (gone) c.notify(event_class::generic, "del", key);
}

} // namespace

std::optional<list_end> list_end_argument(context& c, std::string_view word) {
    if (equals_ignoring_case(word, "left")) return list_end::head;
    if (equals_ignoring_case(word, "right")) return list_end::tail;
    c.reply.error(replies::syntax_error);
    return std::nullopt;
}

void pop_one(context& c, const hashed_key& key, located found, list_end where) {
    const std::string_view text = list_view{*found}.at(where);
    c.reply.bulk_string(text);
    const bool gone = list_editor{c.db, key, found}.pop(where, text);
    notify_popped(c, key, where, gone);
}

void pop_many(context& c, const hashed_key& key, located found, list_end where, std::size_t most) {
    const list_view list{*found};
    const std::size_t count = std::min(most, list.size());
    c.reply.array(count);
    if (where == list_end::head) {
        list.for_each(0, count, [&](std::string_view text) { c.reply.bulk_string(text); });
    } else {
        std::size_t left = count;
        list.walk(where, [&](std::string_view text) {
            c.reply.bulk_string(text);
            return --left != 0;
        });
    }
    const bool gone = list_editor{c.db, key, found}.drop(where, count);
    notify_popped(c, key, where, gone);
}

void move_one(context& c, const hashed_key& source, located found, list_end from,
              const hashed_key& destination, list_end to) {
    const bool same = source.name == destination.name;
    const located target = same ? found : c.modify(destination);
    if (!is_list(c, target)) return;
    if (!same) found = c.db.find(source); // it has moved if the destination was expired
    const std::string moved{list_view{*found}.at(from)};
    c.reply.bulk_string(moved);
    const std::string_view pushed = to == list_end::head ? "lpush" : "rpush";
    if (same) {
        list_editor{c.db, source, found}.rotate(from, to, moved);
        c.notify(event_class::list, pushed, destination);
        return notify_popped(c, source, from, false);
    }
    // It is added first, because that may fail for want of memory; taking it off cannot.
    list_editor{c.db, destination, target}.push(to, std::array{std::string_view{moved}});
    c.notify(event_class::list, pushed, destination);
    // The destination may be new in the same shard, which moves what was found before.
    const bool gone = list_editor{c.db, source, c.db.find(source)}.pop(from, moved);
    notify_popped(c, source, from, gone);
}

std::optional<many_pop> many_pop_arguments(context& c, std::size_t numkeys_at) {
    const auto refuse = [&](std::string_view text) {
        c.reply.error(text);
        return std::nullopt;
    };
    const std::optional<std::int64_t> keys = parse_integer(c.args[numkeys_at]);
    if (!keys || *keys < 1) return refuse("ERR numkeys should be greater than 0");
    const std::size_t behind = c.args.size() - numkeys_at - 1;
    if (static_cast<std::uint64_t>(*keys) >= behind) return refuse(replies::syntax_error);
    const auto options = c.args.subspan(numkeys_at + 1 + static_cast<std::size_t>(*keys));
    const std::optional<list_end> where = list_end_argument(c, options[0]);
    if (!where) return std::nullopt;
    many_pop how{*where, 1};
    if (options.size() == 1) return how;
    if (!equals_ignoring_case(options[1], "count") || options.size() == 2)
        return refuse(replies::syntax_error);
    const std::optional<std::int64_t> count = parse_integer(options[2]);
    if (!count || *count < 1) return refuse("ERR count should be greater than 0");
    if (options.size() > 3) return refuse(replies::syntax_error);
    how.count = static_cast<std::size_t>(*count);
    return how;
}

bool pop_from_first(context& c, const many_pop& how) {
    for (const hashed_key& key : c.keys) {
        const located found = c.modify(key);
        if (!found) continue;
        if (!is_list(c, found)) return true;
        c.reply.array(2);
        c.reply.bulk_string(key.name);
        pop_many(c, key, found, how.where, how.count);
        return true;
    }
    return false;
}

} // namespace mini_redis
