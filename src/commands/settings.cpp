#include "commands/settings.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "commands/arguments.hpp"
#include "commands/setting_values.hpp"
#include "commands/settings_table.hpp"
#include "resp/number.hpp"
#include "store/glob.hpp"

namespace mini_redis {
namespace {

using kind = setting_kind;

// The classes of client-output-buffer-limit, in the order in which CONFIG GET shows them.
constexpr std::array<std::string_view, 3> client_classes{"normal", "slave", "pubsub"};

std::string failed(std::string_view name, std::string_view why) {
    return fmt::format("ERR CONFIG SET failed (possibly related to argument '{}') - {}",
                       shown(name), why);
}

} // namespace

// A value that was found to be right.
struct settings::change {
    const row* setting = nullptr;
    std::int64_t number = 0;
    std::string text = {};
    std::array<std::optional<std::array<std::int64_t, 3>>, client_classes.size()> limits = {};
};

settings::settings() {
    for (const row& setting : rows)
        texts_.emplace_back(setting.initial);
    was_set_.resize(rows.size());
}

const settings::row* settings::find(std::string_view name) noexcept {
    for (const row& setting : rows)
        if (equals_ignoring_case(name, setting.name)) return &setting;
    return nullptr;
}

// Of a setting with two names it is that of the newer one.
std::size_t settings::index_of(const row& setting) noexcept {
    const row& kept = setting.newer.empty() ? setting : *find(setting.newer);
    return static_cast<std::size_t>(&kept - rows.data());
}

std::atomic<std::int64_t>* settings::number_of(const row& setting) noexcept {
    if (setting.number != nullptr) return &(this->*setting.number);
    return setting.limit != nullptr ? &(limits_->*setting.limit) : nullptr;
}

const std::atomic<std::int64_t>* settings::number_of(const row& setting) const noexcept {
    return const_cast<settings*>(this)->number_of(setting);
}

std::string settings::text_of(const row& setting) const {
    if (const auto* const number = number_of(setting))
        return setting.type != kind::yes_no ? std::to_string(number->load())
               : number->load() != 0        ? "yes"
                                            : "no";
    if (setting.type == kind::events) return event_letters(keyspace_events.load());
    if (setting.type == kind::output_limits) {
        std::string text;
        for (std::size_t i = 0; i < client_classes.size(); ++i) {
            const output_limit& limit = limit_of(i);
            fmt::format_to(std::back_inserter(text), "{}{} {} {} {}", i == 0 ? "" : " ",
                           client_classes[i], limit.hard.load(), limit.soft.load(),
                           limit.soft_seconds.load());
        }
        return text;
    }
    return texts_[index_of(setting)];
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
        parsed.number = parsed.text == "yes" ? 1 : 0;
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
    case kind::octal: {
        unsigned mode = 0;
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), mode, 8);
        if (error != std::errc{} || end != value.data() + value.size())
            return "argument couldn't be parsed as an octal number";
        if (mode > 0777) return "argument must be between 0 and 777 inclusive";
        parsed.text = fmt::format("{:o}", mode);
        break;
    }
    case kind::save_points:
        if (value == "\"\"" || value == "''")
            parsed.text.clear(); // quoted once too often, as it easily happens in a shell
        if (!are_save_points(parsed.text)) return "Invalid save parameters";
        break;
    case kind::percentiles: {
        const std::optional<std::vector<double>> percentages = parse_percentages(value);
        if (!percentages) return fmt::format("Invalid {} parameters", setting.name);
        if (std::any_of(percentages->begin(), percentages->end(),
                        [](double each) { return each < 0 || each > 100; }))
            return fmt::format("{} parameters should sit between [0.0,100.0]", setting.name);
        parsed.text.clear();
        for (const double each : *percentages)
            parsed.text += (parsed.text.empty() ? "" : " ") + percentage_text(each);
        break;
    }
    case kind::output_limits: return parse_limits(value, parsed);
    case kind::events: {
        const std::optional<std::uint32_t> events = parse_events(value);
        if (!events) return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
        parsed.number = *events;
        break;
    }
    }
    const bool fixed = setting.rule == change_rule::fixed || setting.rule == change_rule::absent;
    if (fixed && parsed.text != setting.initial)
        return fmt::format("mini-redis supports only '{}'", setting.initial);
    return std::nullopt;
}

// In the order of client_classes.
output_limit& settings::limit_of(std::size_t client_class) noexcept {
    output_limit* const limits[] = {&normal_output, &replica_output_, &subscriber_output};
    return *limits[client_class];
}

const output_limit& settings::limit_of(std::size_t client_class) const noexcept {
    return const_cast<settings*>(this)->limit_of(client_class);
}

std::optional<std::string> settings::parse_limits(std::string_view value, change& parsed) const {
    const std::vector<std::string_view> words = split_words(value);
    if (words.size() % 4 != 0) return "Wrong number of arguments in buffer limit configuration.";
    for (std::size_t i = 0; i < words.size(); i += 4) {
        const std::string_view name =
            equals_ignoring_case(words[i], "replica") ? "slave" : words[i];
        const auto* const known =
            std::find_if(client_classes.begin(), client_classes.end(),
                         [&](auto each) { return equals_ignoring_case(name, each); });
        if (known == client_classes.end())
            return "Invalid client class specified in buffer limit configuration.";
        const std::optional<std::int64_t> hard = parse_memory(words[i + 1]);
        const std::optional<std::int64_t> soft = parse_memory(words[i + 2]);
        const std::optional<std::int64_t> seconds = parse_integer(words[i + 3]);
        if (!hard || !soft || !seconds || *seconds < 0)
            return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
        parsed.limits[static_cast<std::size_t>(known - client_classes.begin())] = {*hard, *soft,
                                                                                   *seconds};
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
        for (std::size_t i = 0; i < parsed.limits.size(); ++i) {
            if (!parsed.limits[i]) continue;
            output_limit& limit = limit_of(i);
            limit.hard = (*parsed.limits[i])[0];
            limit.soft = (*parsed.limits[i])[1];
            limit.soft_seconds = (*parsed.limits[i])[2];
        }
    } else {
        texts_[index_of(setting)] = parsed.text;
    }
}

std::optional<std::string>
settings::set(std::span<const std::pair<std::string_view, std::string_view>> values) {
    struct earlier {
        std::string text;
        bool was_set;
    };

    std::vector<change> changes;
    std::vector<earlier> before;
    {
        const std::lock_guard lock{mutex_};
        for (const auto& [name, value] : values) {
            const row* const setting = find(name);
            if (setting == nullptr)
                return fmt::format(
                    "ERR Unknown option or number of arguments for CONFIG SET - '{}'", shown(name));
            if (setting->rule == change_rule::at_start || setting->rule == change_rule::absent)
                return failed(name, "can't set immutable config");
            if (setting->rule == change_rule::guarded)
                return failed(name, "can't set protected config");
            const auto same = [&](const change& other) { return other.setting == setting; };
            if (std::any_of(changes.begin(), changes.end(), same))
                return failed(name, "duplicate parameter");
            changes.emplace_back().setting = setting;
        }
        for (std::size_t i = 0; i < changes.size(); ++i)
            if (const auto why = parse(*changes[i].setting, values[i].second, changes[i]))
                return failed(changes[i].setting->name, *why);
        for (const change& each : changes) {
            before.push_back({text_of(*each.setting), was_set_[index_of(*each.setting)]});
            apply(each);
            was_set_[index_of(*each.setting)] = true;
        }
    }
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const auto why = obstacle_to(changes[i], before[i].text);
        if (!why) continue;
        const std::lock_guard lock{mutex_};
        for (std::size_t j = 0; j < changes.size(); ++j) {
            const row& setting = *changes[j].setting;
            change back;
            parse(setting, before[j].text, back);
            apply(back);
            was_set_[index_of(setting)] = before[j].was_set;
        }
        return failed(changes[i].setting->name, *why);
    }
    for (const change& each : changes)
        if (const auto found = observers_.find(each.setting->name); found != observers_.end())
            found->second(each.text);
    return std::nullopt;
}

std::optional<std::string> settings::obstacle_to(const change& parsed, const std::string& before) {
    const auto found = deciders_.find(parsed.setting->name);
    if (found == deciders_.end() || parsed.text == before) return std::nullopt;
    return found->second();
}

void settings::initialize(std::string_view name, std::string_view value) {
    const std::lock_guard lock{mutex_};
    const row* const setting = find(name);
    change parsed;
    if (setting == nullptr || parse(*setting, value, parsed))
        throw std::invalid_argument{fmt::format("setting '{}' cannot be '{}'", name, value)};
    apply(parsed);
}

std::optional<std::string> settings::configure(std::span<const std::string> words) {
    const row* const setting = find(words.front());
    if (setting == nullptr) return "Bad directive or wrong number of arguments";
    std::string value;
    for (const std::string& word : words.subspan(1))
        value += (value.empty() ? "" : " ") + word;
    const bool several = setting->several || setting->type == kind::save_points ||
                         setting->type == kind::output_limits;
    if (several ? words.size() < 2 : words.size() != 2) return "wrong number of arguments";
    const std::lock_guard lock{mutex_};
    change parsed;
    if (std::optional<std::string> why = parse(*setting, value, parsed)) return why;
    apply(parsed);
    was_set_[index_of(*setting)] = true;
    return std::nullopt;
}

std::string settings::value_of(std::string_view name) const {
    const std::lock_guard lock{mutex_};
    return text_of(*find(name));
}

void settings::observe(std::string_view name, std::function<void(const std::string&)> changed) {
    observers_.insert_or_assign(std::string{name}, std::move(changed));
}

void settings::decide(std::string_view name, std::function<std::optional<std::string>()> obstacle) {
    deciders_.insert_or_assign(std::string{name}, std::move(obstacle));
}

std::string settings::password() const {
    const std::lock_guard lock{mutex_};
    static const row* const requirepass = find("requirepass");
    return text_of(*requirepass);
}

} // namespace mini_redis
