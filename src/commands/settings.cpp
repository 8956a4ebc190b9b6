#include "commands/settings.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <stdexcept>

#include "commands/arguments.hpp"
#include "commands/effects.hpp"
#include "resp/number.hpp"
#include "store/glob.hpp"

namespace mini_redis {
namespace {

enum class kind : std::uint8_t {
    integer,
    memory, // bytes, with units: 1gb is 1024 mb, 1g is 1000 m
    yes_no,
    choice, // one of the row's words
    text,
    save_points,   // pairs of seconds and changes
    output_limits, // per class of client: hard bytes, soft bytes, soft seconds
    events,        // letters of keyspace notifications
};

enum class change_rule : std::uint8_t {
    free,
    at_start, // CONFIG SET must not
    fixed,    // mini-redis knows this value only
};

constexpr std::int64_t int_min = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t long_max = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t mebibyte = 1024 * 1024;

constexpr std::string_view log_levels[] = {"debug", "verbose", "notice", "warning"};
constexpr std::string_view eviction_policies[] = {
    "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
    "allkeys-lru",  "allkeys-lfu",  "allkeys-random",  "noeviction"};

// Bytes with an optional unit, in any case.
std::optional<std::int64_t> parse_memory(std::string_view text) noexcept {
    static constexpr std::pair<std::string_view, std::uint64_t> units[] = {
        {"", 1},
        {"b", 1},
        {"k", 1000},
        {"kb", 1024},
        {"m", 1000 * 1000},
        {"mb", 1024 * 1024},
        {"g", 1000 * 1000 * 1000},
        {"gb", 1024 * 1024 * 1024},
    };
    if (text.empty()) return 0;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (const auto& [name, size] : units) {
        if (!equals_ignoring_case(text, name)) continue;
        if (number > static_cast<std::uint64_t>(long_max) / size) return std::nullopt;
        return static_cast<std::int64_t>(number * size);
    }
    return std::nullopt;
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        const std::size_t begin = text.find_first_not_of(' ');
        if (begin == std::string_view::npos) return words;
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        text.remove_prefix(end);
    }
}

bool are_save_points(std::string_view text) {
    const std::vector<std::string_view> words = split(text);
    return words.size() % 2 == 0 && std::all_of(words.begin(), words.end(), [](auto word) {
               const std::optional<std::int64_t> number = parse_integer(word);
               return number && *number >= 0;
           });
}

// In the order in which CONFIG GET shows them: first those that "A" stands for.
constexpr std::pair<char, event_class> event_letter[] = {
    {'g', event_class::generic},     {'$', event_class::string},   {'l', event_class::list},
    {'s', event_class::set},         {'h', event_class::hash},     {'z', event_class::zset},
    {'x', event_class::expired},     {'e', event_class::evicted},  {'t', event_class::stream},
    {'d', event_class::module_type}, {'n', event_class::new_key},  {'K', event_class::keyspace},
    {'E', event_class::keyevent},    {'m', event_class::key_miss},
};

constexpr std::uint32_t all_events = [] {
    std::uint32_t bits = 0;
    for (const auto& [letter, event] : std::span{event_letter}.first(10))
        bits |= bit(event);
    return bits;
}();

std::optional<std::uint32_t> parse_events(std::string_view letters) noexcept {
    std::uint32_t bits = 0;
    for (const char c : letters) {
        const auto* const known = std::find_if(std::begin(event_letter), std::end(event_letter),
                                               [c](const auto& each) { return each.first == c; });
        if (c != 'A' && known == std::end(event_letter)) return std::nullopt;
        bits |= c == 'A' ? all_events : bit(known->second);
    }
    return bits;
}

std::string event_letters(std::uint32_t bits) {
    std::string letters;
    const bool all = (bits & all_events) == all_events;
    if (all) {
        letters = "A";
        bits &=
            ~(all_events | bit(event_class::new_key)); // behind A, Redis does not show "n" either
    }
    for (const auto& [letter, event] : event_letter)
        if ((bits & bit(event)) != 0) letters += letter;
    return letters;
}

std::string failed(std::string_view name, std::string_view why) {
    return fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}",
                       shown(name), why);
}

} // namespace

struct settings::row {
    std::string_view name;
    kind type;
    change_rule rule;
    std::string_view initial = "";                              // of what has no `number`
    std::atomic<std::int64_t> settings::*number = nullptr;      // where an integer or size is kept
    std::atomic<std::int64_t> compact_limits::*limit = nullptr; // or where one of the store is
    std::int64_t least = 0;
    std::int64_t most = long_max;
    std::span<const std::string_view> choices = {};
};

// A value that was found to be right.
struct settings::change {
    const row* setting = nullptr;
    std::int64_t number = 0;
    std::string text = {};
    std::array<std::int64_t, 3> replica_limits = {};
    std::array<std::int64_t, 3> pubsub_limits = {};
};

const std::span<const settings::row> settings::rows = [] {
    using enum change_rule;
    static constexpr row table[] = {
        {.name = "appendonly", .type = kind::yes_no, .rule = fixed, .initial = "no"},
        {.name = "bind", .type = kind::text, .rule = at_start, .initial = "127.0.0.1"},
        {.name = "client-output-buffer-limit", .type = kind::output_limits, .rule = free},
        {.name = "client-query-buffer-limit",
         .type = kind::memory,
         .rule = free,
         .number = &settings::query_buffer_limit,
         .least = mebibyte},
        {.name = "cluster-enabled", .type = kind::yes_no, .rule = at_start, .initial = "no"},
        {.name = "databases", .type = kind::text, .rule = at_start, .initial = "16"},
        {.name = "enable-debug-command", .type = kind::text, .rule = at_start, .initial = "yes"},
        {.name = "hash-max-listpack-entries",
         .type = kind::integer,
         .rule = free,
         .limit = &compact_limits::hash_entries},
        {.name = "hash-max-listpack-value",
         .type = kind::memory,
         .rule = free,
         .limit = &compact_limits::hash_value},
        {.name = "hash-max-ziplist-entries",
         .type = kind::integer,
         .rule = free,
         .limit = &compact_limits::hash_entries},
        {.name = "hash-max-ziplist-value",
         .type = kind::memory,
         .rule = free,
         .limit = &compact_limits::hash_value},
        {.name = "hz",
         .type = kind::integer,
         .rule = free,
         .number = &settings::hz,
         .most = int_max},
        {.name = "io-threads", .type = kind::text, .rule = at_start, .initial = "1"},
        {.name = "lazyfree-lazy-expire", .type = kind::yes_no, .rule = fixed, .initial = "yes"},
        {.name = "lazyfree-lazy-user-del", .type = kind::yes_no, .rule = fixed, .initial = "yes"},
        {.name = "lazyfree-lazy-user-flush", .type = kind::yes_no, .rule = fixed, .initial = "yes"},
        {.name = "list-compress-depth",
         .type = kind::integer,
         .rule = free,
         .number = &settings::list_compress_depth,
         .most = int_max},
        {.name = "list-max-listpack-size",
         .type = kind::integer,
         .rule = free,
         .limit = &compact_limits::list_size,
         .least = int_min,
         .most = int_max},
        {.name = "list-max-ziplist-size",
         .type = kind::integer,
         .rule = free,
         .limit = &compact_limits::list_size,
         .least = int_min,
         .most = int_max},
        {.name = "loglevel",
         .type = kind::choice,
         .rule = free,
         .initial = "notice",
         .choices = log_levels},
        {.name = "maxclients",
         .type = kind::integer,
         .rule = free,
         .number = &settings::max_clients,
         .least = 1,
         .most = std::numeric_limits<std::uint32_t>::max()},
        {.name = "maxmemory", .type = kind::memory, .rule = fixed, .initial = "0"},
        {.name = "maxmemory-policy",
         .type = kind::choice,
         .rule = fixed,
         .initial = "noeviction",
         .choices = eviction_policies},
        {.name = "notify-keyspace-events", .type = kind::events, .rule = free},
        {.name = "port", .type = kind::text, .rule = at_start, .initial = "6379"},
        {.name = "protected-mode", .type = kind::yes_no, .rule = fixed, .initial = "no"},
        {.name = "proto-max-bulk-len",
         .type = kind::memory,
         .rule = free,
         .number = &settings::max_bulk_bytes,
         .least = mebibyte},
        {.name = "requirepass", .type = kind::text, .rule = free},
        {.name = "save", .type = kind::save_points, .rule = fixed},
        {.name = "set-max-intset-entries",
         .type = kind::integer,
         .rule = free,
         .limit = &compact_limits::set_integers},
        {.name = "set-max-listpack-entries",
         .type = kind::integer,
         .rule = free,
         .limit = &compact_limits::set_entries},
        {.name = "set-max-listpack-value",
         .type = kind::memory,
         .rule = free,
         .limit = &compact_limits::set_value},
        {.name = "tcp-keepalive",
         .type = kind::integer,
         .rule = free,
         .number = &settings::tcp_keepalive_seconds,
         .most = int_max},
        {.name = "timeout",
         .type = kind::integer,
         .rule = free,
         .number = &settings::idle_timeout_seconds,
         .most = int_max},
        {.name = "zset-max-listpack-entries",
         .type = kind::integer,
         .rule = free,
         .limit = &compact_limits::zset_entries},
        {.name = "zset-max-listpack-value",
         .type = kind::memory,
         .rule = free,
         .limit = &compact_limits::zset_value},
        {.name = "zset-max-ziplist-entries",
         .type = kind::integer,
         .rule = free,
         .limit = &compact_limits::zset_entries},
        {.name = "zset-max-ziplist-value",
         .type = kind::memory,
         .rule = free,
         .limit = &compact_limits::zset_value},
    };
    return std::span<const row>{table};
}();

settings::settings() : replica_limits_{256 * mebibyte, 64 * mebibyte, 60} {
    for (const row& setting : rows)
        texts_.emplace_back(setting.initial);
}

const settings::row* settings::find(std::string_view name) noexcept {
    for (const row& setting : rows)
        if (equals_ignoring_case(name, setting.name)) return &setting;
    return nullptr;
}

std::atomic<std::int64_t>* settings::number_of(const row& setting) noexcept {
    if (setting.number != nullptr) return &(this->*setting.number);
    return setting.limit != nullptr ? &(limits_->*setting.limit) : nullptr;
}

const std::atomic<std::int64_t>* settings::number_of(const row& setting) const noexcept {
    return const_cast<settings*>(this)->number_of(setting);
}

std::string settings::text_of(const row& setting) const {
    if (const auto* const number = number_of(setting)) return std::to_string(number->load());
    if (setting.type == kind::events) return event_letters(keyspace_events.load());
    if (setting.type == kind::output_limits)
        return fmt::format("normal 0 0 0 slave {} {} {} pubsub {} {} {}", replica_limits_[0],
                           replica_limits_[1], replica_limits_[2], pubsub_hard_limit.load(),
                           pubsub_soft_limit.load(), pubsub_soft_seconds.load());
    return texts_[static_cast<std::size_t>(&setting - rows.data())];
}

std::vector<settings::name_and_value> settings::get(std::string_view glob) const {
    const std::lock_guard lock{mutex_};
    std::vector<name_and_value> matching;
    if (glob.find_first_of("[*?") == std::string_view::npos) { // a backslash is only itself here
        if (const row* const setting = find(glob)) matching.emplace_back(glob, text_of(*setting));
        return matching;
    }
    for (const row& setting : rows)
        if (glob_matches(glob, setting.name, true))
            matching.emplace_back(setting.name, text_of(setting));
    return matching;
}

// Returns what is wrong with the value, or puts it into `parsed`.
std::optional<std::string> settings::parse(const row& setting, std::string_view value,
                                           change& parsed) const {
    parsed.setting = &setting;
    parsed.text = value;
    switch (setting.type) {
    case kind::integer:
    case kind::memory: {
        const bool memory = setting.type == kind::memory;
        const std::optional<std::int64_t> number =
            memory ? parse_memory(value) : parse_integer(value);
        if (!number)
            return memory ? "argument must be a memory value"
                          : "argument couldn't be parsed into an integer";
        if (*number < setting.least || *number > setting.most)
            return fmt::format("argument must be between {} and {} inclusive", setting.least,
                               setting.most);
        // Redis takes any hz, and keeps it within what it can do.
        parsed.number = setting.name == "hz" ? std::clamp<std::int64_t>(*number, 1, 500) : *number;
        parsed.text = std::to_string(parsed.number);
        break;
    }
    case kind::yes_no:
        if (equals_ignoring_case(value, "yes"))
            parsed.text = "yes";
        else if (equals_ignoring_case(value, "no"))
            parsed.text = "no";
        else
            return "argument must be 'yes' or 'no'";
        break;
    case kind::choice: {
        const auto chosen =
            std::find_if(setting.choices.begin(), setting.choices.end(),
                         [&](auto choice) { return equals_ignoring_case(value, choice); });
        if (chosen == setting.choices.end())
            return fmt::format("argument(s) must be one of the following: {}",
                               fmt::join(setting.choices, ", "));
        parsed.text = *chosen;
        break;
    }
    case kind::text: break;
    case kind::save_points:
        if (!are_save_points(value)) return "Invalid save parameters";
        break;
    case kind::output_limits: return parse_limits(value, parsed);
    case kind::events: {
        const std::optional<std::uint32_t> events = parse_events(value);
        if (!events) return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
        parsed.number = *events;
        break;
    }
    }
    if (setting.rule == change_rule::fixed && parsed.text != setting.initial)
        return fmt::format("mini-redis supports only '{}'", setting.initial);
    return std::nullopt;
}

std::optional<std::string> settings::parse_limits(std::string_view value, change& parsed) const {
    parsed.replica_limits = replica_limits_;
    parsed.pubsub_limits = {pubsub_hard_limit, pubsub_soft_limit, pubsub_soft_seconds};
    const std::vector<std::string_view> words = split(value);
    if (words.size() % 4 != 0) return "Wrong number of arguments in buffer limit configuration.";
    for (std::size_t i = 0; i < words.size(); i += 4) {
        const bool normal = equals_ignoring_case(words[i], "normal");
        const bool replica =
            equals_ignoring_case(words[i], "replica") || equals_ignoring_case(words[i], "slave");
        if (!normal && !replica && !equals_ignoring_case(words[i], "pubsub"))
            return "Invalid client class specified in buffer limit configuration.";
        const std::optional<std::int64_t> hard = parse_memory(words[i + 1]);
        const std::optional<std::int64_t> soft = parse_memory(words[i + 2]);
        const std::optional<std::int64_t> seconds = parse_integer(words[i + 3]);
        if (!hard || !soft || !seconds || *seconds < 0)
            return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
        // A client that does not take its replies is not read from any more, so that there is
        // nothing to limit.
        if (normal && (*hard != 0 || *soft != 0 || *seconds != 0))
            return "mini-redis supports only 'normal 0 0 0'";
        const std::array limits{*hard, *soft, *seconds};
        if (!normal) (replica ? parsed.replica_limits : parsed.pubsub_limits) = limits;
    }
    return std::nullopt;
}

void settings::apply(const change& parsed) {
    const row& setting = *parsed.setting;
    if (std::atomic<std::int64_t>* const number = number_of(setting)) {
        *number = parsed.number;
    } else if (setting.type == kind::events) {
        keyspace_events = static_cast<std::uint32_t>(parsed.number);
    } else if (setting.type == kind::output_limits) {
        replica_limits_ = parsed.replica_limits;
        pubsub_hard_limit = parsed.pubsub_limits[0];
        pubsub_soft_limit = parsed.pubsub_limits[1];
        pubsub_soft_seconds = parsed.pubsub_limits[2];
    } else {
        texts_[static_cast<std::size_t>(&setting - rows.data())] = parsed.text;
    }
}

std::optional<std::string>
settings::set(std::span<const std::pair<std::string_view, std::string_view>> values) {
    std::vector<change> changes;
    {
        const std::lock_guard lock{mutex_};
        for (const auto& [name, value] : values) {
            const row* const setting = find(name);
            if (setting == nullptr)
                return fmt::format(
                    "ERR Unknown option or number of arguments for CONFIG SET - '{}'", shown(name));
            if (setting->rule == change_rule::at_start)
                return failed(name, "can't set immutable config");
            const auto same = [&](const change& other) { return other.setting == setting; };
            if (std::any_of(changes.begin(), changes.end(), same))
                return failed(name, "duplicate parameter");
            changes.emplace_back().setting = setting;
        }
        for (std::size_t i = 0; i < changes.size(); ++i)
            if (const auto why = parse(*changes[i].setting, values[i].second, changes[i]))
                return failed(changes[i].setting->name, *why);
        for (const change& each : changes)
            apply(each);
    }
    for (const change& each : changes)
        if (const auto found = observers_.find(each.setting->name); found != observers_.end())
            found->second(each.text);
    return std::nullopt;
}

void settings::initialize(std::string_view name, std::string_view value) {
    const std::lock_guard lock{mutex_};
    const row* const setting = find(name);
    change parsed;
    if (setting == nullptr || parse(*setting, value, parsed))
        throw std::invalid_argument{fmt::format("setting '{}' cannot be '{}'", name, value)};
    apply(parsed);
}

void settings::observe(std::string_view name, std::function<void(const std::string&)> changed) {
    observers_.insert_or_assign(std::string{name}, std::move(changed));
}

std::string settings::password() const {
    const std::lock_guard lock{mutex_};
    static const row* const requirepass = find("requirepass");
    return text_of(*requirepass);
}

} // namespace mini_redis
