#include "store/stream_value.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace mini_redis {
namespace {

// More does not go into a node, whatever the settings say.
constexpr std::uint64_t most_node_bytes = std::uint64_t{1} << 30;

constexpr unsigned id_bytes = 16;

// A byte of an id as the radix tree has it: the most significant first.
unsigned byte_of(const stream_id& id, unsigned index) noexcept {
    const std::uint64_t half = index < 8 ? id.ms : id.seq;
    return static_cast<unsigned>(half >> (8 * (7 - index % 8)) & 0xff);
}

// The nodes of the tree below a place where `depth` bytes are behind, for ids that have those in
// common: one for bytes without a branch, one for a branch, one for each end.
std::size_t radix_nodes_below(std::span<const stream_node> nodes, unsigned depth) noexcept {
    if (nodes.size() == 1) return depth < id_bytes ? 2 : 1;
    unsigned common = depth;
    while (byte_of(nodes.front().id(), common) == byte_of(nodes.back().id(), common))
        ++common;
    std::size_t count = common > depth ? 2 : 1;
    for (std::size_t begin = 0; begin < nodes.size();) {
        const unsigned branch = byte_of(nodes[begin].id(), common);
        const auto end = std::partition_point(
            nodes.begin() + static_cast<std::ptrdiff_t>(begin), nodes.end(),
            [&](const stream_node& each) { return byte_of(each.id(), common) == branch; });
        const auto past = static_cast<std::size_t>(end - nodes.begin());
        count += radix_nodes_below(nodes.subspan(begin, past - begin), common + 1);
        begin = past;
    }
    return count;
}

std::uint64_t bytes_of(std::span<const std::string_view> words) noexcept {
    std::uint64_t bytes = 0;
    for (const std::string_view word : words)
        bytes += word.size();
    return bytes;
}

// Whether no entry of so many bytes goes into the node any more.
bool is_full(const stream_node& node, std::uint64_t added, const compact_limits& limits) noexcept {
    auto most = static_cast<std::uint64_t>(limits.stream_bytes.load(std::memory_order_relaxed));
    if (most == 0 || most > most_node_bytes) most = most_node_bytes;
    if (node.size() + added >= most) return true;
    const std::int64_t entries = limits.stream_entries.load(std::memory_order_relaxed);
    return entries != 0 && node.entries() + node.deleted() >= static_cast<std::uint64_t>(entries);
}

} // namespace

// The last node that begins at or before the id; the first if there is none such.
std::size_t stream_value::node_of(const stream_id& id) const noexcept {
    if (begin_ == end_()) return begin_;
    if (nodes_.back().id() <= id) return end_() - 1;
    const auto first = nodes_.begin() + static_cast<std::ptrdiff_t>(begin_);
    const auto behind = std::partition_point(
        first, nodes_.end(), [&](const stream_node& each) { return each.id() <= id; });
    return static_cast<std::size_t>(std::max(first, behind - (behind == first ? 0 : 1)) -
                                    nodes_.begin());
}

void stream_value::append(const stream_id& id, std::span<const std::string_view> pairs,
                          const compact_limits& limits) {
    const bool has_node = begin_ != end_();
    if (has_node && !is_full(nodes_.back(), bytes_of(pairs), limits)) {
        nodes_.back().make_room(pairs);
    } else {
        stream_node added{id, pairs};
        // It will be about as large as the one before. One that grows leaves holes in the
        // allocator's memory, which nothing else fits into.
        if (has_node) added.make_room(pairs, nodes_.back().size());
        nodes_.push_back(std::move(added));
        if (has_node) nodes_[end_() - 2].shrink_to_fit();
    }
    nodes_.back().append(id, pairs);
    ++length_;
    ++entries_added_;
    last_id_ = id;
    if (length_ == 1) first_id_ = id;
}

void stream_value::erase_node(std::size_t index) noexcept {
    if (index != begin_) {
        nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(index));
        return;
    }
    const stream_node used_up = std::move(nodes_[begin_++]);
    if (begin_ * 2 < nodes_.size() && begin_ != end_()) return;
    nodes_.erase(nodes_.begin(), nodes_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
}

void stream_value::find_first_id() noexcept {
    first_id_ = {};
    for_each(stream_id::least(), stream_id::most(), [&](const stream_entry& first) {
        first_id_ = first.id();
        return false;
    });
}

bool stream_value::contains(const stream_id& id) const noexcept {
    bool found = false;
    for_each(id, id, [&](const stream_entry&) {
        found = true;
        return false;
    });
    return found;
}

std::optional<stream_id> stream_value::last_entry_id() const noexcept {
    std::optional<stream_id> last;
    for_each_backward(stream_id::least(), stream_id::most(), [&](const stream_entry& each) {
        last = each.id();
        return false;
    });
    return last;
}

bool stream_value::erase(const stream_id& id) noexcept {
    const std::size_t index = node_of(id);
    if (index == end_() || !contains(id)) return false;
    stream_node& home = nodes_[index];
    if (home.entries() == 1) {
        erase_node(index);
    } else {
        stream_node_reader reader{home};
        const stream_entry* doomed = reader.next();
        while (doomed->is_deleted() || doomed->id() != id)
            doomed = reader.next();
        home.mark_deleted(*doomed);
        home.count_marked(1);
    }
    --length_;
    max_deleted_id_ = std::max(max_deleted_id_, id);
    if (id == first_id_) find_first_id();
    return true;
}

// Marks entries from the beginning of the node on, as many as are to go.
std::size_t stream_value::trim_within(stream_node& node, const stream_trim& how) noexcept {
    std::size_t marked = 0;
    stream_node_reader reader{node};
    while (const stream_entry* const here = reader.next()) {
        const bool enough = how.strategy == stream_trim::what::above_length
                                ? length_ - marked <= how.length
                                : here->id() >= how.id;
        if (enough) break;
        if (here->is_deleted()) continue;
        node.mark_deleted(*here);
        ++marked;
    }
    node.count_marked(marked);
    length_ -= marked;
    return marked;
}

std::size_t stream_value::trim(const stream_trim& how) noexcept {
    if (how.strategy == stream_trim::what::nothing) return 0;
    const bool by_length = how.strategy == stream_trim::what::above_length;
    std::size_t taken = 0;
    while (begin_ != end_()) {
        if (by_length && length_ <= how.length) break;
        stream_node& first = nodes_[begin_];
        const std::size_t entries = first.entries();
        if (how.limit != 0 && taken + entries > static_cast<std::uint64_t>(how.limit)) break;
        const bool whole = by_length ? length_ - entries >= how.length : first.last_id() < how.id;
        if (whole) {
            erase_node(begin_);
            length_ -= entries;
            taken += entries;
            continue;
        }
        if (!how.approximate) taken += trim_within(first, how);
        break;
    }
    if (taken != 0) find_first_id();
    return taken;
}

std::optional<std::uint64_t> stream_value::count_up_to(const stream_id& id) const noexcept {
    if (entries_added_ == 0) return 0;
    if (length_ == 0 && id <= last_id_) return entries_added_;
    if (id == last_id_) return entries_added_;
    if (id > last_id_) return std::nullopt;
    if (!max_deleted_id_.is_zero() && max_deleted_id_ >= first_id_) return std::nullopt;
    if (id < first_id_) return entries_added_ - length_;
    if (id == first_id_) return entries_added_ - length_ + 1;
    return std::nullopt;
}

void stream_value::advance(stream_group& group, const stream_id& id) const noexcept {
    if (group.entries_read != stream_group::unknown && !has_gaps_from(id)) {
        ++group.entries_read;
    } else if (entries_added_ != 0) {
        const std::optional<std::uint64_t> count = count_up_to(id);
        group.entries_read = count ? static_cast<std::int64_t>(*count) : stream_group::unknown;
    }
    group.last_id = id;
}

// -- Groups -----------------------------------------------------------------------------------

const stream_groups& stream_value::groups() const noexcept {
    static const stream_groups none;
    return groups_ ? *groups_ : none;
}

stream_group* stream_value::find_group(std::string_view name) const noexcept {
    if (!groups_) return nullptr;
    const auto found = groups_->find(name);
    return found != groups_->end() ? &found->second : nullptr;
}

stream_group* stream_value::add_group(std::string_view name) {
    if (!groups_) groups_ = std::make_unique<stream_groups>();
    const auto [added, is_new] = groups_->try_emplace(std::string{name});
    return is_new ? &added->second : nullptr;
}

bool stream_value::erase_group(std::string_view name) noexcept {
    if (!groups_) return false;
    const auto found = groups_->find(name);
    if (found == groups_->end()) return false;
    groups_->erase(found);
    return true;
}

// -- As a whole -------------------------------------------------------------------------------

bool stream_value::adopt(stream_node node) {
    if (begin_ != end_() && node.id() <= nodes_.back().id()) return false;
    stream_id last = last_id_;
    stream_node_reader reader{node};
    while (const stream_entry* const each = reader.next()) {
        if (each->is_deleted()) continue;
        if (each->id() <= last) return false;
        last = each->id();
    }
    const std::size_t entries = node.entries();
    nodes_.push_back(std::move(node));
    last_id_ = last;
    length_ += entries;
    if (first_id_.is_zero()) find_first_id();
    return true;
}

void stream_value::set_last_id(const stream_id& id) noexcept {
    last_id_ = id;
    if (length_ != 0) return;
    nodes_.clear(); // one that was left over may be above what comes next
    begin_ = 0;
}

std::size_t stream_value::radix_tree_nodes() const noexcept {
    return begin_ == end_() ? 1 : radix_nodes_below(nodes(), 0);
}

std::unique_ptr<collection> stream_value::clone() const {
    auto copy = std::make_unique<stream_value>();
    copy->nodes_.reserve(end_() - begin_);
    for (const stream_node& each : nodes())
        copy->nodes_.push_back(each.clone());
    copy->length_ = length_;
    copy->last_id_ = last_id_;
    copy->first_id_ = first_id_;
    copy->max_deleted_id_ = max_deleted_id_;
    copy->entries_added_ = entries_added_;
    if (groups_) copy->groups_ = std::make_unique<stream_groups>(*groups_);
    return copy;
}

std::size_t stream_value::memory() const noexcept {
    constexpr std::size_t group_node = 48; // of the map, besides the group
    constexpr std::size_t sample = 64;
    std::size_t bytes = sizeof *this + nodes_.capacity() * sizeof(stream_node);
    const std::span<const stream_node> all = nodes();
    const std::size_t step = all.size() / sample + 1;
    for (std::size_t i = 0; i < all.size(); i += step)
        bytes += all[i].memory() * step;
    for (const auto& [name, group] : groups())
        bytes += group_node + group.memory();
    return bytes;
}

} // namespace mini_redis
