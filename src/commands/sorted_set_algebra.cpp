// Sorted sets: unions, intersections and differences, replied or stored. The inputs may be sets
// too, whose members all have the score 1.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/sorted_set_arguments.hpp"
#include "resp/number.hpp"
#include "store/hash.hpp"
#include "store/set_value.hpp"
#include "store/sorted_set_value.hpp"

namespace mini_redis {
namespace {

// -- Inputs -----------------------------------------------------------------------------------

/// What one of the keys holds, if anything. The one place where sets and sorted sets are told
/// apart.
class input {
public:
    double weight = 1;

    explicit input(const entry* held) : held_{held} {
        if (held_ == nullptr || held_->type() != value_type::set) return;
        is_set_ = true;
        if (!set_value{*held_}.are_integers()) return;
        // Integers have no bytes that last: their digits are written out once.
        digits_.reserve(set_value{*held_}.size());
        set_value{*held_}.for_each([&](std::string_view member) { digits_.emplace_back(member); });
    }

    static bool is_one(const entry& held) noexcept {
        return held.type() == value_type::zset || held.type() == value_type::set;
    }

    std::size_t size() const noexcept {
        if (held_ == nullptr) return 0;
        return is_set_ ? set_value{*held_}.size() : sorted_set_view{*held_}.size();
    }

    std::optional<double> find(std::string_view member) const noexcept {
        if (held_ == nullptr) return std::nullopt;
        if (!is_set_) return sorted_set_view{*held_}.score(member);
        return set_value{*held_}.contains(member) ? std::optional{1.0} : std::nullopt;
    }

    /// Calls `visit(member, score)` for all; the texts last as long as the input.
    template <class Visit>
    void for_each(Visit&& visit) const {
        if (held_ == nullptr) return;
        if (!is_set_) return sorted_set_view{*held_}.for_each(visit);
        for (const std::string& digits : digits_)
            visit(digits, 1.0);
        if (digits_.empty())
            set_value{*held_}.for_each([&](std::string_view member) { visit(member, 1.0); });
    }

private:
    const entry* held_;
    bool is_set_ = false;
    std::vector<std::string> digits_;
};

enum class aggregate { sum, least, most };

double joined(aggregate how, double left, double right) noexcept {
    if (how == aggregate::least) return std::min(left, right);
    if (how == aggregate::most) return std::max(left, right);
    const double sum = left + right;
    return std::isnan(sum) ? 0 : sum; // of both infinities
}

// -- Requests ---------------------------------------------------------------------------------

enum class operation { unite, intersect, subtract };

struct algebra_request {
    std::vector<input> inputs;
    aggregate how = aggregate::sum;
    bool with_scores = false;
    std::int64_t limit = 0;  // ZINTERCARD: 0 is none
    std::size_t options = 0; // the word where they begin
};

// The inputs, whose number is word `at`; replies with an error and returns nothing if it is wrong.
std::optional<algebra_request> read_inputs(context& c, std::size_t at) {
    const std::optional<std::int64_t> count = integer_argument(c, c.args[at]);
    if (!count) return std::nullopt;
    if (*count < 1) {
        c.reply.error(
            fmt::format("ERR at least 1 input key is needed for '{}' command", c.self.name));
        return std::nullopt;
    }
    if (static_cast<std::uint64_t>(*count) > c.args.size() - at - 1) {
        c.reply.error(replies::syntax_error);
        return std::nullopt;
    }
    algebra_request wanted;
    const auto inputs = static_cast<std::size_t>(*count);
    for (const hashed_key& key : c.keys.last(inputs)) {
        // The entry stays where it is, also when finding the next key removes that as expired.
        const located found = c.read(key);
        if (found && !input::is_one(*found)) {
            c.reply.error(replies::wrong_type);
            return std::nullopt;
        }
        wanted.inputs.emplace_back(found ? &*found : nullptr);
    }
    wanted.options = at + 1 + inputs;
    return wanted;
}

bool parse_weights(context& c, algebra_request& wanted, std::size_t at) {
    for (input& one : wanted.inputs) {
        const std::optional<double> weight = parse_real(c.args[at++]);
        if (!weight) {
            c.reply.error("ERR weight value is not a float");
            return false;
        }
        one.weight = *weight;
    }
    return true;
}

std::optional<aggregate> parse_aggregate(std::string_view word) noexcept {
    if (equals_ignoring_case(word, "sum")) return aggregate::sum;
    if (equals_ignoring_case(word, "min")) return aggregate::least;
    if (equals_ignoring_case(word, "max")) return aggregate::most;
    return std::nullopt;
}

bool parse_options(context& c, algebra_request& wanted, operation what, bool storing) {
    const auto refuse = [&] {
        c.reply.error(replies::syntax_error);
        return false;
    };
    for (std::size_t at = wanted.options; at < c.args.size(); ++at) {
        const std::size_t left = c.args.size() - at - 1;
        const bool weighs = what != operation::subtract;
        if (weighs && left >= wanted.inputs.size() && equals_ignoring_case(c.args[at], "weights")) {
            if (!parse_weights(c, wanted, at + 1)) return false;
            at += wanted.inputs.size();
        } else if (weighs && left >= 1 && equals_ignoring_case(c.args[at], "aggregate")) {
            const std::optional<aggregate> how = parse_aggregate(c.args[++at]);
            if (!how) return refuse();
            wanted.how = *how;
        } else if (!storing && equals_ignoring_case(c.args[at], "withscores")) {
            wanted.with_scores = true;
        } else {
            return refuse();
        }
    }
    return true;
}

// -- Results ----------------------------------------------------------------------------------

using result = std::vector<scored_member>;

// Small ones first: that is less to do, and the order in which Redis adds the scores up.
void sort_by_size(std::vector<input>& inputs) {
    std::vector<std::pair<std::size_t, std::size_t>> order; // size and place
    for (const input& each : inputs)
        order.emplace_back(each.size(), order.size());
    std::sort(order.begin(), order.end());
    std::vector<input> sorted;
    for (const auto& [size, place] : order)
        sorted.push_back(std::move(inputs[place]));
    inputs = std::move(sorted);
}

/// Members, each once, with what their scores come to. A hash table of numbers beside the result,
/// by the keyspace's hash: nobody can choose members that collide.
class score_table {
public:
    score_table(aggregate how, std::size_t expected)
        : how_{how},
          slots_(std::bit_ceil(std::max(expected, waiting_.size()) * 2)) {
        members_.reserve(expected);
    }

    /// The text must last as long as the result.
    void add(std::string_view member, double score) {
        const std::uint64_t hash = hash_key(member);
        __builtin_prefetch(&slots_[home(hash)]); // it is looked at when some others have come
        waiting_[count_++] = {{member, score}, hash};
        if (count_ == waiting_.size()) settle();
    }

    result finish() {
        settle();
        return std::move(members_);
    }

private:
    struct hashed_member {
        scored_member one;
        std::uint64_t hash;
    };

    // A slot is 0, or the number of a member plus 1 below some bits of its hash.
    static constexpr unsigned number_bits = 40;
    static constexpr std::uint64_t number_mask = (std::uint64_t{1} << number_bits) - 1;

    std::size_t home(std::uint64_t hash) const noexcept { return hash & (slots_.size() - 1); }

    void settle() {
        if ((members_.size() + count_) * 4 > slots_.size() * 3) grow();
        for (std::size_t i = 0; i < count_; ++i) {
            const hashed_member& added = waiting_[i];
            scored_member* const there = find_or_add(added);
            if (there != nullptr) there->score = joined(how_, there->score, added.one.score);
        }
        count_ = 0;
    }

    // Null if it is new.
    scored_member* find_or_add(const hashed_member& added) {
        const std::uint64_t tag = added.hash & ~number_mask;
        std::size_t at = home(added.hash);
        for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
            if ((slots_[at] & ~number_mask) != tag) continue;
            scored_member& other = members_[(slots_[at] & number_mask) - 1];
            if (other.member == added.one.member) return &other;
        }
        members_.push_back(added.one);
        slots_[at] = tag | members_.size();
        return nullptr;
    }

    void grow() {
        slots_.assign(slots_.size() * 2, 0);
        for (std::size_t number = 1; number <= members_.size(); ++number) {
            const std::uint64_t hash = hash_key(members_[number - 1].member);
            std::size_t at = home(hash);
            while (slots_[at] != 0)
                at = (at + 1) & (slots_.size() - 1);
            slots_[at] = (hash & ~number_mask) | number;
        }
    }

    aggregate how_;
    std::array<hashed_member, 16> waiting_;
    std::size_t count_ = 0; // of those that wait
    result members_;
    std::vector<std::uint64_t> slots_; // a power of two, at most three quarters in use
};

result unite(const algebra_request& wanted) {
    const auto visit = [&](auto&& add) {
        for (const input& one : wanted.inputs)
            one.for_each([&](std::string_view member, double score) {
                const double weighted = one.weight * score;
                add(member, std::isnan(weighted) ? 0 : weighted); // infinity by 0
            });
    };
    const std::size_t largest = wanted.inputs.back().size();
    if (wanted.inputs.size() == 1) { // then each member comes once
        result all;
        all.reserve(largest);
        visit([&](std::string_view member, double score) { all.push_back({member, score}); });
        return all;
    }
    score_table all{wanted.how, largest};
    visit([&](std::string_view member, double score) { all.add(member, score); });
    return all.finish();
}

result intersect(const algebra_request& wanted) {
    result found;
    const input& first = wanted.inputs.front();
    first.for_each([&](std::string_view member, double score) {
        double value = first.weight * score;
        if (std::isnan(value)) value = 0; // infinity by 0; of the others, as Redis does, it stays
        for (std::size_t i = 1; i < wanted.inputs.size(); ++i) {
            const std::optional<double> other = wanted.inputs[i].find(member);
            if (!other) return;
            value = joined(wanted.how, value, wanted.inputs[i].weight * *other);
        }
        found.push_back({member, value});
    });
    return found;
}

result subtract(const algebra_request& wanted) {
    result found;
    wanted.inputs.front().for_each([&](std::string_view member, double score) {
        for (std::size_t i = 1; i < wanted.inputs.size(); ++i)
            if (wanted.inputs[i].find(member)) return;
        found.push_back({member, score});
    });
    return found;
}

result compute(algebra_request& wanted, operation what) {
    if (what != operation::subtract) sort_by_size(wanted.inputs);
    result found = what == operation::unite       ? unite(wanted)
                   : what == operation::intersect ? intersect(wanted)
                                                  : subtract(wanted);
    if (!std::is_sorted(found.begin(), found.end(), ranks_before))
        std::sort(found.begin(), found.end(), ranks_before);
    return found;
}

template <operation What>
void reply_result(context& c) {
    std::optional<algebra_request> wanted = read_inputs(c, 1);
    if (!wanted || !parse_options(c, *wanted, What, false)) return;
    const result found = compute(*wanted, What);
    write_scored_header(c.reply, found.size(), wanted->with_scores);
    for (const scored_member& one : found)
        write_scored(c.reply, one.member, one.score, wanted->with_scores);
}

/// The event is called as the command is.
template <operation What>
void store_result(context& c) {
    std::optional<algebra_request> wanted = read_inputs(c, 2);
    if (!wanted || !parse_options(c, *wanted, What, true)) return;
    store_sorted_set(c, c.keys[0], compute(*wanted, What), c.self.name);
}

bool parse_limit(context& c, algebra_request& wanted) {
    for (std::size_t at = wanted.options; at < c.args.size(); at += 2) {
        if (at + 1 == c.args.size() || !equals_ignoring_case(c.args[at], "limit")) {
            c.reply.error(replies::syntax_error);
            return false;
        }
        const std::optional<std::int64_t> limit = parse_integer(c.args[at + 1]);
        if (!limit || *limit < 0) {
            c.reply.error("ERR LIMIT can't be negative");
            return false;
        }
        wanted.limit = *limit;
    }
    return true;
}

void zintercard(context& c) {
    std::optional<algebra_request> wanted = read_inputs(c, 1);
    if (!wanted || !parse_limit(c, *wanted)) return;
    sort_by_size(wanted->inputs);
    std::int64_t count = 0;
    wanted->inputs.front().for_each([&](std::string_view member, double) {
        if (wanted->limit != 0 && count >= wanted->limit) return;
        for (std::size_t i = 1; i < wanted->inputs.size(); ++i)
            if (!wanted->inputs[i].find(member)) return;
        ++count;
    });
    c.reply.integer(count);
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr std::string_view union_cost =
    "O(N)+O(M*log(M)), N being the sizes of all inputs and M that of the result";
constexpr std::string_view intersection_cost =
    "O(N*K)+O(M*log(M)), N being the smallest size, K the number of inputs and M the result's size";
constexpr std::string_view difference_cost =
    "O(N*K)+O(M*log(M)), N being the first size, K the number of inputs and M the result's size";

constexpr command replied(std::string_view name, command_handler handler, std::string_view since,
                          std::string_view cost, std::string_view syntax,
                          std::string_view summary) {
    return {.name = name,
            .handler = handler,
            .arity = -3,
            .flags = readonly | movablekeys,
            .categories = acl_category::sortedset,
            .keys = {counted_keys(1, "RO access")},
            .group = "sorted-set",
            .since = since,
            .complexity = cost,
            .syntax = syntax,
            .summary = summary};
}

constexpr command stored(std::string_view name, command_handler handler, std::string_view since,
                         std::string_view cost, std::string_view syntax, std::string_view summary) {
    return {.name = name,
            .handler = handler,
            .arity = -4,
            .flags = write | denyoom | movablekeys,
            .categories = acl_category::sortedset,
            .keys = {{{1, 1, 1, "OW update"}, counted_keys(2, "RO access")}},
            .group = "sorted-set",
            .since = since,
            .complexity = cost,
            .syntax = syntax,
            .summary = summary};
}

constexpr command rows[] = {
    replied("zdiff", reply_result<operation::subtract>, "6.2.0", difference_cost,
            "numkeys:integer key [key ...] [WITHSCORES]",
            "Gives the members of the first sorted set that are in none of the others."),
    stored("zdiffstore", store_result<operation::subtract>, "6.2.0", difference_cost,
           "destination:key numkeys:integer key [key ...]",
           "Stores the members of the first sorted set that are in none of the others."),
    replied("zinter", reply_result<operation::intersect>, "6.2.0", intersection_cost,
            "numkeys:integer key [key ...] [WEIGHTS weight:integer [weight:integer ...]] "
            "[AGGREGATE <aggregate: SUM | MIN | MAX>] [WITHSCORES]",
            "Gives the members that are in all of the sorted sets."),
    replied("zintercard", zintercard, "7.0.0",
            "O(N*K), N being the smallest size, K the number "
            "of inputs",
            "numkeys:integer key [key ...] [LIMIT limit:integer]",
            "Counts the members that are in all of the sorted sets."),
    stored("zinterstore", store_result<operation::intersect>, "2.0.0", intersection_cost,
           "destination:key numkeys:integer key [key ...] "
           "[WEIGHTS weight:integer [weight:integer ...]] [AGGREGATE <aggregate: SUM | MIN | MAX>]",
           "Stores the members that are in all of the sorted sets."),
    replied("zunion", reply_result<operation::unite>, "6.2.0", union_cost,
            "numkeys:integer key [key ...] [WEIGHTS weight:integer [weight:integer ...]] "
            "[AGGREGATE <aggregate: SUM | MIN | MAX>] [WITHSCORES]",
            "Gives the members that are in any of the sorted sets."),
    stored("zunionstore", store_result<operation::unite>, "2.0.0", union_cost,
           "destination:key numkeys:integer key [key ...] "
           "[WEIGHTS weight:integer [weight:integer ...]] [AGGREGATE <aggregate: SUM | MIN | MAX>]",
           "Stores the members that are in any of the sorted sets."),
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> sorted_set_algebra_commands() {
    return rows;
}

} // namespace mini_redis
