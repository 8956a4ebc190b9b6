// SORT and SORT_RO: the elements of a list, set or sorted set in order of their own or of other
// keys' values, and what is to be given for each of them.
//
// BY and GET name other keys by the elements, which are known only when the locks are held: such a
// request locks the whole keyspace.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/command.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "resp/number.hpp"
#include "store/hash_value.hpp"
#include "store/list_value.hpp"
#include "store/set_value.hpp"
#include "store/sorted_set_value.hpp"

namespace mini_redis {
namespace {

struct sort_options {
    bool descending = false;
    bool alphabetic = false;
    bool unsorted = false; ///< BY a pattern without a star
    std::optional<std::string_view> by;
    std::vector<std::string_view> get;
    std::optional<std::string_view> store;
    std::int64_t offset = 0;
    std::int64_t count = -1; ///< negative: all
};

bool has_star(std::string_view pattern) noexcept {
    return shown(pattern).find('*') != std::string_view::npos;
}

// Replies with an error and returns nothing if the words are wrong.
std::optional<sort_options> parse_sort(context& c, bool may_store) {
    sort_options options;
    for (std::size_t i = 2; i < c.args.size(); ++i) {
        const std::string_view word = c.args[i];
        const std::size_t more = c.args.size() - 1 - i;
        if (equals_ignoring_case(word, "asc")) {
            options.descending = false;
        } else if (equals_ignoring_case(word, "desc")) {
            options.descending = true;
        } else if (equals_ignoring_case(word, "alpha")) {
            options.alphabetic = true;
        } else if (equals_ignoring_case(word, "limit") && more >= 2) {
            const std::optional<std::int64_t> offset = integer_argument(c, c.args[i + 1]);
            if (!offset) return std::nullopt;
            const std::optional<std::int64_t> count = integer_argument(c, c.args[i + 2]);
            if (!count) return std::nullopt;
            options.offset = *offset;
            options.count = *count;
            i += 2;
        } else if (may_store && equals_ignoring_case(word, "store") && more >= 1) {
            options.store = c.args[++i];
        } else if (equals_ignoring_case(word, "by") && more >= 1) {
            options.by = c.args[++i];
            if (!has_star(*options.by)) options.unsorted = true;
        } else if (equals_ignoring_case(word, "get") && more >= 1) {
            options.get.push_back(c.args[++i]);
        } else {
            c.reply.error(replies::syntax_error);
            return std::nullopt;
        }
    }
    return options;
}

// The keys of the whole keyspace if others are looked up, and the one that is stored to.
void plan_sort(const client_state&, std::span<const std::string_view> args, lock_plan& plan) {
    std::optional<std::string_view> store;
    for (std::size_t i = 2; i + 1 < args.size(); ++i) {
        if (equals_ignoring_case(args[i], "limit")) {
            i += 2;
        } else if (equals_ignoring_case(args[i], "store")) {
            store = args[++i];
        } else if (equals_ignoring_case(args[i], "by") || equals_ignoring_case(args[i], "get")) {
            if (has_star(args[++i])) plan.whole_keyspace = true;
        }
    }
    if (store) plan.keys.push_back(*store);
}

// What a pattern means for an element: "#" itself; otherwise the string at the key, or with "->"
// the field of the hash, that comes of it with the element in the place of its first star.
std::optional<std::string> look_up(context& c, std::string_view pattern, std::string_view element) {
    if (pattern == "#") return std::string{element};
    pattern = shown(pattern);
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos) return std::nullopt;
    std::size_t end = pattern.find("->", star + 1);
    if (end + 2 >= pattern.size()) end = std::string_view::npos; // no field: part of the name
    std::string name{pattern.substr(0, star)};
    name.append(element).append(
        pattern.substr(star + 1, end == std::string_view::npos ? end : end - star - 1));
    const located found = c.read(hashed_key{name});
    if (!found) return std::nullopt;
    if (end == std::string_view::npos) {
        if (found->type() != value_type::string) return std::nullopt;
        return std::string{found->string()};
    }
    if (found->type() != value_type::hash) return std::nullopt;
    const auto value = hash_value{*found}.get(pattern.substr(end + 2));
    return value ? std::optional<std::string>{*value} : std::nullopt;
}

/// Copies of the elements, one behind the other and each with a zero behind it: what is looked up
/// for them may change the keyspace, and what is stored may take the place of where they come from.
class element_copies {
public:
    void add(std::string_view element) {
        sizes_.push_back(element.size());
        bytes_.append(element).push_back('\0');
    }

    /// Valid until something is added.
    std::vector<std::string_view> views() const {
        std::vector<std::string_view> all;
        all.reserve(sizes_.size());
        const char* at = bytes_.data();
        for (const std::size_t size : sizes_) {
            all.emplace_back(at, size);
            at += size + 1;
        }
        return all;
    }

private:
    std::string bytes_;
    std::vector<std::size_t> sizes_;
};

/// Which of `size` elements LIMIT wants.
rank_range limited(const sort_options& options, std::size_t size) noexcept {
    const auto all = static_cast<std::int64_t>(size);
    const std::int64_t first = std::clamp<std::int64_t>(options.offset, 0, all);
    const std::int64_t count =
        options.count < 0 ? all - first : std::min(options.count, all - first);
    return {static_cast<std::size_t>(first), static_cast<std::size_t>(first + count)};
}

// All elements in some order.
element_copies copy_all(const entry& holds) {
    element_copies elements;
    const auto add = [&](std::string_view each) { elements.add(each); };
    switch (holds.type()) {
    case value_type::list: list_view{holds}.for_each(add); break;
    case value_type::set: set_value{holds}.for_each(add); break;
    default: sorted_set_view{holds}.for_each([&](std::string_view each, double) { add(each); });
    }
    return elements;
}

// Those that are wanted, in the order in which they are kept, or backwards.
element_copies copy_unsorted(const entry& holds, const sort_options& options) {
    element_copies elements;
    if (holds.type() == value_type::list) {
        const list_view list{holds};
        const rank_range wanted = limited(options, list.size());
        if (wanted.empty()) return elements;
        const auto add = [&](std::string_view each) { elements.add(each); };
        if (!options.descending) {
            list.for_each(wanted.first, wanted.size(), add);
            return elements;
        }
        std::size_t number = 0;
        list.walk(list_end::tail, [&](std::string_view each) {
            if (number >= wanted.last) return false;
            if (number++ >= wanted.first) add(each);
            return true;
        });
    } else if (holds.type() == value_type::set) {
        const set_value set{holds};
        const rank_range wanted = limited(options, set.size());
        std::size_t number = 0;
        set.for_each_while([&](std::string_view each) {
            if (number >= wanted.last) return false;
            if (number++ >= wanted.first) elements.add(each);
            return true;
        });
    } else {
        const sorted_set_view members{holds};
        const rank_range wanted = limited(options, members.size());
        const auto add = [&](std::string_view each, double) { elements.add(each); };
        if (options.descending)
            members.for_each_backward({members.size() - wanted.last, members.size() - wanted.first},
                                      add);
        else
            members.for_each(wanted, add);
    }
    return elements;
}

// -- Order ------------------------------------------------------------------------------------

// Puts in order what LIMIT wants, and before and behind it what belongs there. `before` decides
// between any two that can be told apart, so the result does not depend on how it is done.
template <class Item, class Before>
void sort_wanted(std::vector<Item>& items, const sort_options& options, Before before) {
    const auto sort_part = [&](auto order) {
        const rank_range wanted = limited(options, items.size());
        const auto first = items.begin() + static_cast<std::ptrdiff_t>(wanted.first);
        const auto last = items.begin() + static_cast<std::ptrdiff_t>(wanted.last);
        if (first == last) return;
        if (first != items.begin()) std::nth_element(items.begin(), first, items.end(), order);
        if (last != items.end()) std::nth_element(first, last, items.end(), order);
        std::sort(first, last, order);
    };
    if (options.descending)
        sort_part([&](const Item& a, const Item& b) { return before(b, a); });
    else
        sort_part(before);
}

template <class Item>
void take_order(std::vector<std::string_view>& elements, const std::vector<Item>& items) {
    for (std::size_t i = 0; i < items.size(); ++i)
        elements[i] = items[i].element;
}

// As strtod reads it: spaces before, hexadecimal digits, "inf"; nothing behind. A zero follows the
// text.
std::optional<double> to_score(std::string_view text) {
    if (const std::optional<std::int64_t> integer = parse_integer(text))
        return static_cast<double>(*integer);
    errno = 0;
    char* end = nullptr;
    const double score = std::strtod(text.data(), &end);
    if (*end != '\0' || errno == ERANGE || std::isnan(score)) return std::nullopt;
    return score;
}

// Replies with an error and returns false if an element has no score.
bool sort_by_score(context& c, std::vector<std::string_view>& elements,
                   const sort_options& options) {
    struct scored {
        double score;
        std::string_view element;
    };

    std::vector<scored> all;
    all.reserve(elements.size());
    for (const std::string_view element : elements) {
        std::optional<double> score;
        if (options.by) {
            const std::optional<std::string> text = look_up(c, *options.by, element);
            score = text ? to_score(*text) : 0;
        } else {
            score = to_score(element);
        }
        if (!score) {
            c.reply.error("ERR One or more scores can't be converted into double");
            return false;
        }
        all.push_back({*score, element});
    }
    sort_wanted(all, options, [](const scored& a, const scored& b) {
        return a.score != b.score ? a.score < b.score : a.element < b.element;
    });
    take_order(elements, all);
    return true;
}

void sort_by_element(std::vector<std::string_view>& elements, const sort_options& options) {
    struct begun {
        std::uint64_t beginning; // as a number: most differ there, and no text need be looked at
        std::string_view element;
    };

    std::vector<begun> all;
    all.reserve(elements.size());
    for (const std::string_view element : elements) {
        std::uint64_t beginning = 0;
        for (std::size_t i = 0; i < sizeof beginning; ++i)
            beginning =
                beginning << 8 | (i < element.size() ? static_cast<unsigned char>(element[i]) : 0);
        all.push_back({beginning, element});
    }
    sort_wanted(all, options, [](const begun& a, const begun& b) {
        return a.beginning != b.beginning ? a.beginning < b.beginning : a.element < b.element;
    });
    take_order(elements, all);
}

void sort_by_text(context& c, std::vector<std::string_view>& elements,
                  const sort_options& options) {
    struct described {
        std::optional<std::string> text; // none is the least
        std::size_t place;               // among the elements, where nothing else decides
        std::string_view element;
    };

    std::vector<described> all;
    all.reserve(elements.size());
    for (const std::string_view element : elements)
        all.push_back({look_up(c, *options.by, element), all.size(), element});
    // Of equal texts the element that came first is the first, descending too.
    sort_wanted(all, options, [&](const described& a, const described& b) {
        if (a.text != b.text) return a.text < b.text;
        return options.descending ? b.place < a.place : a.place < b.place;
    });
    take_order(elements, all);
}

bool sort_elements(context& c, std::vector<std::string_view>& elements,
                   const sort_options& options) {
    if (!options.alphabetic) return sort_by_score(c, elements, options);
    if (options.by)
        sort_by_text(c, elements, options);
    else
        sort_by_element(elements, options);
    return true;
}

// -- Commands ---------------------------------------------------------------------------------

void store_result(context& c, std::string_view name, std::span<const std::string_view> result) {
    const hashed_key key{name};
    if (const located old = c.db.find(key)) {
        c.db.erase(key, old);
        if (result.empty()) c.notify(event_class::generic, "del", key);
    }
    if (!result.empty()) {
        list_editor{c.db, key, {}}.push(list_end::tail, result);
        c.notify(event_class::list, "sortstore", key);
    }
    c.reply.integer(static_cast<std::int64_t>(result.size()));
}

void sort_key(context& c, bool may_store) {
    std::optional<sort_options> options = parse_sort(c, may_store);
    if (!options) return;
    const located found = c.read(c.keys[0]);
    if (found && found->type() != value_type::list && found->type() != value_type::set &&
        found->type() != value_type::zset)
        return c.reply.error(replies::wrong_type);
    // What is stored of a set that is not sorted, or decided by a script, must not hang on chance.
    if (options->unsorted && (options->store || c.effects.in_script) && found &&
        found->type() == value_type::set) {
        options->unsorted = false;
        options->alphabetic = true;
        options->by.reset();
    }
    element_copies copies;
    if (found) copies = options->unsorted ? copy_unsorted(*found, *options) : copy_all(*found);
    std::vector<std::string_view> elements = copies.views();
    std::span<const std::string_view> chosen = elements;
    if (!options->unsorted) {
        if (!sort_elements(c, elements, *options)) return;
        const rank_range wanted = limited(*options, elements.size());
        chosen = chosen.subspan(wanted.first, wanted.size());
    }

    if (options->store) {
        if (options->get.empty()) return store_result(c, *options->store, chosen);
        std::vector<std::string> gotten;
        for (const std::string_view element : chosen)
            for (const std::string_view pattern : options->get)
                gotten.push_back(look_up(c, pattern, element).value_or(""));
        const std::vector<std::string_view> words{gotten.begin(), gotten.end()};
        return store_result(c, *options->store, words);
    }
    c.reply.array(chosen.size() * std::max<std::size_t>(options->get.size(), 1));
    for (const std::string_view element : chosen) {
        if (options->get.empty()) c.reply.bulk_string(element);
        for (const std::string_view pattern : options->get) {
            const std::optional<std::string> value = look_up(c, pattern, element);
            if (value)
                c.reply.bulk_string(*value);
            else
                c.reply.null();
        }
    }
}

void sort(context& c) {
    sort_key(c, true);
}

void sort_ro(context& c) {
    sort_key(c, false);
}

using enum command_flag;
using category = acl_category;

constexpr category categories =
    category::set | category::sortedset | category::list | category::dangerous;

constexpr command rows[] = {
    {.name = "sort",
     .handler = sort,
     .arity = -2,
     .flags = write | denyoom | movablekeys,
     .categories = categories,
     .keys = {{{1, 1, 1, "RO access"}, unknown_keys("RO access"), unknown_keys("OW update")}},
     .group = "generic",
     .since = "1.0.0",
     .complexity = "O(N+M*log(M)) for N elements of which M are sorted",
     .syntax = "key [BY by-pattern:pattern] [LIMIT offset:integer count:integer] "
               "[GET get-pattern:pattern [GET get-pattern:pattern ...]] [order: ASC | DESC] "
               "[sorting: ALPHA] [STORE destination:key]",
     .summary = "Sorts the elements of a list, set or sorted set, and gives or stores them.",
     .plan = plan_sort},
    {.name = "sort_ro",
     .handler = sort_ro,
     .arity = -2,
     .flags = readonly | movablekeys,
     .categories = categories,
     .keys = {{{1, 1, 1, "RO access"}, unknown_keys("RO access")}},
     .group = "generic",
     .since = "7.0.0",
     .complexity = "O(N+M*log(M)) for N elements of which M are sorted",
     .syntax = "key [BY by-pattern:pattern] [LIMIT offset:integer count:integer] "
               "[GET get-pattern:pattern [GET get-pattern:pattern ...]] [order: ASC | DESC] "
               "[sorting: ALPHA]",
     .summary = "Sorts the elements of a list, set or sorted set, and gives them.",
     .plan = plan_sort},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> sort_commands() {
    return rows;
}

} // namespace mini_redis
