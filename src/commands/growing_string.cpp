#include "commands/growing_string.hpp"

#include <algorithm>
#include <string>

namespace mini_redis {

located grow_string(context& c, const hashed_key& key, located found, std::size_t least) {
    const std::size_t old_size = found ? found->string().size() : 0;
    if (!found || old_size < least) {
        std::string* stored = found ? found->outside_string() : nullptr;
        if (stored == nullptr) {
            // A large one is put outside small, and grows there: nothing large is copied.
            std::string small{found ? found->string() : std::string_view{}};
            small.resize(std::min(least, entry::inline_limit + 1), '\0');
            c.db.put_string(key, found, small, found ? found->expiry() : std::nullopt,
                            string_encoding::raw);
            found = c.db.find(key);
            stored = found->outside_string();
        }
        if (stored != nullptr && stored->size() < least) stored->resize(least, '\0');
    }
    found->set_encoding(string_encoding::raw);
    return found;
}

} // namespace mini_redis
