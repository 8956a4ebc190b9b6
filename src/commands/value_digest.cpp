#include "commands/value_digest.hpp"

#include "resp/number.hpp"
#include "store/hash_value.hpp"
#include "store/list_value.hpp"
#include "store/set_value.hpp"
#include "store/sorted_set_value.hpp"
#include "store/stream_value.hpp"

namespace mini_redis {
namespace {

void add_pair(sha1_digest& digest, std::string_view first, std::string_view second) noexcept {
    sha1_digest pair{};
    add_ordered(pair, first);
    add_ordered(pair, second);
    add_unordered(digest, bytes_of(pair));
}

} // namespace

void add_unordered(sha1_digest& digest, std::string_view bytes) noexcept {
    const sha1_digest added = sha1(bytes);
    for (std::size_t i = 0; i < digest.size(); ++i)
        digest[i] ^= added[i];
}

void add_ordered(sha1_digest& digest, std::string_view bytes) noexcept {
    add_unordered(digest, bytes);
    digest = sha1(bytes_of(digest));
}

void add_value(sha1_digest& digest, const entry& value) {
    // Redis's numbers, which are ours but for the one between them that modules have.
    const bool is_stream = value.type() == value_type::stream;
    const char type[4] = {0, 0, 0,
                          static_cast<char>(is_stream ? 6 : static_cast<int>(value.type()))};
    add_ordered(digest, {type, sizeof type});
    switch (value.type()) {
    case value_type::string: add_ordered(digest, value.string()); break;
    case value_type::list:
        list_view{value}.for_each([&](std::string_view each) { add_ordered(digest, each); });
        break;
    case value_type::set:
        set_value{value}.for_each([&](std::string_view each) { add_unordered(digest, each); });
        break;
    case value_type::zset:
        sorted_set_view{value}.for_each([&](std::string_view member, double score) {
            char digits[real_digits];
            add_pair(digest, member, {digits, format_real(score, digits)});
        });
        break;
    case value_type::hash:
        hash_value{value}.for_each([&](std::string_view field, std::string_view content) {
            add_pair(digest, field, content);
        });
        break;
    case value_type::stream:
        stream_value::of(value).for_each(stream_id::least(), stream_id::most(),
                                         [&](const stream_entry& each) {
                                             add_ordered(digest, stream_id_text{each.id(), '.'});
                                             each.for_each([&](auto field, auto content) {
                                                 add_ordered(digest, field);
                                                 add_ordered(digest, content);
                                             });
                                             return true;
                                         });
        break;
    }
    if (value.has_expiry()) add_unordered(digest, "!!expire!!");
}

} // namespace mini_redis
