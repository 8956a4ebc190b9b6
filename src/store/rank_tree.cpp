#include "store/rank_tree.hpp"

#include <utility>

#include "store/counted_memory.hpp"

namespace mini_redis {
namespace {

template <class Value>
void open_gap(Value* values, std::uint32_t count, std::uint32_t at) noexcept {
    std::memmove(values + at + 1, values + at, (count - at) * sizeof(Value));
}

template <class Value>
void close_gap(Value* values, std::uint32_t count, std::uint32_t at) noexcept {
    std::memmove(values + at, values + at + 1, (count - at - 1) * sizeof(Value));
}

// Where a full node is split. What grows at one of its ends, by ascending scores say, leaves full
// nodes behind.
std::uint32_t split_point(std::uint32_t count, std::uint32_t at, bool first, bool last) noexcept {
    if (last && at == count) return count;
    if (first && at == 0) return 0;
    return count / 2;
}

} // namespace

// -- Nodes ------------------------------------------------------------------------------------

void rank_tree::inner::insert(std::uint32_t at, void* child, const item& first_item,
                              std::uint32_t size) noexcept {
    open_gap(sizes, count, at);
    open_gap(scores, count, at);
    open_gap(members, count, at);
    open_gap(children, count, at);
    sizes[at] = size;
    set_first(at, first_item);
    children[at] = child;
    ++count;
}

void rank_tree::inner::erase(std::uint32_t at) noexcept {
    close_gap(sizes, count, at);
    close_gap(scores, count, at);
    close_gap(members, count, at);
    close_gap(children, count, at);
    --count;
}

void rank_tree::inner::give(std::uint32_t begin, inner& to) noexcept {
    const std::uint32_t given = count - begin;
    std::copy_n(sizes + begin, given, to.sizes + to.count);
    std::copy_n(scores + begin, given, to.scores + to.count);
    std::copy_n(members + begin, given, to.members + to.count);
    std::copy_n(children + begin, given, to.children + to.count);
    to.count += given;
    count = begin;
}

std::uint32_t rank_tree::count_of(const void* node, unsigned level) noexcept {
    return level == 0 ? static_cast<const leaf*>(node)->count
                      : static_cast<const inner*>(node)->count;
}

std::uint32_t rank_tree::size_of(const void* node, unsigned level) noexcept {
    if (level == 0) return static_cast<const leaf*>(node)->count;
    const inner& here = *static_cast<const inner*>(node);
    std::uint32_t total = 0;
    for (std::uint32_t i = 0; i < here.count; ++i)
        total += here.sizes[i];
    return total;
}

rank_tree::item rank_tree::first_of(const void* node, unsigned level) noexcept {
    return level == 0 ? static_cast<const leaf*>(node)->items[0]
                      : static_cast<const inner*>(node)->first(0);
}

rank_tree::leaf* rank_tree::make_leaf() {
    auto* const made = static_cast<leaf*>(counted::allocate(sizeof(leaf)));
    made->previous = made->next = nullptr;
    made->count = 0;
    ++leaves_;
    return made;
}

rank_tree::inner* rank_tree::make_inner() {
    auto* const made = static_cast<inner*>(counted::allocate(sizeof(inner)));
    made->count = 0;
    ++inner_nodes_;
    return made;
}

// Splitting makes a node on each level that is full. They are made before anything is changed, so
// that an insertion happens either altogether or not at all.
void rank_tree::prepare_inner(unsigned count) {
    for (const inner* each = prepared_; each != nullptr;
         each = static_cast<const inner*>(each->children[0]))
        if (count > 0) --count;
    for (; count > 0; --count) {
        inner* const made = make_inner();
        made->children[0] = prepared_;
        prepared_ = made;
    }
}

rank_tree::inner* rank_tree::take_prepared() noexcept {
    return std::exchange(prepared_, static_cast<inner*>(prepared_->children[0]));
}

void rank_tree::free_node(void* node, unsigned level) noexcept {
    --(level == 0 ? leaves_ : inner_nodes_);
    counted::release(node);
}

void rank_tree::free_tree(void* node, unsigned level) noexcept {
    if (level > 0) {
        const inner& here = *static_cast<inner*>(node);
        for (std::uint32_t i = 0; i < here.count; ++i)
            free_tree(here.children[i], level - 1);
    }
    free_node(node, level);
}

rank_tree::rank_tree() : root_{make_leaf()} {}

rank_tree::~rank_tree() {
    while (prepared_ != nullptr)
        free_node(take_prepared(), 1);
    free_tree(root_, height_);
}

const rank_tree::leaf* rank_tree::leaf_at(std::size_t& rank) const noexcept {
    const void* node = root_;
    for (unsigned level = height_; level > 0; --level) {
        const inner& here = *static_cast<const inner*>(node);
        std::uint32_t child = 0;
        for (; rank >= here.sizes[child]; ++child)
            rank -= here.sizes[child];
        node = here.children[child];
    }
    return static_cast<const leaf*>(node);
}

// -- Insertion --------------------------------------------------------------------------------

void rank_tree::insert(const item& added) {
    if (void* const right = insert_below(root_, height_, added, {})) {
        inner* const top = take_prepared();
        top->insert(0, root_, first_of(root_, height_), size_of(root_, height_));
        top->insert(1, right, first_of(right, height_), size_of(right, height_));
        root_ = top;
        ++height_;
    }
    ++size_;
}

// Returns the node, right of the one given, that had to be made, or null.
void* rank_tree::insert_below(void* node, unsigned level, const item& added, edges where) {
    if (level == 0) return insert_into(*static_cast<leaf*>(node), added, where);
    inner& here = *static_cast<inner*>(node);
    const std::uint32_t child =
        here.last_child([&](const item& other) { return less(other, added); });
    const edges below{where.first && child == 0, where.last && child + 1 == here.count,
                      here.count == inner_width ? where.to_make + 1 : 0};
    void* const grown = here.children[child];
    void* const right = insert_below(grown, level - 1, added, below);
    if (child == 0) here.set_first(0, first_of(grown, level - 1));
    if (right == nullptr) [[likely]] {
        ++here.sizes[child];
        return nullptr;
    }
    here.sizes[child] = size_of(grown, level - 1);
    const item first = first_of(right, level - 1);
    const std::uint32_t size = size_of(right, level - 1);
    if (here.count < inner_width) {
        here.insert(child + 1, right, first, size);
        return nullptr;
    }
    inner* const half = take_prepared();
    const std::uint32_t middle = split_point(here.count, child + 1, false, below.last);
    here.give(middle, *half);
    if (child + 1 <= middle && middle < inner_width)
        here.insert(child + 1, right, first, size);
    else
        half->insert(child + 1 - middle, right, first, size);
    return half;
}

void* rank_tree::insert_into(leaf& here, const item& added, edges where) {
    std::uint32_t at = here.count_while([&](const item& other) { return less(other, added); });
    if (here.count < leaf_width) [[likely]] {
        open_gap(here.items, here.count, at);
        here.items[at] = added;
        ++here.count;
        return nullptr;
    }
    prepare_inner(where.to_make);
    leaf* const right = make_leaf();
    right->previous = &here;
    right->next = here.next;
    if (here.next != nullptr) here.next->previous = right;
    here.next = right;
    const std::uint32_t middle = split_point(here.count, at, where.first, where.last);
    right->count = here.count - middle;
    std::copy_n(here.items + middle, right->count, right->items);
    here.count = middle;
    leaf& home = at <= middle && middle < leaf_width ? here : *right;
    if (&home == right) at -= middle;
    open_gap(home.items, home.count, at);
    home.items[at] = added;
    ++home.count;
    return right;
}

// -- Removal ----------------------------------------------------------------------------------

void rank_tree::erase(const item& gone) {
    erase_below(root_, height_, gone);
    --size_;
    while (height_ > 0 && static_cast<inner*>(root_)->count <= 1) {
        void* const top = root_;
        root_ = static_cast<inner*>(top)->children[0];
        free_node(top, height_--);
    }
}

void rank_tree::erase_below(void* node, unsigned level, const item& gone) noexcept {
    if (level == 0) {
        leaf& here = *static_cast<leaf*>(node);
        const std::uint32_t at =
            here.count_while([&](const item& other) { return less(other, gone); });
        close_gap(here.items, here.count, at);
        --here.count;
        return;
    }
    inner& here = *static_cast<inner*>(node);
    const std::uint32_t child =
        here.last_child([&](const item& other) { return !less(gone, other); });
    void* const below = here.children[child];
    erase_below(below, level - 1, gone);
    --here.sizes[child];
    const std::uint32_t width = level == 1 ? leaf_width : inner_width;
    const std::uint32_t left = count_of(below, level - 1);
    if (left != 0 && here.members[child] == gone.member)
        here.set_first(child, first_of(below, level - 1));
    if (left < width / 4) [[unlikely]]
        join_neighbours(here, child, level - 1);
}

void rank_tree::unlink(leaf& gone) noexcept {
    if (gone.previous != nullptr) gone.previous->next = gone.next;
    if (gone.next != nullptr) gone.next->previous = gone.previous;
}

// Puts a child that has become small together with the one beside it, if then there is still room
// for more; an empty one goes. It is of `level`.
void rank_tree::join_neighbours(inner& parent, std::uint32_t child, unsigned level) noexcept {
    void* const small = parent.children[child];
    if (count_of(small, level) == 0) {
        // The last child of all stays, empty, until the parent's parent takes both away; an only
        // leaf may.
        if (level == 0) unlink(*static_cast<leaf*>(small));
        free_node(small, level);
        parent.erase(child);
        return;
    }
    const std::uint32_t most = (level == 0 ? leaf_width : inner_width) / 4 * 3;
    for (const std::uint32_t left : {child - 1, child}) {
        if (left + 1 == 0 || left + 1 >= parent.count) continue;
        void* const to = parent.children[left];
        void* const from = parent.children[left + 1];
        if (count_of(to, level) + count_of(from, level) > most) continue;
        if (level == 0) {
            leaf& kept = *static_cast<leaf*>(to);
            leaf& emptied = *static_cast<leaf*>(from);
            std::copy_n(emptied.items, emptied.count, kept.items + kept.count);
            kept.count += emptied.count;
            unlink(emptied);
        } else {
            static_cast<inner*>(from)->give(0, *static_cast<inner*>(to));
        }
        parent.sizes[left] += parent.sizes[left + 1];
        free_node(from, level);
        parent.erase(left + 1);
        return;
    }
}

void rank_tree::move(const item& old, double score) {
    insert({score, old.member}); // first, as it may fail
    erase(old);
}

} // namespace mini_redis
