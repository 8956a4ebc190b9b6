// Sorting that keeps equal elements in a known order, of all elements or of the first of many.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace mini_redis {

/// Sorts, and leaves equal elements in their order. (std::stable_sort of GCC 12's library uses what
/// C++20 deprecates, which Clang says.)
template <class Element, class Less>
void sort_stably(std::vector<Element>& all, const Less& less) {
    std::vector<std::size_t> places(all.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    std::sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
        return less(all[a], all[b]) || (a < b && !less(all[b], all[a]));
    });
    std::vector<Element> sorted;
    sorted.reserve(all.size());
    for (const std::size_t place : places)
        sorted.push_back(std::move(all[place]));
    all = std::move(sorted);
}

/// Sorts so far that the first `wanted` elements are those of the order, and in it. In what order
/// equal ones come, and which of them, is not left open: it has to be what Redis gives, which uses
/// the quicksort of Bentley and McIlroy ("Engineering a sort function", 1993) and leaves out the
/// parts that nobody wants. `compare(a, b)` is negative, 0 or positive.
template <class Element, class Compare>
void sort_first(std::span<Element> all, std::size_t wanted, const Compare& compare) {
    const auto order = [&](std::size_t a, std::size_t b) { return compare(all[a], all[b]); };
    const auto exchange = [&](std::size_t a, std::size_t b, std::size_t count = 1) {
        for (std::size_t i = 0; i < count; ++i)
            std::swap(all[a + i], all[b + i]);
    };
    const auto middle_of = [&](std::size_t a, std::size_t b, std::size_t c) {
        if (order(a, b) < 0) return order(b, c) < 0 ? b : order(a, c) < 0 ? c : a;
        return order(b, c) > 0 ? b : order(a, c) < 0 ? a : c;
    };
    while (true) {
        const std::size_t size = all.size();
        if (size < 7) {
            for (std::size_t i = 1; i < size; ++i)
                for (std::size_t j = i; j > 0 && order(j - 1, j) > 0; --j)
                    exchange(j, j - 1);
            return;
        }
        std::size_t pivot = size / 2;
        if (size > 7) {
            std::size_t low = 0;
            std::size_t high = size - 1;
            if (size > 40) {
                const std::size_t step = size / 8;
                low = middle_of(low, low + step, low + 2 * step);
                pivot = middle_of(pivot - step, pivot, pivot + step);
                high = middle_of(high - 2 * step, high - step, high);
            }
            pivot = middle_of(low, pivot, high);
        }
        exchange(0, pivot);
        // The pivot's equals gather at both ends: [0, a) and [d, size); what is less in [a, b),
        // what is greater in [c, d).
        std::size_t a = 1;
        std::size_t b = 1;
        std::size_t c = size;
        std::size_t d = size;
        while (true) {
            for (; b < c && order(b, 0) <= 0; ++b)
                if (order(b, 0) == 0) exchange(a++, b);
            for (; b < c && order(c - 1, 0) >= 0; --c)
                if (order(c - 1, 0) == 0) exchange(c - 1, --d);
            if (b >= c) break;
            exchange(b++, --c);
        }
        std::size_t moved = std::min(a, b - a);
        exchange(0, b - moved, moved);
        moved = std::min(d - c, size - d);
        exchange(b, size - moved, moved);
        // Now the lesser ones come first, then the equals, then the greater ones.
        const std::size_t less = b - a;
        const std::size_t greater = d - c;
        if (less > 1) sort_first(all.first(less), wanted, compare);
        if (greater <= 1 || size - greater >= wanted) return;
        wanted -= size - greater;
        all = all.last(greater);
    }
}

} // namespace mini_redis
