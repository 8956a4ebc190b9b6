#include "commands/function_store.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "commands/arguments.hpp"

namespace mini_redis {

bool function_library::has(std::string_view function) const noexcept {
    return std::any_of(functions.begin(), functions.end(), [&](const function_text& each) {
        return same_ignoring_case(each.name, function);
    });
}

std::shared_ptr<const library_set> function_store::all() const {
    const std::lock_guard lock{mutex_};
    return all_;
}

// The caller holds mutex_.
void function_store::publish(std::shared_ptr<const library_set> set) {
    all_ = std::move(set);
    generation_.fetch_add(1, std::memory_order_release);
}

std::optional<std::string> function_store::add(std::vector<library_ptr> added,
                                               restore_policy policy) {
    const std::lock_guard lock{mutex_};
    auto next = policy == restore_policy::flush ? std::make_shared<library_set>()
                                                : std::make_shared<library_set>(*all_);
    for (const library_ptr& each : added) {
        const auto found = next->find(each->name);
        if (found == next->end()) continue;
        if (policy == restore_policy::append)
            return fmt::format("ERR Library {} already exists", each->name);
        next->erase(found);
    }
    for (library_ptr& each : added) {
        for (const auto& [name, other] : *next)
            for (const function_text& function : each->functions)
                if (other->has(function.name))
                    return fmt::format("ERR Function {} already exists", function.name);
        std::string name = each->name;
        next->insert_or_assign(std::move(name), std::move(each));
    }
    publish(std::move(next));
    return std::nullopt;
}

bool function_store::remove(std::string_view name) {
    const std::lock_guard lock{mutex_};
    auto next = std::make_shared<library_set>(*all_);
    const auto found = next->find(name);
    if (found == next->end()) return false;
    next->erase(found);
    publish(std::move(next));
    return true;
}

void function_store::clear() {
    const std::lock_guard lock{mutex_};
    publish(std::make_shared<library_set>());
}

} // namespace mini_redis
