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

std::vector<std::string> elements_of(const entry& holds, bool descending) {
    std::vector<std::string> elements;
    switch (holds.type()) {
    case value_type::list:
        list_view{holds}.for_each([&](std::string_view each) { elements.emplace_back(each); });
        if (descending) std::ranges::reverse(elements);
        break;
    case value_type::set:
        set_value{holds}.for_each([&](std::string_view each) { elements.emplace_back(each); });
        break;
    default: {
        const auto add = [&](std::string_view each, double) { elements.emplace_back(each); };
        const sorted_set_view members{holds};
        if (descending)
            members.for_each_backward(members.all(), add);
        else
            members.for_each(add);
    }
    }
    return elements;
}

/// An element with what it is sorted by.
struct weighted {
    std::string element;
    double score = 0;
    std::optional<std::string> text; ///< ALPHA and BY
    std::size_t place = 0;           ///< among the elements, where nothing else decides
};

// As strtod reads it: spaces before, hexadecimal digits, "inf"; nothing behind.
std::optional<double> to_score(const std::string& text) {
    errno = 0;
    char* end = nullptr;
    const double score = std::strtod(text.c_str(), &end);
    if (*end != '\0' || errno == ERANGE || std::isnan(score)) return std::nullopt;
    return score;
}

bool comes_before(const weighted& a, const weighted& b, const sort_options& options) {
    const weighted& first = options.descending ? b : a;
    const weighted& second = options.descending ? a : b;
    if (options.alphabetic && options.by) { // none is the least
        if (first.text != second.text) return first.text < second.text;
        return a.place < b.place;
    }
    if (!options.alphabetic && first.score != second.score) return first.score < second.score;
    return first.element < second.element;
}

// Replies with an error and returns false if an element has no score.
bool sort_elements(context& c, std::vector<std::string>& elements, const sort_options& options) {
    std::vector<weighted> all;
    all.reserve(elements.size());
    for (std::string& element : elements) {
        weighted one{std::move(element), 0, std::nullopt, 0};
        std::optional<std::string> text;
        if (options.by) text = look_up(c, *options.by, one.element);
        if (options.alphabetic) {
            one.text = std::move(text);
        } else if (text || !options.by) {
            const std::optional<double> score = to_score(text ? *text : one.element);
            if (!score) {
                c.reply.error("ERR One or more scores can't be converted into double");
                return false;
            }
            one.score = *score;
        }
        one.place = all.size();
        all.push_back(std::move(one));
    }
    std::sort(all.begin(), all.end(),
              [&](const weighted& a, const weighted& b) { return comes_before(a, b, options); });
    for (std::size_t i = 0; i < all.size(); ++i)
        elements[i] = std::move(all[i].element);
    return true;
}

std::span<const std::string> limited(const std::vector<std::string>& elements,
                                     const sort_options& options) {
    const auto size = static_cast<std::int64_t>(elements.size());
    const std::int64_t first = std::clamp<std::int64_t>(options.offset, 0, size);
    const std::int64_t count =
        options.count < 0 ? size - first : std::min(options.count, size - first);
    return std::span{elements}.subspan(static_cast<std::size_t>(first),
                                       static_cast<std::size_t>(count));
}

void store_result(context& c, std::string_view name, const std::vector<std::string>& result) {
    const hashed_key key{name};
    if (const located old = c.db.find(key)) {
        c.db.erase(key, old);
        if (result.empty()) c.notify(event_class::generic, "del", key);
    }
    if (!result.empty()) {
        const std::vector<std::string_view> words{result.begin(), result.end()};
        list_editor{c.db, key, {}}.push(list_end::tail, words);
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
    // What is stored of a set that is not sorted must not hang on chance.
    if (options->unsorted && options->store && found && found->type() == value_type::set) {
        options->unsorted = false;
        options->alphabetic = true;
        options->by.reset();
    }
    std::vector<std::string> elements;
    if (found) elements = elements_of(*found, options->unsorted && options->descending);
    if (!options->unsorted && !sort_elements(c, elements, *options)) return;
    const std::span<const std::string> chosen = limited(elements, *options);

    if (options->store) {
        std::vector<std::string> result;
        for (const std::string& element : chosen) {
            if (options->get.empty()) result.push_back(element);
            for (const std::string_view pattern : options->get)
                result.push_back(look_up(c, pattern, element).value_or(""));
        }
        return store_result(c, *options->store, result);
    }
    c.reply.array(chosen.size() * std::max<std::size_t>(options->get.size(), 1));
    for (const std::string& element : chosen) {
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
