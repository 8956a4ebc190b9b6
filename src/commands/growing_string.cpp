#include "commands/growing_string.hpp"

#include <memory>
#include <string>
#include <utility>

namespace mini_redis {

located grow_string(context& c, const hashed_key& key, located found, std::size_t least) {
    counted_string* const stored = found ? found->outside_string() : nullptr;
    if (stored != nullptr) {
        if (stored->size() < least) stored->resize(least, '\0');
    } else if (!found || found->string().size() < least) {
        // Made whole before it is put: if there is no memory for it, nothing has changed.
        auto grown = std::make_unique<counted_string>(found ? found->string() : std::string_view{});
        grown->resize(least, '\0');
        c.db.put(key, found,
                 entry::adopt_string(key.name, std::move(grown),
                                     found ? found->expiry() : std::nullopt, string_encoding::raw));
        found = c.db.find(key);
    }
    found->set_encoding(string_encoding::raw);
    return found;
}

} // namespace mini_redis
