// Settings as lines of a configuration file, and as docs/configuration.md tells of them.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <string>

#include "commands/arguments.hpp"
#include "commands/configuration_text.hpp"
#include "commands/setting_values.hpp"
#include "commands/settings_table.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

using kind = setting_kind;

// The largest unit of which it is a whole number.
std::string memory_text(std::int64_t bytes) {
    struct unit {
        std::int64_t size;
        std::string_view name;
    };

    static constexpr unit units[] = {{1 << 30, "gb"}, {1 << 20, "mb"}, {1 << 10, "kb"}};
    for (const unit& each : units)
        if (bytes != 0 && bytes % each.size == 0)
            return fmt::format("{}{}", bytes / each.size, each.name);
    return std::to_string(bytes);
}

std::string_view when_changed(change_rule rule) {
    switch (rule) {
    case change_rule::free: return "at any time";
    case change_rule::fixed:
    case change_rule::absent: return "never";
    case change_rule::at_start:
    case change_rule::guarded: return "at start";
    }
    return "";
}

} // namespace

std::string_view settings::written_name(std::string_view name) noexcept {
    const row* const setting = find(name);
    if (setting == nullptr) return {};
    return setting->newer.empty() ? setting->name : setting->newer;
}

// The caller holds mutex_. Not of output limits, which are several lines.
std::string settings::line_of(const row& setting) const {
    const std::string value = text_of(setting);
    switch (setting.type) {
    case kind::memory: return memory_text(parse_integer(value).value_or(0));
    case kind::save_points: return value.empty() ? "\"\"" : value;
    case kind::text: return setting.several ? value : in_quotes(value);
    case kind::events: return in_quotes(value);
    default: return value;
    }
}

std::vector<settings::lines> settings::as_lines() const {
    static const settings untouched;
    const std::lock_guard lock{mutex_};
    std::vector<lines> all;
    for (const row& setting : rows) {
        if (!setting.newer.empty()) continue;
        lines one{setting.name,
                  {},
                  was_set_[index_of(setting)] && text_of(setting) != untouched.text_of(setting)};
        if (setting.type == kind::output_limits) {
            const std::string text = text_of(setting);
            const std::vector<std::string_view> parts = split_words(text);
            for (std::size_t i = 0; i + 3 < parts.size(); i += 4)
                one.values.push_back(fmt::format(
                    "{} {} {} {}", parts[i] == "slave" ? "replica" : parts[i],
                    memory_text(parse_integer(parts[i + 1]).value_or(0)),
                    memory_text(parse_integer(parts[i + 2]).value_or(0)), parts[i + 3]));
        } else {
            one.values.push_back(line_of(setting));
        }
        all.push_back(std::move(one));
    }
    return all;
}

std::vector<settings::description> settings::descriptions() {
    const settings untouched;
    const auto values_of = [](const row& setting) -> std::string {
        if (when_changed(setting.rule) == "never") return "only this";
        switch (setting.type) {
        case kind::integer:
            if (setting.most == std::numeric_limits<std::int64_t>::max())
                return fmt::format("{} or more", setting.least);
            return fmt::format("{} to {}", setting.least, setting.most);
        case kind::memory: return "bytes, or with `kb`, `mb`, `gb`";
        case kind::yes_no: return "`yes`, `no`";
        case kind::choice: return fmt::format("`{}`", fmt::join(setting.choices, "`, `"));
        case kind::output_limits: return "class, bytes, bytes, seconds; once a class";
        case kind::events: return "letters";
        case kind::octal: return "0 to 777";
        default: return "text";
        }
    };
    std::vector<description> all;
    for (const row& setting : rows) {
        description one{setting.name, untouched.text_of(setting), values_of(setting),
                        when_changed(setting.rule), setting.summary};
        if (!setting.newer.empty()) one.values = fmt::format("see `{}`", setting.newer);
        all.push_back(std::move(one));
    }
    return all;
}

} // namespace mini_redis
