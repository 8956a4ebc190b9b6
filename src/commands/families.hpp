// The rows of each family, defined at the end of the family's file.
#pragma once

#include <span>

#include "commands/command.hpp"

namespace mini_redis {

std::span<const command> string_commands();
std::span<const command> string_part_commands();
std::span<const command> string_number_commands();
std::span<const command> lcs_commands();
std::span<const command> bitmap_commands();
std::span<const command> bitfield_commands();
std::span<const command> hash_commands();
std::span<const command> hash_listing_commands();
std::span<const command> set_commands();
std::span<const command> set_algebra_commands();
std::span<const command> hyperloglog_commands();
std::span<const command> geo_commands();
std::span<const command> geo_search_commands();
std::span<const command> key_commands();
std::span<const command> key_move_commands();
std::span<const command> key_search_commands();
std::span<const command> object_commands();
std::span<const command> database_commands();
std::span<const command> list_commands();
std::span<const command> list_element_commands();
std::span<const command> blocking_list_commands();
std::span<const command> dump_commands();
std::span<const command> sort_commands();
std::span<const command> memory_commands();
std::span<const command> debug_commands();
std::span<const command> expiry_commands();
std::span<const command> connection_commands();
std::span<const command> client_commands();
std::span<const command> pubsub_commands();
std::span<const command> transaction_commands();
std::span<const command> sorted_set_commands();
std::span<const command> sorted_set_range_commands();
std::span<const command> sorted_set_algebra_commands();
std::span<const command> sorted_set_pop_commands();
std::span<const command> script_commands();
std::span<const command> function_commands();
std::span<const command> stream_commands();
std::span<const command> stream_reading_commands();
std::span<const command> stream_group_commands();
std::span<const command> stream_claim_commands();
std::span<const command> stream_info_commands();
std::span<const command> server_commands();
std::span<const command> config_commands();
std::span<const command> slowlog_commands();
std::span<const command> latency_commands();
std::span<const command> monitor_commands();
std::span<const command> module_commands();
std::span<const command> cluster_commands();
std::span<const command> lolwut_commands();
std::span<const command> introspection_commands();

} // namespace mini_redis
