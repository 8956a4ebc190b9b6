#include <mini_redis/script.hpp>

#include <utility>

#include "digest/sha1.hpp"

namespace mini_redis {

script::script(std::string text) : text_{std::move(text)}, sha1_{to_hex(mini_redis::sha1(text_))} {}

} // namespace mini_redis
