#include "commands/value_dump.hpp"

#include <string_view>

#include "store/dump_format.hpp"
#include "store/hash_value.hpp"
#include "store/integer_set.hpp"
#include "store/list_value.hpp"
#include "store/set_value.hpp"
#include "store/sorted_set_value.hpp"
#include "store/stream_dump.hpp"
#include "store/stream_value.hpp"

namespace mini_redis {
namespace {

// A listpack in the form that the type wants it.
std::string with_listpack(dump_type type, listpack_builder& elements) {
    dump_writer out{type};
    out.string(elements.finish());
    return out.finish();
}

std::string dump_string(const entry& value) {
    dump_writer out{dump_type::string};
    out.string(value.string());
    return out.finish();
}

list_dump_writer write_list(const entry& value) {
    list_dump_writer out;
    list_view{value}.for_each([&](std::string_view element) { out.append(element); });
    return out;
}

// Integers as Redis's intset: their width, their number and they themselves.
std::string dump_integers(const entry& value) {
    const integer_set integers{value.bytes()};
    std::string block;
    integer_set::append(block, static_cast<std::int64_t>(integers.width()), 4);
    integer_set::append(block, static_cast<std::int64_t>(integers.size()), 4);
    for (std::size_t i = 0; i < integers.size(); ++i)
        integer_set::append(block, integers.at(i), integers.width());
    dump_writer out{dump_type::set_intset};
    out.string(block);
    return out.finish();
}

std::string dump_set(const entry& value) {
    const set_value set{value};
    if (set.are_integers()) return dump_integers(value);
    dump_writer out{dump_type::set}; // a listpack of a set is unknown to Redis 7.0
    out.length(set.size());
    set.for_each([&](std::string_view member) { out.string(member); });
    return out.finish();
}

std::string dump_hash(const entry& value) {
    const hash_value hash{value};
    if (!value.is_object()) {
        listpack_builder elements;
        hash.for_each([&](std::string_view field, std::string_view text) {
            elements.append(field);
            elements.append(text);
        });
        return with_listpack(dump_type::hash_listpack, elements);
    }
    dump_writer out{dump_type::hash};
    out.length(hash.size());
    hash.for_each([&](std::string_view field, std::string_view text) {
        out.string(field);
        out.string(text);
    });
    return out.finish();
}

std::string dump_sorted_set(const entry& value) {
    const sorted_set_view set{value};
    if (!value.is_object()) {
        listpack_builder elements;
        set.for_each([&](std::string_view member, double score) {
            elements.append(member);
            elements.append(score_text(score));
        });
        return with_listpack(dump_type::zset_listpack, elements);
    }
    dump_writer out{dump_type::zset};
    out.length(set.size());
    // From the highest on, as Redis: so it is read in the order that costs Redis the least.
    set.for_each_backward(set.all(), [&](std::string_view member, double score) {
        out.string(member);
        out.score(score);
    });
    return out.finish();
}

} // namespace

std::string dump_value(const entry& value) {
    switch (value.type()) {
    case value_type::list: return write_list(value).finish();
    case value_type::set: return dump_set(value);
    case value_type::hash: return dump_hash(value);
    case value_type::zset: return dump_sorted_set(value);
    case value_type::stream: return dump_stream(stream_value::of(value));
    case value_type::string: break;
    }
    return dump_string(value);
}

list_nodes nodes_of_list(const entry& value) {
    list_dump_writer out = write_list(value);
    const std::vector<std::string>& nodes = out.nodes();
    list_nodes all{nodes.size(), 0};
    for (const std::string& each : nodes)
        all.bytes += each.size();
    return all;
}

} // namespace mini_redis
