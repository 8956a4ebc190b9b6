// INFO: figures about the server, in the sections and under the names that monitoring tools know.
#pragma once

namespace mini_redis {

struct context;

void info(context& c);

} // namespace mini_redis
