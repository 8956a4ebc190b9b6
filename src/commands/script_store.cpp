#include "commands/script_store.hpp"

namespace mini_redis {

script_store::script_ptr script_store::find(std::string_view sha) const {
    const std::lock_guard lock{mutex_};
    const auto found = scripts_.find(sha);
    return found != scripts_.end() ? found->second : nullptr;
}

script_store::script_ptr script_store::add(std::string_view sha, std::string_view code,
                                           const script_flags& flags) {
    const auto made = std::make_shared<known_script>();
    made->sha = sha;
    made->code = code;
    made->flags = flags;
    const std::lock_guard lock{mutex_};
    const auto [place, is_new] = scripts_.try_emplace(made->sha, made);
    if (is_new) memory_ += sizeof(known_script) + made->sha.capacity() + made->code.capacity();
    return place->second;
}

void script_store::clear() {
    const std::lock_guard lock{mutex_};
    scripts_.clear();
    memory_ = 0;
    generation_.fetch_add(1, std::memory_order_release);
}

std::size_t script_store::count() const {
    const std::lock_guard lock{mutex_};
    return scripts_.size();
}

std::size_t script_store::memory() const {
    const std::lock_guard lock{mutex_};
    return memory_;
}

} // namespace mini_redis
