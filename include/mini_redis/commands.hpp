// The typed commands, by family: what a client, a pipeline and a blocking_client have in common.
//
// To add one, write it in its family's file; nothing else needs to know it.
#pragma once

#include <mini_redis/commands/connection.hpp>
#include <mini_redis/commands/generic.hpp>
#include <mini_redis/commands/geo.hpp>
#include <mini_redis/commands/hashes.hpp>
#include <mini_redis/commands/hyperloglog.hpp>
#include <mini_redis/commands/keys.hpp>
#include <mini_redis/commands/lists.hpp>
#include <mini_redis/commands/scripts.hpp>
#include <mini_redis/commands/server.hpp>
#include <mini_redis/commands/sets.hpp>
#include <mini_redis/commands/sorted_set_algebra.hpp>
#include <mini_redis/commands/sorted_sets.hpp>
#include <mini_redis/commands/stream_groups.hpp>
#include <mini_redis/commands/streams.hpp>
#include <mini_redis/commands/strings.hpp>

namespace mini_redis {

/// All families. `Self` derives from it and has issue<Reply>(words, token...).
template <class Self>
class commands : public connection_commands<Self>,
                 public geo_commands<Self>,
                 public hash_commands<Self>,
                 public hyperloglog_commands<Self>,
                 public key_commands<Self>,
                 public list_commands<Self>,
                 public script_commands<Self>,
                 public server_commands<Self>,
                 public set_commands<Self>,
                 public sorted_set_commands<Self>,
                 public sorted_set_algebra_commands<Self>,
                 public stream_commands<Self>,
                 public stream_group_commands<Self>,
                 public string_commands<Self> {};

} // namespace mini_redis
