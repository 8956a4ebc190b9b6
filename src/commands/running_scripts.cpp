#include "commands/running_scripts.hpp"

#include <utility>

namespace mini_redis {
namespace {

constexpr std::string_view busy_script =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
constexpr std::string_view busy_function =
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";

} // namespace

void running_scripts::add(script_slot& slot) {
    const std::lock_guard lock{mutex_};
    slots_.push_back(&slot);
}

void running_scripts::remove(script_slot& slot) noexcept {
    const std::lock_guard lock{mutex_};
    std::erase(slots_, &slot);
}

std::optional<std::string_view> running_scripts::kill(script_kind kind) {
    const std::lock_guard lock{mutex_};
    bool killed = false;
    std::optional<std::string_view> obstacle;
    for (script_slot* each : slots_) {
        const std::optional<script_kind> runs = each->kind();
        if (!runs) continue;
        if (*runs != kind) {
            obstacle = *runs == script_kind::script ? busy_script : busy_function;
        } else if (each->has_written()) {
            obstacle = "UNKILLABLE Sorry the script already executed write commands against the "
                       "dataset. You can "
                       "either wait the script termination or kill the server in a hard way using "
                       "the SHUTDOWN "
                       "NOSAVE command.";
        } else {
            each->doom();
            killed = true;
        }
    }
    if (killed) return std::nullopt;
    return obstacle.value_or("NOTBUSY No scripts in execution right now.");
}

void running_scripts::show(const script_slot& slot, long_script what) {
    const std::lock_guard lock{mutex_};
    shown_.emplace_back(&slot, std::move(what));
}

void running_scripts::hide(const script_slot& slot) noexcept {
    const std::lock_guard lock{mutex_};
    std::erase_if(shown_, [&](const auto& each) { return each.first == &slot; });
}

std::optional<long_script> running_scripts::shown() const {
    const std::lock_guard lock{mutex_};
    if (shown_.empty()) return std::nullopt;
    return shown_.front().second;
}

std::size_t running_scripts::memory(script_kind kind) const {
    const std::lock_guard lock{mutex_};
    std::size_t total = 0;
    for (const script_slot* each : slots_)
        total += each->memory(kind);
    return total;
}

std::string_view running_scripts::busy_text() const {
    const std::lock_guard lock{mutex_};
    const bool function = !shown_.empty() && shown_.front().second.kind == script_kind::function;
    return function ? busy_function : busy_script;
}

} // namespace mini_redis
