#include "store/member_table.hpp"

#include <utility>

namespace mini_redis {

member_table::member_table(std::size_t expected) {
    while (depth_ < prefix_bits && expected >> depth_ > lowest_segment_limit)
        ++depth_;
    const std::size_t each = expected >> depth_;
    directory_.reserve(std::size_t{1} << depth_);
    try {
        for (std::uint32_t number = 0; number < 1U << depth_; ++number) {
            auto made = std::make_unique<segment>();
            made->number = number;
            made->depth = depth_;
            // As full as tables are that have grown, so that they will not all grow at once.
            if (expected != 0)
                made->members.reserve(each + each / 16 + made->its_share(each * 7 / 16));
            directory_.push_back(made.release());
        }
    } catch (...) {
        for (const segment* const made : directory_)
            delete made;
        throw;
    }
}

member_table::~member_table() {
    segment* last = nullptr;
    for (segment* const each : directory_) // those of one segment stand together
        if (std::exchange(last, each) != each) delete each;
}

entry& member_table::insert(const hashed_key& name, entry_ptr added) {
    segment* home = &segment_of(name.hash);
    if (home->members.size() >= home->limit() && home->depth < prefix_bits) {
        split(*home);
        home = &segment_of(name.hash);
    }
    entry& made = *added;
    home->members.insert(name.hash, std::move(added));
    ++size_;
    return made;
}

entry_ptr member_table::replace(slot& place, entry_ptr with) noexcept {
    return segment_of(hash_key(with->key())).members.replace(place, std::move(with));
}

entry_ptr member_table::take(slot& place, const hashed_key& name) noexcept {
    table& members = segment_of(name.hash).members;
    entry_ptr taken = members.take(place, name.hash);
    members.shrink_if_sparse();
    --size_;
    return taken;
}

void member_table::split(segment& full) {
    if (full.depth == depth_) {
        directory doubled(directory_.size() * 2);
        for (std::size_t i = 0; i < doubled.size(); ++i)
            doubled[i] = directory_[i / 2];
        directory_ = std::move(doubled);
        ++depth_;
    }
    auto upper = std::make_unique<segment>();
    table lower = table::ordered_as(full.members); // for the sake of those who scan
    const std::size_t half = full.members.size() / 2;
    lower.reserve(half + half / 4);
    upper->members.reserve(half + half / 4);
    upper->depth = full.depth + 1;
    upper->number = full.number * 2 + 1;
    full.members.drain([&](entry_ptr member) {
        const std::uint64_t hash = hash_key(member->key());
        const bool is_upper = (hash >> (63 - full.depth) & 1) != 0;
        (is_upper ? upper->members : lower).insert(hash, std::move(member));
    });
    full.members = std::move(lower);
    full.depth = upper->depth;
    full.number *= 2;
    const std::uint32_t first = upper->first_prefix() >> (prefix_bits - depth_);
    const std::uint32_t count = upper->prefixes() >> (prefix_bits - depth_);
    segment* const added = upper.release();
    for (std::uint32_t i = 0; i < count; ++i)
        directory_[first + i] = added;
}

entry& member_table::pick(std::uint64_t random) const noexcept {
    // The segment by the number of its members, the member by what is left of the random number.
    std::size_t draw = random % size_;
    const segment* chosen = nullptr;
    for_each_segment([&](const segment& each) {
        if (chosen != nullptr) return;
        if (draw < each.members.size())
            chosen = &each;
        else
            draw -= each.members.size();
    });
    return *chosen->members.pick(random * 0x9e3779b97f4a7c15 + 1);
}

std::size_t member_table::memory() const noexcept {
    std::size_t total = sizeof *this + directory_.capacity() * sizeof(segment*);
    std::size_t sampled = 0;
    std::size_t sampled_bytes = 0;
    for_each_segment([&](const segment& each) {
        total += sizeof each + each.members.memory();
        constexpr std::size_t enough = 16;
        for (std::uint64_t position = 0; position != table::end_position && sampled < enough;)
            position = each.members.visit_from(position, [&](const entry& member) {
                ++sampled;
                sampled_bytes += member.memory();
            });
    });
    return sampled == 0 ? total : total + sampled_bytes * size_ / sampled;
}

std::unique_ptr<collection> member_table::clone() const {
    // Segment by segment, in the same order: nothing is split, and nothing grows.
    auto copy = std::make_unique<member_table>();
    delete std::exchange(copy->directory_, {}).front();
    copy->directory_.reserve(directory_.size());
    copy->depth_ = depth_;
    for_each_segment([&](const segment& each) {
        auto made = std::make_unique<segment>();
        made->members = table::ordered_as(each.members);
        made->members.reserve(each.members.size());
        made->number = each.number;
        made->depth = each.depth;
        each.members.for_each_while([&](const entry& member) {
            made->members.insert(hash_key(member.key()),
                                 entry::clone(member, member.key(), std::nullopt));
            return true;
        });
        copy->directory_.insert(copy->directory_.end(), each.prefixes() >> (prefix_bits - depth_),
                                made.get());
        made.release();
    });
    copy->size_ = size_;
    return copy;
}

} // namespace mini_redis
