// HyperLogLogs: estimates of how many different elements were added to a key.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "commands/arguments.hpp"
#include "commands/context.hpp"
#include "commands/families.hpp"
#include "commands/type_checks.hpp"
#include "store/hyperloglog.hpp"

namespace mini_redis {
namespace {

namespace hll = hyperloglog;

constexpr std::string_view corrupt_value = "INVALIDOBJ Corrupted HLL object detected";

// Replies with an error and returns false if the key holds something else. Absent is fine.
bool is_hyperloglog(context& c, located found) {
    if (!is_string(c, found)) return false;
    if (!found || hll::has_form(found->string())) return true;
    c.reply.error("WRONGTYPE Key is not a valid HyperLogLog string value.");
    return false;
}

// The value of a key, which is one or is to become one.
class editor {
public:
    editor(context& c, const hashed_key& key, located at) : c_{c}, key_{key}, at_{at} {
        if (at_)
            at_->set_encoding(string_encoding::raw);
        else
            put(hll::empty());
    }

    std::string_view bytes() const noexcept { return at_->string(); }

    bool is_sparse() const noexcept { return hll::is_sparse(bytes()); }

    enum class outcome : std::uint8_t { unchanged, changed, corrupt };

    outcome add(hll::observation seen) {
        if (!is_sparse()) {
            const bool raised = hll::raise_dense(at_->mutable_bytes(), seen);
            return raised ? outcome::changed : outcome::unchanged;
        }
        const auto most = c_.db.limits().hyperloglog_sparse_bytes.load(std::memory_order_relaxed);
        const hll::sparse_change change =
            hll::raise_sparse(bytes(), seen, static_cast<std::size_t>(most));
        using kind = hll::sparse_change::kind;
        switch (change.what) {
        case kind::none: return outcome::unchanged;
        case kind::corrupt: return outcome::corrupt;
        case kind::promote:
            if (!become_dense()) return outcome::corrupt;
            hll::raise_dense(at_->mutable_bytes(), seen);
            return outcome::changed;
        case kind::edit: break;
        }
        // Before the change: if memory runs out for the next one, this one must not go uncounted.
        hll::forget_count(at_->mutable_bytes());
        c_.db.splice(key_, at_, change.offset, change.erased, change.inserted());
        return outcome::changed;
    }

    // False if the value is corrupt.
    bool become_dense() {
        std::optional<std::string> made = hll::to_dense(bytes());
        if (!made) return false;
        put(*made);
        return true;
    }

    void note_count(std::uint64_t count) noexcept {
        hll::note_count(at_->mutable_bytes(), count);
        c_.db.changed(key_, nullptr);
    }

    // Says that registers have changed: the count is not known any more.
    void announce() {
        hll::forget_count(at_->mutable_bytes());
        c_.db.changed(key_, nullptr);
        c_.notify(event_class::string, "pfadd", key_);
    }

private:
    void put(std::string_view value) {
        c_.db.put(key_, at_,
                  entry::make_string(key_.name, value, at_ ? at_->expiry() : std::nullopt,
                                     string_encoding::raw));
        at_ = c_.db.find(key_);
    }

    context& c_;
    const hashed_key& key_;
    located at_;
};

void pfadd(context& c) {
    const hashed_key& key = c.keys[0];
    const located found = c.modify(key);
    if (!is_hyperloglog(c, found)) return;
    editor value{c, key, found};
    bool changed = !found;
    for (const std::string_view element : c.args.subspan(2)) {
        const editor::outcome what = value.add(hll::observe(element));
        if (what == editor::outcome::corrupt) return c.reply.error(corrupt_value);
        changed |= what == editor::outcome::changed;
    }
    if (changed) value.announce();
    c.reply.integer(changed ? 1 : 0);
}

// Merges all that the keys hold. Replies with an error and returns false if one is not right.
bool merge_all(context& c, hll::registers& into, bool& any_dense) {
    for (const hashed_key& key : c.keys) {
        const located found = c.read(key);
        if (!is_hyperloglog(c, found)) return false;
        if (!found) continue;
        any_dense |= !hll::is_sparse(found->string());
        if (!hll::merge(into, found->string())) {
            c.reply.error(corrupt_value);
            return false;
        }
    }
    return true;
}

void pfcount(context& c) {
    if (c.keys.size() > 1) {
        hll::registers all{};
        bool any_dense = false;
        if (merge_all(c, all, any_dense))
            c.reply.integer(static_cast<std::int64_t>(hll::count(all)));
        return;
    }
    const located found = c.read(c.keys[0]);
    if (!is_hyperloglog(c, found)) return;
    if (!found) return c.reply.integer(0);
    editor value{c, c.keys[0], found};
    std::optional<std::uint64_t> count = hll::known_count(value.bytes());
    if (!count) {
        count = hll::count(value.bytes());
        if (!count) return c.reply.error(corrupt_value);
        value.note_count(*count); // a change of the value, and those who watch it are told
    }
    c.reply.integer(static_cast<std::int64_t>(*count));
}

void pfmerge(context& c) {
    hll::registers all{};
    bool any_dense = false;
    if (!merge_all(c, all, any_dense)) return;
    const hashed_key& key = c.keys[0];
    editor value{c, key, c.modify(key)};
    if (any_dense && value.is_sparse()) value.become_dense(); // it was merged: it is not corrupt
    for (std::uint32_t i = 0; i < all.size(); ++i)
        if (all[i] != 0) value.add({i, all[i]});
    value.announce();
    c.reply.ok();
}

// -- Looking inside ---------------------------------------------------------------------------

void reply_registers(context& c, editor& value) {
    if (value.is_sparse() && !value.become_dense()) return c.reply.error(corrupt_value);
    c.reply.array(hll::register_count);
    for (std::size_t i = 0; i < hll::register_count; ++i)
        c.reply.integer(hll::dense_register(value.bytes(), i));
}

void pfdebug(context& c) {
    const std::string_view what = c.args[1];
    const located found = c.modify(c.keys[0]);
    if (!found) return c.reply.error("ERR The specified key does not exist");
    if (!is_hyperloglog(c, found)) return;
    editor value{c, c.keys[0], found};
    if (equals_ignoring_case(what, "getreg")) return reply_registers(c, value);
    if (equals_ignoring_case(what, "decode")) {
        if (!value.is_sparse()) return c.reply.error("ERR HLL encoding is not sparse");
        if (value.bytes().size() > hll::largest_sparse) return c.reply.error(corrupt_value);
        return c.reply.bulk_string(hll::describe(value.bytes()));
    }
    if (equals_ignoring_case(what, "encoding"))
        return c.reply.simple_string(value.is_sparse() ? "sparse" : "dense");
    if (equals_ignoring_case(what, "todense")) {
        const bool converts = value.is_sparse();
        if (converts && !value.become_dense()) return c.reply.error(corrupt_value);
        return c.reply.integer(converts ? 1 : 0);
    }
    c.reply.error(fmt::format("ERR Unknown PFDEBUG subcommand '{}'", shown(what)));
}

// Adds numbers to a value and, beside it, to plain registers: both have to agree.
void pfselftest(context& c) {
    std::string value{hll::empty()};
    if (std::optional<std::string> dense = hll::to_dense(value)) value = *std::move(dense);
    hll::registers plain{};
    constexpr std::int64_t elements = 100'000;
    for (std::int64_t i = 1; i <= elements; ++i) {
        const hll::observation seen = hll::observe(std::to_string(i));
        hll::raise_dense(value, seen);
        plain[seen.index] = std::max(plain[seen.index], seen.value);
    }
    hll::registers read{};
    const bool same = hll::merge(read, value) && read == plain;
    const auto count = static_cast<std::int64_t>(hll::count(plain));
    constexpr std::int64_t most_off = elements / 25; // five times the standard error
    if (!same || count < elements - most_off || count > elements + most_off)
        return c.reply.error("TESTFAILED the registers are not what was put into them");
    c.reply.ok();
}

// -- Rows -------------------------------------------------------------------------------------

using enum command_flag;

constexpr command rows[] = {
    {.name = "pfadd",
     .handler = pfadd,
     .arity = -2,
     .flags = write | denyoom | fast,
     .categories = acl_category::hyperloglog,
     .keys = {one_key("RW insert")},
     .group = "hyperloglog",
     .since = "2.8.9",
     .complexity = "O(1) for each element",
     .syntax = "key [element ...]",
     .summary = "Counts elements in; tells whether that changed the estimate's registers."},
    {.name = "pfcount",
     .handler = pfcount,
     .arity = -2,
     .flags = readonly | may_replicate, // it may write down what it has counted
     .categories = acl_category::hyperloglog,
     .keys = {{{1, -1, 1, "RW access"}}},
     .group = "hyperloglog",
     .since = "2.8.9",
     .complexity = "O(1); with several keys O(N), and each costs much more",
     .syntax = "key [key ...]",
     .summary = "Estimates how many different elements a key, or several together, have counted."},
    {.name = "pfdebug",
     .handler = pfdebug,
     .arity = 3,
     .flags = write | denyoom | admin,
     .categories = acl_category::hyperloglog,
     .keys = {one_key("RW access", 2)},
     .group = "hyperloglog",
     .since = "2.8.9",
     .complexity = "O(1)",
     .syntax = "subcommand key",
     .summary = "Shows a HyperLogLog's insides: GETREG, DECODE, ENCODING, TODENSE."},
    {.name = "pfmerge",
     .handler = pfmerge,
     .arity = -2,
     .flags = write | denyoom,
     .categories = acl_category::hyperloglog,
     .keys = {{{1, 1, 1, "RW access insert"}, {2, -1, 1, "RO access"}}},
     .group = "hyperloglog",
     .since = "2.8.9",
     .complexity = "O(N) for N keys",
     .syntax = "destkey:key [sourcekey:key ...]",
     .summary = "Lets a key count what several have counted together."},
    {.name = "pfselftest",
     .handler = pfselftest,
     .arity = 1,
     .flags = admin,
     .categories = acl_category::hyperloglog,
     .group = "hyperloglog",
     .since = "2.8.9",
     .complexity = "O(1)",
     .summary = "Tests that registers hold what is put into them."},
};

static_assert(arities_match(rows));

} // namespace

std::span<const command> hyperloglog_commands() {
    return rows;
}

} // namespace mini_redis
