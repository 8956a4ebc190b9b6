#include "commands/registry.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "commands/families.hpp"
#include "scripting/interpreter.hpp"

namespace mini_redis {
namespace {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Of the lower-cased first eight bytes and the length: enough to tell nearly all names apart.
std::size_t hash_name(std::string_view name) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, name.data(), std::min<std::size_t>(name.size(), sizeof word));
    word |= 0x2020202020202020; // letters to lower case; what else it maps together, the comparison
                                // tells apart
    word = (word ^ name.size()) * 0x9e3779b97f4a7c15;
    return static_cast<std::size_t>(word >> 32);
}

} // namespace

const registry& registry::built_in() {
    static const registry all = [] {
        std::vector<std::span<const command>> families{
            string_commands(),
            string_part_commands(),
            string_number_commands(),
            key_commands(),
            key_move_commands(),
            key_search_commands(),
            object_commands(),
            database_commands(),
            expiry_commands(),
            connection_commands(),
            client_commands(),
            pubsub_commands(),
            server_commands(),
            config_commands(),
            slowlog_commands(),
            latency_commands(),
            monitor_commands(),
            module_commands(),
            cluster_commands(),
            lolwut_commands(),
            introspection_commands(),
            transaction_commands(),
            list_commands(),
            list_element_commands(),
            blocking_list_commands(),
            dump_commands(),
            sort_commands(),
            memory_commands(),
            debug_commands(),
            lcs_commands(),
            bitmap_commands(),
            bitfield_commands(),
            hash_commands(),
            hash_listing_commands(),
            set_commands(),
            set_algebra_commands(),
            hyperloglog_commands(),
            geo_commands(),
            geo_search_commands(),
            sorted_set_commands(),
            sorted_set_range_commands(),
            sorted_set_algebra_commands(),
            sorted_set_pop_commands(),
            stream_commands(),
            stream_reading_commands(),
            stream_group_commands(),
            stream_claim_commands(),
            stream_info_commands(),
        };
        if (interpreter::available()) { // without Lua they are commands that nobody knows
            families.push_back(script_commands());
            families.push_back(function_commands());
        }
        return registry{families};
    }();
    return all;
}

registry::registry(std::span<const std::span<const command>> families) {
    for (const std::span<const command> family : families)
        for (const command& row : family)
            sorted_.push_back(&row);
    std::sort(sorted_.begin(), sorted_.end(),
              [](const command* a, const command* b) { return a->name < b->name; });

    slots_.resize(std::bit_ceil(sorted_.size() * 4));
    for (const command* row : sorted_) {
        std::size_t at = hash_name(row->name) & (slots_.size() - 1);
        while (slots_[at].row != nullptr)
            at = (at + 1) & (slots_.size() - 1);
        slots_[at] = {row, static_cast<std::uint32_t>(names_.size())};
        names_.push_back(full_name(nullptr, *row));
        for (const command& subcommand : row->subcommands)
            names_.push_back(full_name(row, subcommand));
    }
}

registry::numbered registry::find_numbered(std::string_view name) const noexcept {
    for (std::size_t at = hash_name(name) & (slots_.size() - 1);;
         at = (at + 1) & (slots_.size() - 1)) {
        const numbered candidate = slots_[at];
        if (candidate.row == nullptr || equals_ignoring_case(name, candidate.row->name))
            return candidate;
    }
}

const command* find_subcommand(const command& container, std::string_view name) noexcept {
    for (const command& row : container.subcommands)
        if (equals_ignoring_case(name, row.name)) return &row;
    return nullptr;
}

std::string full_name(const command* container, const command& one) {
    if (container == nullptr) return std::string{one.name};
    return std::string{container->name} + '|' + std::string{one.name};
}

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
    return text.size() == lower_case.size() &&
           std::equal(text.begin(), text.end(), lower_case.begin(),
                      [](char a, char b) { return lower(a) == b; });
}

} // namespace mini_redis
