// A stream as bytes that Redis can read, and that Redis has written.
//
//   stream   = nodes { id (a string of 16 bytes) | listpack (a string) } | entries | last id
//              | first id | highest deleted id | entries ever added | groups { group }
//   group    = name | last id | entries read | pending { id (16 bytes) | delivery time (8 bytes)
//              | delivery count } | consumers { consumer }
//   consumer = name | time when it was last seen (8 bytes) | pending { id (16 bytes) }
//
// "nodes {", "groups {" and the like stand for their number and so many of them; other ids are two
// numbers. Up to Redis 6.2 there are no ids and counts between "last id" and "groups", and no
// entries read; since 7.2 a consumer has a second time, that of its last success.
#pragma once

#include <memory>
#include <string>

#include "store/byte_reader.hpp"
#include "store/dump_format.hpp"
#include "store/stream_value.hpp"

namespace mini_redis {

/// The whole dump.
std::string dump_stream(const stream_value& stream);

/// The stream behind the first byte of a dump; the reader is broken if it is none.
std::unique_ptr<stream_value> take_stream(byte_reader& in, dump_type type);

} // namespace mini_redis
