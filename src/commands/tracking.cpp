// CLIENT TRACKING and what goes with it: the options, and what is wrong with them.
#include "commands/tracking.hpp"

#include <algorithm>
#include <cstddef>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "commands/arguments.hpp"
#include "commands/context.hpp"

namespace mini_redis {
namespace {

const tracking_state* tracking_of(const client_state& client) noexcept {
    return client.tracking ? client.extra->tracking.get() : nullptr;
}

/// The words behind ON or OFF.
struct tracking_options {
    std::int64_t redirect = 0;
    bool broadcast = false;
    bool opt_in = false;
    bool opt_out = false;
    bool no_loop = false;
    std::vector<std::string_view> prefixes;
};

bool read_redirect(context& c, std::string_view word, tracking_options& options) {
    if (options.redirect != 0) {
        c.reply.error("ERR A client can only redirect to a single other client");
        return false;
    }
    const std::optional<std::int64_t> id = integer_argument(c, word);
    if (!id) return false;
    if (!c.server.has_client(static_cast<std::uint64_t>(*id))) {
        c.reply.error("ERR The client ID you want redirect to does not exist");
        return false;
    }
    options.redirect = *id;
    return true;
}

// Nothing after it has replied with an error.
std::optional<tracking_options> read_options(context& c) {
    tracking_options options;
    for (std::size_t i = 3; i < c.args.size(); ++i) {
        const std::string_view word = c.args[i];
        const bool has_next = i + 1 < c.args.size();
        if (equals_ignoring_case(word, "redirect") && has_next) {
            if (!read_redirect(c, c.args[++i], options)) return std::nullopt;
        } else if (equals_ignoring_case(word, "bcast")) {
            options.broadcast = true;
        } else if (equals_ignoring_case(word, "optin")) {
            options.opt_in = true;
        } else if (equals_ignoring_case(word, "optout")) {
            options.opt_out = true;
        } else if (equals_ignoring_case(word, "noloop")) {
            options.no_loop = true;
        } else if (equals_ignoring_case(word, "prefix") && has_next) {
            options.prefixes.push_back(c.args[++i]);
        } else {
            c.reply.error(replies::syntax_error);
            return std::nullopt;
        }
    }
    return options;
}

// -- Prefixes that overlap ----------------------------------------------------------------------

bool overlap(std::string_view a, std::string_view b) noexcept {
    return a.starts_with(b) || b.starts_with(a);
}

// The first of the client's prefixes that overlaps. They do not overlap with each other, except
// the empty one with all: so it is that, or one of the neighbours in their order.
std::optional<std::string_view> overlapping(const tracking_state* now, std::string_view prefix) {
    if (now == nullptr || now->prefixes.empty()) return std::nullopt;
    if (now->prefixes.begin()->empty()) return "";
    const auto next = now->prefixes.upper_bound(prefix);
    if (next != now->prefixes.begin() && prefix.starts_with(*std::prev(next)))
        return *std::prev(next);
    if (next != now->prefixes.end() && next->starts_with(prefix)) return *next;
    return std::nullopt;
}

// The place of the first prefix that overlaps with one behind it; the number of prefixes if there
// is none. Sorted, those that a prefix overlaps with stand next to each other behind it: what is
// looked at is the chain of prefixes that the next one begins with, each with the smallest place
// in its chain.
std::size_t first_overlapping(std::span<const std::string_view> prefixes) {
    std::vector<std::size_t> sorted(prefixes.size());
    for (std::size_t i = 0; i < sorted.size(); ++i)
        sorted[i] = i;
    std::sort(sorted.begin(), sorted.end(), [&](std::size_t a, std::size_t b) {
        return std::pair{prefixes[a], a} < std::pair{prefixes[b], b};
    });

    struct link {
        std::string_view prefix;
        std::size_t first;
    };

    std::vector<link> chain;
    std::size_t best = prefixes.size();
    for (const std::size_t place : sorted) {
        while (!chain.empty() && !prefixes[place].starts_with(chain.back().prefix))
            chain.pop_back();
        const std::size_t first = chain.empty() ? place : std::min(place, chain.back().first);
        if (!chain.empty()) best = std::min(best, first);
        chain.push_back({prefixes[place], first});
    }
    return best;
}

bool prefixes_fit(context& c, std::span<const std::string_view> prefixes) {
    const tracking_state* const now = tracking_of(c.client);
    const auto refuse = [&](std::string_view prefix, std::string_view what,
                            std::string_view other) {
        c.reply.error(fmt::format("ERR Prefix '{}' overlaps with {} prefix '{}'. Prefixes for a "
                                  "single client must not overlap.",
                                  shown(prefix), what, shown(other)));
        return false;
    };
    const std::size_t doubtful = first_overlapping(prefixes);
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
        if (const auto other = overlapping(now, prefixes[i]))
            return refuse(prefixes[i], "an existing", *other);
        if (i != doubtful) continue;
        const auto other =
            std::find_if(prefixes.begin() + static_cast<std::ptrdiff_t>(i) + 1, prefixes.end(),
                         [&](std::string_view each) { return overlap(prefixes[i], each); });
        return refuse(prefixes[i], "another provided", *other);
    }
    return true;
}

// -- On and off ---------------------------------------------------------------------------------

// Whether the options fit each other and what the client has chosen before; otherwise replies with
// an error.
bool options_fit(context& c, const tracking_options& options) {
    const auto refuse = [&](std::string_view text) {
        c.reply.error(text);
        return false;
    };
    if (!options.broadcast && !options.prefixes.empty())
        return refuse("ERR PREFIX option requires BCAST mode to be enabled");
    const tracking_state* const now = tracking_of(c.client);
    if (now != nullptr && now->broadcast != options.broadcast)
        return refuse("ERR You can't switch BCAST mode on/off before disabling tracking for this "
                      "client, and then re-enabling it with a different mode.");
    if (options.broadcast && (options.opt_in || options.opt_out))
        return refuse("ERR OPTIN and OPTOUT are not compatible with BCAST");
    if (options.opt_in && options.opt_out)
        return refuse("ERR You can't specify both OPTIN mode and OPTOUT mode");
    if (now != nullptr && ((options.opt_in && now->opt_out) || (options.opt_out && now->opt_in)))
        return refuse("ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this "
                      "client, and then re-enabling it with a different mode.");
    return prefixes_fit(c, options.prefixes);
}

void begin_tracking(context& c, const tracking_options& options) {
    client_state& client = c.client;
    if (!client.tracking) {
        client_state::rare& extra = client.ensure_extra();
        auto fresh = std::make_unique<tracking_state>();
        fresh->broadcast = options.broadcast;
        if (options.broadcast) c.store.add_broadcaster(c.all_locked);
        extra.tracking = std::move(fresh);
        client.tracking = true;
    }
    tracking_state& now = *client.extra->tracking;
    try {
        constexpr std::string_view all_keys[] = {""};
        std::span<const std::string_view> prefixes = options.prefixes;
        if (options.broadcast && prefixes.empty()) prefixes = all_keys;
        for (const std::string_view prefix : prefixes)
            now.prefixes.emplace(prefix);
        c.server.begin_tracking(client, prefixes);
    } catch (...) { // no memory: better none than half
        end_tracking(client, c.store, c.server, c.all_locked);
        throw;
    }
    now.opt_in = options.opt_in;
    now.opt_out = options.opt_out;
    now.no_loop = options.no_loop;
    now.broken = false;
    now.redirect = static_cast<std::uint64_t>(options.redirect);
}

} // namespace

void end_tracking(client_state& client, sharded_store& store, services& server,
                  bool locked) noexcept {
    if (!client.tracking) return;
    server.end_tracking(client);
    client.tracking = false;
    const std::unique_ptr<tracking_state> ended = std::move(client.extra->tracking);
    if (ended->broadcast) store.remove_broadcaster(locked);
}

void client_tracking(context& c) {
    const std::optional<tracking_options> options = read_options(c);
    if (!options) return;
    if (equals_ignoring_case(c.args[2], "on")) {
        if (!options_fit(c, *options)) return;
        begin_tracking(c, *options);
    } else if (equals_ignoring_case(c.args[2], "off")) {
        end_tracking(c.client, c.store, c.server, c.all_locked);
    } else {
        return c.reply.error(replies::syntax_error);
    }
    c.server.refresh(c.client);
    c.reply.ok();
}

void client_caching(context& c) {
    if (!c.client.tracking)
        return c.reply.error("ERR CLIENT CACHING can be called only when the client is in tracking "
                             "mode with OPTIN or OPTOUT mode enabled");
    tracking_state& now = *c.client.extra->tracking;
    if (equals_ignoring_case(c.args[2], "yes")) {
        if (!now.opt_in)
            return c.reply.error("ERR CLIENT CACHING YES is only valid when tracking is enabled in "
                                 "OPTIN mode.");
    } else if (equals_ignoring_case(c.args[2], "no")) {
        if (!now.opt_out)
            return c.reply.error("ERR CLIENT CACHING NO is only valid when tracking is enabled in "
                                 "OPTOUT mode.");
    } else {
        return c.reply.error(replies::syntax_error);
    }
    now.caching = true;
    c.reply.ok();
}

void client_getredir(context& c) {
    const tracking_state* const now = tracking_of(c.client);
    c.reply.integer(now != nullptr ? static_cast<std::int64_t>(now->redirect) : -1);
}

void client_trackinginfo(context& c) {
    const tracking_state* const now = tracking_of(c.client);
    std::vector<std::string_view> flags;
    const auto add_if = [&](bool is_set, std::string_view flag) {
        if (is_set) flags.push_back(flag);
    };
    flags.push_back(now != nullptr ? "on" : "off");
    if (now != nullptr) {
        add_if(now->broadcast, "bcast");
        add_if(now->opt_in, "optin");
        add_if(now->opt_in && now->caching, "caching-yes");
        add_if(now->opt_out, "optout");
        add_if(now->opt_out && now->caching, "caching-no");
        add_if(now->no_loop, "noloop");
        add_if(now->broken, "broken_redirect");
    }
    c.reply.map(3);
    c.reply.bulk_string("flags");
    c.reply.set(flags.size());
    for (const std::string_view flag : flags)
        c.reply.bulk_string(flag);
    c.reply.bulk_string("redirect");
    client_getredir(c);
    c.reply.bulk_string("prefixes");
    c.reply.array(now != nullptr ? now->prefixes.size() : 0);
    if (now == nullptr) return;
    for (const std::string& prefix : now->prefixes)
        c.reply.bulk_string(prefix);
}

} // namespace mini_redis
