#include "store/reader_table.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace mini_redis {
namespace {

// Fewer readers of a key are not worth a search for those that are gone.
constexpr std::size_t crowd = 64;

} // namespace

reader_table::growth reader_table::add(std::string_view key, std::uint64_t reader) {
    const auto found = readers_.find(key);
    if (found == readers_.end()) {
        readers_.emplace(counted_string{key}, reader_list{reader});
        return {true, true};
    }
    reader_list& all = found->second;
    const auto place = std::lower_bound(all.begin(), all.end(), reader);
    if (place != all.end() && *place == reader) return {};
    all.insert(place, reader);
    return {false, true};
}

reader_list reader_table::take(std::string_view key) noexcept {
    const auto found = readers_.find(key);
    if (found == readers_.end()) return {};
    reader_list taken = std::move(found->second);
    readers_.erase(found);
    return taken;
}

reader_list* reader_table::crowded(std::string_view key) noexcept {
    const auto found = readers_.find(key);
    if (found == readers_.end()) return nullptr;
    const std::size_t count = found->second.size();
    return count >= crowd && std::has_single_bit(count) ? &found->second : nullptr;
}

std::string_view reader_table::some_key(std::uint64_t random) const noexcept {
    const std::size_t buckets = readers_.bucket_count();
    for (std::size_t i = 0;; ++i) {
        const std::size_t bucket = (random + i) % buckets;
        const std::size_t here = readers_.bucket_size(bucket);
        if (here == 0) continue;
        const auto step = static_cast<std::ptrdiff_t>((random >> 32) % here);
        return std::next(readers_.begin(bucket), step)->first;
    }
}

} // namespace mini_redis
